"""What a TPM says about itself: who made it, and how it defends against guessing."""

from datetime import timedelta
from typing import Final

from keystead_core.tpm import commands
from keystead_core.tpm.codes import Property

from keystead_agent.keystore.bus import Bus
from keystead_agent.keystore.interface import Description, Tries

_OWNER_AUTH_SET: Final = 1 << 0
_ENDORSEMENT_AUTH_SET: Final = 1 << 1
_LOCKOUT_AUTH_SET: Final = 1 << 2
_MANY_TRIES: Final = 32
_SHORT_WAIT: Final = timedelta(minutes=1)


def read_tries(bus: Bus) -> Tries:
    facts = _properties(bus, Property.LOCKOUT_COUNTER)
    failed, limit = facts[Property.LOCKOUT_COUNTER], facts[Property.MAX_AUTH_FAIL]
    return Tries(max(limit - failed, 0), limit, timedelta(seconds=facts[Property.LOCKOUT_INTERVAL]))


def describe(bus: Bus) -> Description:
    facts = _properties(bus, Property.MANUFACTURER)
    maker = _text(facts[Property.MANUFACTURER])
    model = _text(facts[Property.VENDOR_STRING_1]) + _text(facts[Property.VENDOR_STRING_2])
    first, second = facts[Property.FIRMWARE_VERSION_1], facts[Property.FIRMWARE_VERSION_2]
    firmware = ".".join(str(part) for part in (first >> 16, first & 0xFFFF, second >> 16, second & 0xFFFF))
    permanent = _properties(bus, Property.PERMANENT)[Property.PERMANENT]
    return Description(
        kind="tpm",
        label=f"TPM 2.0 ({maker} {model})".replace(" )", ")"),
        maker=maker,
        firmware=firmware,
        warnings=_warnings(permanent, read_tries(bus)),
    )


def _warnings(permanent: int, tries: Tries) -> tuple[str, ...]:
    """What we would do differently, said and not done: these settings belong to the whole machine."""
    warnings = []
    if not permanent & _LOCKOUT_AUTH_SET:
        warnings.append("The TPM's lockout password is empty: an administrator's program can reset the PIN counter.")
    if permanent & _OWNER_AUTH_SET:
        warnings.append(
            "The TPM's owner password is set: wrong PINs are then counted for everybody together, "
            "and no passkey can be made unless a root key is kept at 0x81000001."
        )
    if permanent & _ENDORSEMENT_AUTH_SET:
        warnings.append("The TPM's endorsement password is set: nobody can be shown that your keys are in it.")
    if tries.limit > _MANY_TRIES:
        warnings.append(f"The TPM allows {tries.limit} wrong PINs before it locks.")
    if tries.back_after < _SHORT_WAIT:
        seconds = int(tries.back_after.total_seconds())
        warnings.append(f"The TPM gives a try back every {seconds} seconds.")
    return tuple(warnings)


def _properties(bus: Bus, first: Property) -> dict[int, int]:
    return bus.run(commands.get_properties(first, 8))


def _text(packed: int) -> str:
    return packed.to_bytes(4, "big").rstrip(b"\0 ").decode("ascii", "replace")
