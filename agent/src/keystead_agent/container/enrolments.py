"""The identity providers of a container, and what they have certified about its chip.

providers          who may keep passkeys here
attestation key    vouches for new keys; one for all providers, made when it is first needed
proofs             a provider's certificate for that key, and what it said with it
"""

from dataclasses import replace

from keystead_agent.container.errors import ProviderChanged, ProviderUnknown
from keystead_agent.container.pin_rules import PinRules
from keystead_agent.container.records import Proof, Provider
from keystead_agent.container.vault import Vault
from keystead_agent.keystore.errors import UnlockRefused
from keystead_agent.keystore.values import AttestationIdentity, AttestationKey, Clock


class Enrolments:
    def __init__(self, vault: Vault, clock: Clock, own_rules: PinRules) -> None:
        self._vault = vault
        self._own_rules = own_rules
        self._clock = clock

    @property
    def providers(self) -> tuple[Provider, ...]:
        return self._vault.contents.providers if self._vault.contents else ()

    @property
    def proofs(self) -> tuple[Proof, ...]:
        return self._vault.contents.proofs if self._vault.contents else ()

    def enrol(self, provider: Provider) -> None:
        """Remember *provider*, or what is new about it.

        Raises:
            ProviderChanged: it is known under another relying-party id.
        """
        for known in self.providers:
            if known.issuer == provider.issuer and known.rp_id != provider.rp_id:
                raise ProviderChanged(provider.issuer, known.rp_id, provider.rp_id)
        self._vault.save(self._vault.begun().with_provider(provider))

    def unenrol(self, name: str) -> int:
        """Forget the providers called *name* (relying-party id, issuer or address), and the passkeys only they use.

        Raises:
            ProviderUnknown: there is none.
        """
        leaving = [provider for provider in self.providers if name in (provider.rp_id, provider.issuer, provider.url)]
        if not leaving:
            raise ProviderUnknown(name)
        contents = self._vault.begun()
        for provider in leaving:
            contents = contents.without_provider(provider.issuer)
        # Not every passkey is a provider's: the setting `security_key_sites` allows others.
        unserved = {provider.rp_id for provider in leaving} - {provider.rp_id for provider in contents.providers}
        orphans = {passkey.credential_id for passkey in contents.passkeys if passkey.rp_id in unserved}
        self._vault.save(contents.without_passkeys(orphans))
        return len(orphans)

    def keep_proof(self, proof: Proof) -> None:
        """Remember what an identity provider has certified, and said with it.

        Raises:
            PinRulesContradict: no PIN could be what it and the others ask for; what was kept before stays.
        """
        contents = self._vault.begun().with_proof(proof)
        contents.pin_rules(self._own_rules)
        self._vault.save(contents)

    def proof_of(self, issuer: str) -> Proof | None:
        return next((proof for proof in self.proofs if proof.issuer == issuer), None)

    def proof_for(self, rp_id: str, user_handle: bytes) -> Proof | None:
        """What counts now for a new passkey of the account *user_handle* at the site *rp_id*.

        Tenants of one server share its relying-party id, and neither the page's origin nor its options name one.
        They do name the account, and an account is one tenant's: the proof that was made in its name is meant. For
        an account in whose name none was, of several the one proven last.
        """
        issuers = {provider.issuer for provider in self.providers if provider.rp_id == rp_id}
        now = self._clock()
        valid = [proof for proof in self.proofs if proof.issuer in issuers and now < proof.expires_at]
        meant = [proof for proof in valid if proof.user_handle and proof.user_handle == user_handle]
        return next(reversed(meant or valid), None)

    def unlocker(self) -> tuple[Provider, Proof]:
        """Who gives tries back now.

        Raises:
            UnlockRefused: nobody does.
        """
        held = self._vault.contents.pin.unlock if self._vault.contents else None
        for proof in self.proofs:
            # After a rotation it is another key until a PIN was typed, for the same person on the same device.
            if held is not None and proof.unlock is not None and proof.unlock.person == held.person:
                return next(each for each in self.providers if each.issuer == proof.issuer), proof
        raise UnlockRefused("No identity provider has a say in this computer's count of wrong PINs.")

    def attestation_key(self) -> AttestationKey:
        """The one that is kept from now on; raises NoChip."""
        contents = self._vault.begun()
        if contents.attestation_key is not None:
            return contents.attestation_key
        key = self._vault.keystore.make_attestation_key(contents.foundation)
        self._vault.save(replace(contents, attestation_key=key))
        return key

    def forget_attestation_key(self) -> None:
        """The next one that is needed is made anew; what was certified for this one is of no use any more."""
        self._vault.save(self._vault.begun().without_attestation())

    def identity(self) -> AttestationIdentity:
        """Who this chip is, with its attestation key; raises NoChip."""
        key = self.attestation_key()
        return self._vault.keystore.attestation_identity(self._vault.begun().foundation, key)

    def activate(self, credential_blob: bytes, secret: bytes) -> bytes:
        """Raises NoChip, ActivationRefused."""
        key = self.attestation_key()
        return self._vault.keystore.activate(self._vault.begun().foundation, key, credential_blob, secret)
