"""The credential container of one person: what is remembered, and the keystore that signs for it.

    passkeys     create, sign, rename, remove; here
    Hello keys   beside them, and found by no site
    the PIN      set, changed, wrong, used up, given back: `pins`
    enrolments   identity providers, and what they have certified about this chip: `enrolments`

Every change is on the disk before the method that made it returns, so what was
answered is never forgotten: a sign counter, too, is written before its signature
leaves. Methods block; the daemon calls one at a time, on a thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from keystead_core.tpm.pin_index import UnlockRequest

from keystead_agent.container.enrolments import Enrolments
from keystead_agent.container.errors import HelloKeyExists, PasskeyUnknown
from keystead_agent.container.machine import UNKNOWN, Machine
from keystead_agent.container.pin_rules import PinRules
from keystead_agent.container.pins import Pins
from keystead_agent.container.records import Account, Contents, Kind, Passkey, Provider, Traits
from keystead_agent.container.vault import Vault
from keystead_agent.keystore.interface import (
    Clock,
    Entropy,
    Gate,
    GesturePass,
    Guard,
    KeyBlob,
    Keystore,
    NewKey,
    Opening,
    PinHash,
    ToSign,
    Tries,
    UnlockKey,
)

CREDENTIAL_ID_BYTES: Final = 32
A_PASSKEY: Final = Traits()


class Container:
    """Open it once; then it is the only writer of its file.

    Raises, on opening:
        FileNotPrivate: others may read or write the file or its directory.
        OtherMachine: it was made with another keystore.
        ContainerTampered: something else has written into it.
    """

    def __init__(
        self,
        directory: Path,
        keystore: Keystore,
        clock: Clock,
        entropy: Entropy,
        rules: PinRules | None = None,
        machine: Machine = UNKNOWN,
    ) -> None:
        self._vault = Vault(directory, keystore, machine)
        self._pins = Pins(self._vault, rules or PinRules(), clock)
        self.enrolments = Enrolments(self._vault, clock, rules or PinRules())
        self._clock = clock
        self._entropy = entropy

    @property
    def keystore(self) -> Keystore:
        return self._vault.keystore

    @property
    def pin_minimum(self) -> int:
        return self._pins.minimum

    @property
    def pin_changes(self) -> int:
        """How often the PIN was set, changed or deleted since this was opened: what was approved before is void."""
        return self._pins.changes

    @property
    def gesture_pass(self) -> GesturePass | None:
        """What a verified finger or face opens the keys with; None until a PIN was typed, and after `void_approvals`."""
        return self._pins.gesture_pass

    def admit_gestures(self, typed: str) -> None:
        """See `Pins.admit_gestures`."""
        self._pins.admit_gestures(typed)

    def void_approvals(self) -> None:
        """What was approved before is void, and the next approval is a PIN: the session was locked, say."""
        self._pins.void_approvals()

    @property
    def has_pin(self) -> bool:
        return self._pins.is_set

    @property
    def guard(self) -> Guard | None:
        """What counts wrong PINs; None while there is no PIN."""
        contents = self._vault.contents
        return self.keystore.guard(contents.gate) if contents and contents.gate else None

    @property
    def providers(self) -> tuple[Provider, ...]:
        return self.enrolments.providers

    @property
    def passkeys(self) -> tuple[Passkey, ...]:
        """The one that was used last comes last."""
        return self._of(Kind.PASSKEY)

    @property
    def hello_keys(self) -> tuple[Passkey, ...]:
        """Keys of accounts at their own identity providers, one for each; nothing here that a site can ask finds them."""
        return self._of(Kind.HELLO)

    def _of(self, kind: Kind) -> tuple[Passkey, ...]:
        kept = self._vault.contents.passkeys if self._vault.contents else ()
        return tuple(key for key in kept if key.kind is kind)

    def refuse_beside_hello(self, rp_id: str, user_handle: bytes) -> None:
        """Raises HelloKeyExists: no passkey is made for an account that has a Hello key here."""
        if any((key.rp_id, key.user_handle) == (rp_id, user_handle) for key in self.hello_keys):
            raise HelloKeyExists(rp_id)

    def passkeys_for(self, rp_id: str) -> tuple[Passkey, ...]:
        return tuple(passkey for passkey in self.passkeys if passkey.rp_id == rp_id)

    def passkey(self, credential_id: bytes) -> Passkey:
        """Raises PasskeyUnknown."""
        for passkey in self.passkeys:
            if passkey.credential_id == credential_id:
                return passkey
        raise PasskeyUnknown

    def admit_pin(self, typed: str) -> None:
        """Raises PinUnfit if the rules do not allow *typed* as a new PIN."""
        self._pins.admit(typed)

    def set_pin(self, typed: str) -> None:
        """Raises PinAlreadySet, PinUnfit."""
        self._pins.set(typed)

    def check_pin(self, typed: str | PinHash) -> None:
        """Return if *typed* is the PIN. Raises PinNotSet, GestureRefused, PinLocked."""
        self._pins.check(typed)

    def change_pin(self, *, old: str | PinHash, new: str) -> None:
        """Raises PinNotSet, PinUnfit, and GestureRefused or PinLocked if *old* is not the PIN."""
        self._pins.change(old=old, new=new)

    def entrust(self, unlock: UnlockKey | None, typed: str) -> None:
        """Let an identity provider give tries back; see `Pins.entrust`."""
        self._pins.entrust(unlock, typed)

    def settle_unlock(self, typed: str) -> None:
        """See `Pins.settle_unlock`."""
        self._pins.settle_unlock(typed)

    def tries(self) -> Tries:
        """How many wrong PINs are still possible; raises PinNotSet, PinPaused, PinBlocked."""
        return self._pins.tries()

    def counted_tries(self) -> Tries:
        """The same as the keystore alone counts it, for who only looks; without a PIN, what the keystore allows."""
        contents = self._vault.contents
        return self.keystore.tries(contents.gate if contents else None)

    def leftovers(self) -> int:
        """How many former PINs the keystore still knows something of: they open nothing, and take up room."""
        contents = self._vault.contents
        return self.keystore.leftovers(contents.foundation, contents.gate) if contents else 0

    def begin_unlock(self, typed: str | None = None) -> UnlockRequest:
        """What the identity provider has to sign; see `Pins.begin_unlock`."""
        return self._pins.begin_unlock(typed)

    def finish_unlock(self, signature: bytes) -> None:
        """Raises UnlockRefused."""
        self._pins.finish_unlock(signature)

    def create(
        self,
        rp_id: str,
        account: Account,
        typed: str | Opening,
        to_sign: Callable[[bytes], ToSign] | None,
        traits: Traits = A_PASSKEY,
        *,
        certified: bool = False,
    ) -> tuple[Passkey, NewKey]:
        """Make a passkey and remember it.

        Args:
            to_sign: given the credential id, makes what the new key is to sign.
            certified: the attestation key certifies it instead.

        Raises:
            HelloKeyExists: the account has one here, and needs no passkey; a Hello key may come beside a passkey.
            PinNotSet, PinDue, GestureRefused, PinLocked: nothing was made.
            NoChip: *certified*, and there is none.
        """
        if traits.kind is Kind.PASSKEY:
            self.refuse_beside_hello(rp_id, account.user_handle)
        self._pins.require_good(typed)
        by = self.enrolments.attestation_key() if certified else None
        credential_id = self._entropy(CREDENTIAL_ID_BYTES)
        wanted = to_sign(credential_id) if to_sign else None

        def make(contents: Contents, gate: Gate, pin: Opening) -> tuple[KeyBlob, NewKey]:
            hmac_key = KeyBlob(b"")
            if traits.hmac_secret:
                hmac_key = self.keystore.create_hmac_key(contents.foundation, gate, pin)
            return hmac_key, self.keystore.create_key(contents.foundation, gate, pin, wanted, by)

        secret, made = self._pins.opened(typed, make)
        passkey = Passkey(
            credential_id=credential_id,
            rp_id=rp_id,
            user_handle=account.user_handle,
            name=account.name,
            display_name=account.display_name,
            created_at=self._clock(),
            key=made.blob,
            x=made.public.x,
            y=made.public.y,
            protection=traits.protection,
            discoverable=traits.discoverable,
            secret=secret,
            kind=traits.kind,
        )
        self._vault.save(self._vault.gated()[0].with_passkey(passkey).with_ladder(self._pins.ladder_after(typed)))
        return passkey, made

    def sign(self, credential_id: bytes, typed: str | Opening, digest_for: Callable[[int], bytes]) -> tuple[int, bytes]:
        """Return the new sign counter and a signature over what *digest_for* makes of it.

        Raises:
            PasskeyUnknown, PinNotSet, PinDue, GestureRefused, PinLocked: nothing was signed.
        """
        self._pins.require_good(typed)
        passkey = self.passkey(credential_id)
        used = replace(passkey, sign_count=passkey.sign_count + 1)
        digest = digest_for(used.sign_count)

        def sign(contents: Contents, gate: Gate, pin: Opening) -> bytes:
            return self.keystore.sign(contents.foundation, gate, passkey.key, pin, digest)

        signature = self._pins.opened(typed, sign)
        # Before the signature leaves: a counter that was shown to a site must never be shown again.
        self._vault.save(self._vault.gated()[0].with_passkey(used).with_ladder(self._pins.ladder_after(typed)))
        return used.sign_count, signature

    def secrets(self, credential_id: bytes, typed: str | Opening, salts: Sequence[bytes]) -> list[bytes]:
        """Return one secret of 32 bytes for each of *salts*, always the same for the same salt.

        Raises:
            PasskeyUnknown: or this one was made without such a secret.
            PinNotSet, GestureRefused, PinLocked
        """
        key = self.passkey(credential_id).secret
        if not key:
            raise PasskeyUnknown

        def derive(contents: Contents, gate: Gate, pin: Opening) -> list[bytes]:
            return self.keystore.hmac(contents.foundation, gate, key, pin, salts)

        self._pins.require_good(typed)
        secrets = self._pins.opened(typed, derive)
        if not isinstance(typed, GesturePass):
            self._pins.forget_failures()
        return secrets

    def rename(self, credential_id: bytes, name: str, display_name: str) -> None:
        """Raises PasskeyUnknown."""
        renamed = replace(self.passkey(credential_id), name=name, display_name=display_name)
        contents = self._vault.begun()
        # In its place: their order says which one was used last.
        passkeys = tuple(renamed if one.credential_id == credential_id else one for one in contents.passkeys)
        self._vault.save(replace(contents, passkeys=passkeys))

    def reset(self) -> None:
        """Delete every passkey and the PIN. What is enrolled stays: that is the administrator's word, not the person's."""
        contents = self._vault.contents
        if contents is not None:
            self._pins.remove(replace(contents, passkeys=()))

    def remove(self, credential_id: bytes) -> None:
        """Raises PasskeyUnknown."""
        passkey = self.passkey(credential_id)
        self._vault.save(self._vault.begun().without_passkeys({passkey.credential_id}))

    def remove_hello(self, credential_id: bytes) -> None:
        """Its account may have a passkey here again; raises PasskeyUnknown."""
        if all(key.credential_id != credential_id for key in self.hello_keys):
            raise PasskeyUnknown
        self._vault.save(self._vault.begun().without_passkeys({credential_id}))

    def snapshot(self) -> Contents | None:
        return self._vault.contents

    def put_back(self, contents: Contents | None) -> None:
        """Undo what was done to passkeys since *contents* was the snapshot: its result reached nobody.

        The PIN, its gate and its count of failures are what they are now.
        """
        present = self._vault.contents
        if contents is not None and present is not None and contents is not present:
            self._vault.save(replace(present, passkeys=contents.passkeys))
