"""What a keystore can refuse, each for a reason that a person would do something different about."""

from datetime import timedelta


class KeystoreError(Exception):
    code = "keystore_error"


class GestureRefused(KeystoreError):
    """The PIN is wrong, and the keystore has counted it."""

    code = "pin_wrong"

    def __init__(self, tries_left: int) -> None:
        noun = "try is" if tries_left == 1 else "tries are"
        super().__init__(f"That PIN is not right. {tries_left} {noun} left.")
        self.tries_left = tries_left


class PhraseWanted(GestureRefused):
    """Several wrong PINs in a row: before the next one is looked at, the person types a phrase."""

    code = "pin_phrase_wanted"

    def __init__(self, phrase: str, tries_left: int) -> None:
        super().__init__(tries_left)
        self.args = (f"Several wrong PINs. To go on, type {phrase} in place of the PIN.",)


class PhraseTyped(GestureRefused):
    """The phrase was right; it was no PIN, and nothing was counted."""

    code = "pin_phrase_typed"

    def __init__(self, tries_left: int) -> None:
        super().__init__(tries_left)
        self.args = ("Thank you. Now type your PIN.",)


class GesturePassVoid(KeystoreError):
    """What a finger or a face opened is closed: the PIN was changed, the session was locked, the chip started anew."""

    code = "gesture_pass_void"

    def __init__(self) -> None:
        super().__init__("Type your PIN once; after that, a fingerprint or a face will do again.")


class PinLocked(KeystoreError):
    """Too many wrong PINs: not even the right one is looked at."""

    code = "pin_locked"

    def __init__(self, back_after: timedelta) -> None:
        seconds = int(back_after.total_seconds())
        super().__init__(f"Too many wrong PINs. One more try is given back after at most {_spoken(seconds)}.")
        self.back_after = back_after


class PinPaused(PinLocked):
    """Many wrong PINs in a row: no PIN is looked at for a while."""

    code = "pin_paused"

    def __init__(self, back_after: timedelta) -> None:
        super().__init__(back_after)
        self.args = (f"Too many wrong PINs in a row. Try again in {_spoken(_whole_seconds(back_after))}.",)


class PinBlocked(KeystoreError):
    """Too many wrong PINs, and only the identity provider can allow more."""

    code = "pin_blocked"

    def __init__(self) -> None:
        super().__init__(
            "Too many wrong PINs. Sign in at your identity provider in another way, and unlock this computer there."
        )


class PinIndexLost(KeystoreError):
    """The chip's record of wrong PINs was deleted or replaced, by something with the owner's rights."""

    code = "pin_index_lost"

    def __init__(self) -> None:
        super().__init__(
            "The chip's record of wrong PINs is gone: something else on this computer deleted it. "
            "Unlock this computer at your identity provider; you will be asked for your PIN."
        )


class UnlockRefused(KeystoreError):
    """No unlock is under way, or the chip does not accept the statement."""

    code = "unlock_refused"


class ActivationRefused(KeystoreError):
    """The server's credential is for another attestation key, or for another chip."""

    code = "activation_refused"

    def __init__(self) -> None:
        super().__init__("The server's challenge was made for another security chip, or for another key of it.")


class NoChip(KeystoreError):
    """Only a TPM can do that."""

    code = "no_chip"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} needs a TPM, and these keys are in a file.")


class TpmCleared(KeystoreError):
    """It is the same chip, and its owner has had it forget everything."""

    code = "tpm_cleared"

    def __init__(self) -> None:
        super().__init__(
            "This computer's security chip was cleared (in the firmware's menu, or by a system being installed), "
            "and your passkeys went with it. Register a new passkey on this computer."
        )


class OtherMachine(KeystoreError):
    """The container was made with another keystore: its file was copied from another system."""

    code = "other_machine"

    def __init__(self) -> None:
        super().__init__(
            "These passkeys were made by another computer's security chip (or this one's was replaced or cleared), "
            "and they work only there. Register a new passkey on this computer."
        )


class ChipExchanged(OtherMachine):
    """It is the same installed system, and the chip beside it is another."""

    code = "chip_exchanged"

    def __init__(self) -> None:
        super().__init__()
        self.args = (
            "These passkeys were made on this system by another security chip: the chip or the mainboard was replaced, "
            "or this disk was put, or copied, into another computer. They work only with that chip. "
            "Register a new passkey on this computer.",
        )


class MachineCloned(OtherMachine):
    """It is the same installed system in a virtual machine that has another chip."""

    code = "machine_cloned"

    def __init__(self) -> None:
        super().__init__()
        self.args = (
            "This virtual machine is a copy of the one whose security chip made these passkeys, or was given another "
            "chip. They work only with the first one. Register a new passkey on this machine.",
        )


class KeystoreUnavailable(KeystoreError):
    """The chip is not there, or does not answer."""

    code = "keystore_unavailable"


class KeystoreUnusable(KeystoreError):
    """The chip answers and refuses what we need."""

    code = "keystore_unusable"


def _whole_seconds(duration: timedelta) -> int:
    return -(-duration // timedelta(seconds=1))


def _spoken(seconds: int) -> str:
    if seconds < 120:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 7200 else f"{round(seconds / 3600)} hours"
