"""makeCredential and getAssertion (§6.1, §6.2) over the container.

The allow-list comes first, before a token is looked at and before anybody is
asked; then the token or the person; then the key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from keystead_core.ctap import replies
from keystead_core.ctap.commands import GetAssertion, MakeCredential, Permission
from keystead_core.ctap.status import CtapError, Status

from keystead_agent.authenticator import encoding, tpm_statement
from keystead_agent.authenticator.approval import Approval, not_approved
from keystead_agent.authenticator.ctap.consent import Consent, prove
from keystead_agent.authenticator.ctap.hmac_secret import Salts, open_salts
from keystead_agent.authenticator.ctap.session import Session
from keystead_agent.authenticator.errors import AlgorithmNotSupported, CredentialExcluded, NoPasskey
from keystead_agent.authenticator.options import ES256
from keystead_agent.container.container import Container
from keystead_agent.container.errors import HelloKeyExists
from keystead_agent.container.records import Account, Passkey, Traits
from keystead_agent.gesture.assuan import visible
from keystead_agent.gesture.interface import Cancelled, Prompt, Purpose
from keystead_agent.keystore.values import NewKey, Opening, PublicPoint, ToSign

MOST_PASSKEYS: Final = 256
_EXCLUDED: Final = "This computer has a passkey for this account already. Tell the site so?"


@dataclass(frozen=True, slots=True)
class Credentials:
    approval: Approval
    session: Session
    requester: str

    @property
    def _container(self) -> Container:
        return self.approval.container

    async def make(self, wanted: MakeCredential) -> bytes:
        """Raises CtapError, AuthenticatorError, ContainerError, KeystoreError; then nothing was made."""
        rp_id = self.session.sites.admit(self._container.providers, wanted.rp_id)
        if ES256 not in wanted.algorithms:
            raise AlgorithmNotSupported
        prompt = Prompt(Purpose.CREATE, rp_id, wanted.user.name, self.requester)
        consent = await self._proof(prompt, Permission.MAKE_CREDENTIAL, wanted)
        await self._refuse_beside_hello(wanted, consent)
        here = {passkey.credential_id for passkey in self._container.passkeys_for(rp_id)}
        if not here.isdisjoint(wanted.exclude):
            if not consent.shows_person:
                await consent.confirm(_EXCLUDED)
            raise CredentialExcluded
        if len(self._container.passkeys) >= MOST_PASSKEYS:
            raise CtapError(Status.KEY_STORE_FULL, f"{MOST_PASSKEYS} passkeys")
        if consent.token is not None and not consent.shows_person:
            await consent.confirm(f"Create a passkey for {visible(wanted.user.name)} at {rp_id} on this computer?")
        return await self._create(wanted, consent)

    async def _refuse_beside_hello(self, wanted: MakeCredential, consent: Consent) -> None:
        try:
            self._container.hello.refuse_beside(wanted.rp_id, wanted.user.id)
        except HelloKeyExists as refused:
            # The reason is told here, in full: the status that the client gets has no words. As for an excluded
            # one, a site learns of it only from who may say so.
            await consent.confirm(f"{refused} Tell the site so?")
            raise

    async def get(self, wanted: GetAssertion) -> bytes:
        """Raises CtapError, AuthenticatorError, ContainerError, KeystoreError; then nothing was signed."""
        rp_id = self.session.sites.admit(self._container.providers, wanted.rp_id)
        prompt = Prompt(Purpose.SIGN_IN, rp_id, requester=self.requester)
        consent = await self._proof(prompt, Permission.GET_ASSERTION, wanted)
        is_verified = wanted.user_present or consent.token is not None
        candidates = self._candidates(wanted, is_verified=is_verified)
        if not candidates:
            raise NoPasskey(rp_id)
        if not wanted.user_present:
            return self._silent(wanted, candidates[0])
        salts = open_salts(self.session, wanted.hmac_secret) if wanted.hmac_secret else None
        passkey, was_chosen = await self._choose(candidates, wanted, prompt)
        if consent.token is not None and not consent.shows_person and not was_chosen:
            await consent.confirm(f"Sign in to {rp_id} as {visible(passkey.name)}?")
        return await self._sign(wanted, passkey, consent, salts, was_chosen=was_chosen)

    async def _proof(self, prompt: Prompt, permission: Permission, wanted: MakeCredential | GetAssertion) -> Consent:
        return await prove(
            self.approval, self.session, prompt, permission, wanted.authorisation, wanted.client_data_hash
        )

    async def _create(self, wanted: MakeCredential, consent: Consent) -> bytes:
        container, before = self._container, self._container.snapshot()
        account = Account(wanted.user.id, wanted.user.name, wanted.user.display_name or wanted.user.name)
        proof = container.enrolments.proof_for(wanted.rp_id, wanted.user.id)
        traits = Traits(wanted.cred_protect or 1, wanted.discoverable, wanted.hmac_secret)

        def create(pin: str | Opening) -> tuple[Passkey, NewKey]:
            to_sign, is_certified = self._statement(wanted), proof is not None
            return container.create(wanted.rp_id, account, pin, to_sign, traits, certified=is_certified)

        try:
            passkey, made = await consent.spend(account.name, create)
        except BaseException:
            # Its client is gone or will never hear of it.
            await self.approval.offload(lambda: container.put_back(before))
            raise
        data = self._registration(wanted, passkey.credential_id, passkey.public)
        if made.certification is not None and proof is not None:
            return replies.certified(data, tpm_statement.statement(made.certification, proof.chain))
        return replies.attestation(data, made.signature or b"")

    def _statement(self, wanted: MakeCredential) -> Callable[[bytes], ToSign]:
        def for_credential(credential_id: bytes) -> ToSign:
            def digest(public: PublicPoint) -> bytes:
                data = self._registration(wanted, credential_id, public)
                return encoding.digest_of(data, wanted.client_data_hash)

            return digest

        return for_credential

    def _registration(self, wanted: MakeCredential, credential_id: bytes, public: PublicPoint) -> bytes:
        outputs: dict[int | str | bytes, int | bool] = {}
        if wanted.cred_protect is not None:
            outputs["credProtect"] = wanted.cred_protect
        if wanted.hmac_secret:
            outputs["hmac-secret"] = True
        aaguid = self._container.keystore.aaguid
        return encoding.registration_data(wanted.rp_id, aaguid, credential_id, public, dict(outputs))

    def _candidates(self, wanted: GetAssertion, *, is_verified: bool) -> list[Passkey]:
        """The passkeys that may be named, the last used one first."""
        passkeys = reversed(self._container.passkeys_for(wanted.rp_id))
        if wanted.allow is None:
            allowed = [passkey for passkey in passkeys if passkey.discoverable]
        else:
            allowed = [passkey for passkey in passkeys if passkey.credential_id in wanted.allow]
        if is_verified:
            return allowed
        # §12.1: level 2 is found without verification by who names its id; level 3 never.
        most = 1 if wanted.allow is None else 2
        return [passkey for passkey in allowed if passkey.protection <= most]

    def _silent(self, wanted: GetAssertion, passkey: Passkey) -> bytes:
        """Say that there is one, as browsers ask before they bother anybody. Nothing is signed without a gesture."""
        if wanted.hmac_secret is not None:
            raise CtapError(Status.UNSUPPORTED_OPTION, "hmac-secret without a person")
        numbers = (int.from_bytes(self.session.entropy(31), "big") | 1 for _ in range(2))
        nobodys_signature = encode_dss_signature(*numbers)
        data = encoding.silent_data(wanted.rp_id)
        return replies.assertion(passkey.credential_id, data, nobodys_signature, None, was_chosen=False)

    async def _choose(self, candidates: list[Passkey], wanted: GetAssertion, prompt: Prompt) -> tuple[Passkey, bool]:
        # §6.2.2: from an allow-list, "select any credential"; we take the one that was used last.
        if len(candidates) == 1 or wanted.allow is not None:
            return candidates[0], False
        answer = await self.approval.gesture.choose(prompt, [passkey.name for passkey in candidates])
        if isinstance(answer, Cancelled):
            not_approved(answer)
        return candidates[answer], True

    async def _sign(
        self, wanted: GetAssertion, passkey: Passkey, consent: Consent, salts: Salts | None, *, was_chosen: bool
    ) -> bytes:
        container = self._container
        # A passkey that was made without hmac-secret has none to give, and says nothing about it.
        salts = salts if passkey.secret else None

        def sign(pin: str | Opening) -> tuple[bytes, bytes]:
            outputs: dict[int | str | bytes, bytes] = {}
            if salts is not None:
                secrets = container.secrets(passkey.credential_id, pin, salts.values)
                outputs["hmac-secret"] = salts.encrypt(secrets)
            unsigned = _Unsigned(passkey.rp_id, wanted.client_data_hash, outputs)
            count, signature = container.sign(passkey.credential_id, pin, unsigned.digest)
            return unsigned.data(count), signature

        data, signature = await consent.spend(passkey.name, sign)
        return replies.assertion(passkey.credential_id, data, signature, passkey.user_handle, was_chosen=was_chosen)


@dataclass(frozen=True, slots=True)
class _Unsigned:
    rp_id: str
    client_data_hash: bytes
    outputs: dict[int | str | bytes, bytes]

    def data(self, sign_count: int) -> bytes:
        return encoding.assertion_data(self.rp_id, sign_count, dict(self.outputs))

    def digest(self, sign_count: int) -> bytes:
        return encoding.digest_of(self.data(sign_count), self.client_data_hash)
