"""The credential container of one person: what is remembered, and the keystore that signs for it.

Every change is on the disk before the method that made it returns, so what was
answered is never forgotten: a sign counter, too, is written before its signature
leaves. Methods block; the daemon calls one at a time, on a thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from keystead_agent.container.errors import PasskeyUnknown, PinAlreadySet, PinNotSet, ProviderChanged, ProviderUnknown
from keystead_agent.container.pin import PinRules, hash_pin
from keystead_agent.container.records import MAX_CONTAINER_BYTES, Contents, Passkey, Provider
from keystead_agent.container.sealing import SealedContents, seal_contents
from keystead_agent.keystore.interface import Clock, Entropy, Gate, KeyBlob, Keystore, NewKey, PinHash, ToSign, Tries
from keystead_agent.keystore.private_file import ensure_private_directory, read_private, write_private

FILE_NAME: Final = "container.cbor"
CREDENTIAL_ID_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Account:
    """Who a new passkey is for, in the site's words."""

    user_handle: bytes
    name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Traits:
    """What a site asks of a new passkey besides a signature (CTAP 2.1 §12.1, §12.5)."""

    protection: int = 1
    discoverable: bool = True
    hmac_secret: bool = False


class Container:
    """Open it once; then it is the only writer of its file.

    Raises, on opening:
        FileNotPrivate: others may read or write the file or its directory.
        OtherMachine: it was made with another keystore.
        ContainerTampered: something else has written into it.
    """

    def __init__(
        self, directory: Path, keystore: Keystore, clock: Clock, entropy: Entropy, rules: PinRules | None = None
    ) -> None:
        self._path = directory / FILE_NAME
        self._keystore = keystore
        self._clock = clock
        self._entropy = entropy
        self._rules = rules or PinRules()
        self._pin_changes = 0
        ensure_private_directory(directory)
        self._contents, self._integrity_key = self._read()

    @property
    def keystore(self) -> Keystore:
        return self._keystore

    @property
    def pin_minimum(self) -> int:
        return self._rules.minimum

    @property
    def pin_changes(self) -> int:
        """How often the PIN was set, changed or deleted since this was opened: what was approved before is void."""
        return self._pin_changes

    @property
    def has_pin(self) -> bool:
        return self._contents is not None and self._contents.gate is not None

    @property
    def providers(self) -> tuple[Provider, ...]:
        return self._contents.providers if self._contents else ()

    @property
    def passkeys(self) -> tuple[Passkey, ...]:
        """The one that was used last comes last."""
        return self._contents.passkeys if self._contents else ()

    def passkeys_for(self, rp_id: str) -> tuple[Passkey, ...]:
        return tuple(passkey for passkey in self.passkeys if passkey.rp_id == rp_id)

    def passkey(self, credential_id: bytes) -> Passkey:
        """Raises PasskeyUnknown."""
        for passkey in self.passkeys:
            if passkey.credential_id == credential_id:
                return passkey
        raise PasskeyUnknown

    def enrol(self, provider: Provider) -> None:
        """Remember *provider*, or what is new about it.

        Raises:
            ProviderChanged: it is known under another relying-party id.
        """
        for known in self.providers:
            if known.issuer == provider.issuer and known.rp_id != provider.rp_id:
                raise ProviderChanged(provider.issuer, known.rp_id, provider.rp_id)
        self._save(self._begun().with_provider(provider))

    def unenrol(self, name: str) -> int:
        """Forget the providers called *name* (relying-party id, issuer or address), and the passkeys only they use.

        Raises:
            ProviderUnknown: there is none.
        """
        leaving = [provider for provider in self.providers if name in (provider.rp_id, provider.issuer, provider.url)]
        if not leaving:
            raise ProviderUnknown(name)
        contents = self._begun()
        for provider in leaving:
            contents = contents.without_provider(provider.issuer)
        # Not every passkey is a provider's: the setting `security_key_sites` allows others.
        unserved = {provider.rp_id for provider in leaving} - {provider.rp_id for provider in contents.providers}
        orphans = {passkey.credential_id for passkey in contents.passkeys if passkey.rp_id in unserved}
        self._save(contents.without_passkeys(orphans))
        return len(orphans)

    def admit_pin(self, typed: str) -> None:
        """Raises PinUnfit if the rules do not allow *typed* as a new PIN."""
        self._rules.admit(typed)

    def set_pin(self, typed: str) -> None:
        """Raises PinAlreadySet, PinUnfit."""
        if self.has_pin:
            raise PinAlreadySet
        pin = self._rules.admit(typed)
        contents = self._begun()
        self._save(contents.with_gate(self._keystore.make_gate(contents.foundation, pin)))
        self._pin_changes += 1

    def counted_tries(self) -> Tries:
        """The same as the keystore alone counts it, for who only looks; without a PIN, what the keystore allows."""
        return self.keystore.tries(self._contents.gate if self._contents else None)

    def check_pin(self, typed: str | PinHash) -> None:
        """Return if *typed* is the PIN. Raises PinNotSet, GestureRefused, PinLocked."""
        contents, gate = self._gated()
        self._keystore.check(contents.foundation, gate, hash_pin(typed))

    def change_pin(self, *, old: str | PinHash, new: str) -> None:
        """Raises PinNotSet, PinUnfit, and GestureRefused or PinLocked if *old* is not the PIN."""
        contents, gate = self._gated()
        pin = self._rules.admit(new)
        changed = self._keystore.change_gate(contents.foundation, gate, old=hash_pin(old), new=pin)
        self._save(contents.with_gate(changed))
        self._pin_changes += 1

    def create(
        self,
        rp_id: str,
        account: Account,
        typed: str | PinHash,
        to_sign: Callable[[bytes], ToSign] | None,
        traits: Traits = Traits(),
    ) -> tuple[Passkey, NewKey]:
        """Make a passkey and remember it.

        Args:
            to_sign: given the credential id, makes what the new key is to sign.

        Raises:
            PinNotSet, GestureRefused, PinLocked: nothing was made.
        """
        contents, gate = self._gated()
        credential_id = self._entropy(CREDENTIAL_ID_BYTES)
        wanted = to_sign(credential_id) if to_sign else None
        pin = hash_pin(typed)
        secret = self._keystore.create_hmac_key(contents.foundation, gate, pin) if traits.hmac_secret else KeyBlob(b"")
        made = self._keystore.create_key(contents.foundation, gate, pin, wanted)
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
        )
        self._save(contents.with_passkey(passkey))
        return passkey, made

    def sign(self, credential_id: bytes, typed: str | PinHash, digest_for: Callable[[int], bytes]) -> tuple[int, bytes]:
        """Return the new sign counter and a signature over what *digest_for* makes of it.

        Raises:
            PasskeyUnknown, PinNotSet, GestureRefused, PinLocked: nothing was signed.
        """
        contents, gate = self._gated()
        passkey = self.passkey(credential_id)
        used = replace(passkey, sign_count=passkey.sign_count + 1)
        digest = digest_for(used.sign_count)
        signature = self._keystore.sign(contents.foundation, gate, passkey.key, hash_pin(typed), digest)
        # Before the signature leaves: a counter that was shown to a site must never be shown again.
        self._save(contents.with_passkey(used))
        return used.sign_count, signature

    def secrets(self, credential_id: bytes, typed: str | PinHash, salts: Sequence[bytes]) -> list[bytes]:
        """Return one secret of 32 bytes for each of *salts*, always the same for the same salt.

        Raises:
            PasskeyUnknown: or this one was made without such a secret.
            PinNotSet, GestureRefused, PinLocked
        """
        contents, gate = self._gated()
        key = self.passkey(credential_id).secret
        if not key:
            raise PasskeyUnknown
        return self._keystore.hmac(contents.foundation, gate, key, hash_pin(typed), salts)

    def rename(self, credential_id: bytes, name: str, display_name: str) -> None:
        """Raises PasskeyUnknown."""
        renamed = replace(self.passkey(credential_id), name=name, display_name=display_name)
        contents = self._begun()
        # In its place: their order says which one was used last.
        passkeys = tuple(renamed if one.credential_id == credential_id else one for one in contents.passkeys)
        self._save(replace(contents, passkeys=passkeys))

    def reset(self) -> None:
        """Delete every passkey and the PIN. What is enrolled stays: that is the administrator's word, not the person's."""
        if self._contents is not None:
            self._save(replace(self._contents, gate=None, passkeys=()))
            self._pin_changes += 1

    def remove(self, credential_id: bytes) -> None:
        """Raises PasskeyUnknown."""
        passkey = self.passkey(credential_id)
        self._save(self._begun().without_passkeys({passkey.credential_id}))

    def snapshot(self) -> Contents | None:
        return self._contents

    def put_back(self, contents: Contents | None) -> None:
        """Undo what was done since *contents* was the snapshot: its result reached nobody."""
        if contents is not None and contents is not self._contents:
            self._save(contents)

    def _read(self) -> tuple[Contents | None, bytes]:
        data = read_private(self._path, max_bytes=MAX_CONTAINER_BYTES)
        if data is None:
            return None, b""
        sealed = SealedContents.parse(data)
        integrity_key = self._keystore.integrity_key(sealed.foundation)
        return sealed.open(integrity_key), integrity_key

    def _begun(self) -> Contents:
        """The contents; those of a new container if this is the first change."""
        if self._contents is None:
            foundation = self._keystore.found()
            self._integrity_key = self._keystore.integrity_key(foundation)
            return Contents(foundation)
        return self._contents

    def _gated(self) -> tuple[Contents, Gate]:
        if self._contents is None or self._contents.gate is None:
            raise PinNotSet
        return self._contents, self._contents.gate

    def _save(self, contents: Contents) -> None:
        write_private(self._path, seal_contents(contents, self._integrity_key))
        self._contents = contents
