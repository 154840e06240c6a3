"""make_credential and get_assertion (WebAuthn §6.3.2, §6.3.3): a page asks, a person approves, a key signs.

The order is the point. First the allow-list, which needs nothing; then the
person, who sees for which site and account; then the key. Always discoverable,
always user-verified, never backed up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keystead_core.wire.base64url import b64url_decode, b64url_encode
from keystead_core.wire.errors import BadBase64Url

from keystead_agent.authenticator import encoding
from keystead_agent.authenticator.allow_list import Caller, admit
from keystead_agent.authenticator.approval import Approval, Offload, not_approved
from keystead_agent.authenticator.errors import CredentialExcluded, NoPasskey, NotApproved
from keystead_agent.authenticator.options import (
    ES256,
    CreationOptions,
    RequestOptions,
    parse_creation,
    parse_request,
)
from keystead_agent.authenticator.tpm_statement import attestation_tpm
from keystead_agent.container.container import Container
from keystead_agent.container.errors import HelloKeyExists
from keystead_agent.container.records import Account, Passkey, Proof
from keystead_agent.gesture.interface import Cancelled, Gesture, Prompt, Purpose
from keystead_agent.keystore.values import GesturePass, NewKey, PublicPoint, ToSign


@dataclass(frozen=True, slots=True)
class Authenticator:
    container: Container
    gesture: Gesture
    offload: Offload

    @property
    def _approval(self) -> Approval:
        return Approval(self.container, self.gesture, self.offload)

    async def make_credential(self, caller: Caller, options: Mapping[str, object]) -> dict[str, object]:
        """Return a RegistrationResponseJSON.

        Raises:
            AuthenticatorError, ContainerError, KeystoreError, GestureUnavailable: with code, and nothing was made.
        """
        wanted = parse_creation(options)
        rp_id = admit(self.container.providers, caller, wanted.rp_id)
        prompt = replace(_prompt(Purpose.CREATE, rp_id, caller), account=wanted.user_name)
        await self._refuse_beside_hello(wanted, rp_id, prompt)
        await self._refuse_excluded(wanted, rp_id, prompt)
        before = self.container.snapshot()
        try:
            return await self._create(wanted, rp_id, caller, prompt)
        except BaseException:
            # The page has gone or will never hear of it: a passkey that no site knows is only confusing.
            await self.offload(lambda: self.container.put_back(before))
            raise

    async def get_assertion(
        self, caller: Caller, options: Mapping[str, object], *, chosen: str | None = None
    ) -> dict[str, object]:
        """Return an AuthenticationResponseJSON.

        Args:
            chosen: the credential id in base64url that the person picked in autofill.

        Raises:
            AuthenticatorError, ContainerError, KeystoreError, GestureUnavailable: with code, and nothing was signed.
        """
        wanted = parse_request(options)
        rp_id = admit(self.container.providers, caller, wanted.rp_id)
        candidates = self._candidates(wanted, rp_id, chosen)
        prompt = _prompt(Purpose.SIGN_IN, rp_id, caller)
        passkey = await self._choose(candidates, prompt)
        return await self._sign(wanted, passkey, caller, replace(prompt, account=passkey.name))

    def accounts(self, caller: Caller, rp_id: str) -> list[dict[str, object]]:
        """The names to offer in autofill, for an enrolled page; nobody is asked and no key is touched."""
        admitted = admit(self.container.providers, caller, rp_id)
        return [
            {
                "credential": b64url_encode(passkey.credential_id),
                "name": passkey.name,
                "display_name": passkey.display_name,
            }
            for passkey in reversed(self.container.passkeys_for(admitted))
        ]

    async def _refuse_excluded(self, wanted: CreationOptions, rp_id: str, prompt: Prompt) -> None:
        here = {passkey.credential_id for passkey in self.container.passkeys_for(rp_id)}
        if here.isdisjoint(wanted.exclude):
            return
        # §6.3.2: the person's consent comes first, and without it the answer is the same as
        # for a refusal, so that a site cannot find out who uses this computer.
        question = "This computer has a passkey for this account already. Tell the site so?"
        if not await self.gesture.confirm(prompt, question):
            raise NotApproved
        raise CredentialExcluded

    async def _refuse_beside_hello(self, wanted: CreationOptions, rp_id: str, prompt: Prompt) -> None:
        try:
            self.container.hello.refuse_beside(rp_id, wanted.user_handle)
        except HelloKeyExists as refused:
            if not await self.gesture.confirm(prompt, f"{refused} Tell the site so?"):
                raise NotApproved from None
            raise

    def _proof_for(self, rp_id: str, wanted: CreationOptions) -> Proof | None:
        return self.container.enrolments.proof_for(rp_id, wanted.user_handle) if wanted.wants_attestation else None

    async def _create(self, wanted: CreationOptions, rp_id: str, caller: Caller, prompt: Prompt) -> dict[str, object]:
        client_data = encoding.client_data("webauthn.create", wanted.challenge, caller)
        # §5.1.3: for conveyance "none" the AAGUID is replaced by zeros.
        aaguid = self.container.keystore.aaguid if wanted.wants_attestation else encoding.NO_AAGUID

        def statement(credential_id: bytes) -> ToSign:
            def digest(public: PublicPoint) -> bytes:
                data = encoding.registration_data(rp_id, aaguid, credential_id, public)
                return encoding.to_be_signed(data, client_data)

            return digest

        account = Account(wanted.user_handle, wanted.user_name, wanted.user_display_name)
        to_sign = statement if wanted.wants_attestation else None
        proof = self._proof_for(rp_id, wanted)

        def create(pin: str | GesturePass) -> tuple[Passkey, NewKey]:
            return self.container.create(rp_id, account, pin, to_sign, certified=proof is not None)

        passkey, made = await self._approval.with_gesture(prompt, create)
        data = encoding.registration_data(rp_id, aaguid, passkey.credential_id, passkey.public)
        attestation = _attestation(data, made, proof)
        response = {
            "clientDataJSON": b64url_encode(client_data),
            "authenticatorData": b64url_encode(data),
            "transports": ["internal"],
            "publicKey": b64url_encode(encoding.spki(passkey.public)),
            "publicKeyAlgorithm": ES256,
            "attestationObject": b64url_encode(attestation),
        }
        extensions: dict[str, object] = {"credProps": {"rk": True}} if wanted.wants_cred_props else {}
        return _credential(passkey.credential_id, response, extensions)

    async def _sign(
        self, wanted: RequestOptions, passkey: Passkey, caller: Caller, prompt: Prompt
    ) -> dict[str, object]:
        client_data = encoding.client_data("webauthn.get", wanted.challenge, caller)

        def digest_for(sign_count: int) -> bytes:
            return encoding.to_be_signed(encoding.assertion_data(passkey.rp_id, sign_count), client_data)

        def sign(pin: str | GesturePass) -> tuple[int, bytes]:
            return self.container.sign(passkey.credential_id, pin, digest_for)

        sign_count, signature = await self._approval.with_gesture(prompt, sign)
        response = {
            "clientDataJSON": b64url_encode(client_data),
            "authenticatorData": b64url_encode(encoding.assertion_data(passkey.rp_id, sign_count)),
            "signature": b64url_encode(signature),
            "userHandle": b64url_encode(passkey.user_handle),
        }
        return _credential(passkey.credential_id, response, {})

    def _candidates(self, wanted: RequestOptions, rp_id: str, chosen: str | None) -> list[Passkey]:
        """The passkeys that would do, the last used one first."""
        passkeys = self.container.passkeys_for(rp_id)
        if wanted.allow is not None:
            passkeys = tuple(passkey for passkey in passkeys if passkey.credential_id in wanted.allow)
        if chosen is not None:
            passkeys = tuple(passkey for passkey in passkeys if passkey.credential_id == _decoded(chosen))
        if not passkeys:
            raise NoPasskey(rp_id)
        return list(reversed(passkeys))

    async def _choose(self, candidates: list[Passkey], prompt: Prompt) -> Passkey:
        if len(candidates) == 1:
            return candidates[0]
        answer = await self.gesture.choose(prompt, [passkey.name for passkey in candidates])
        if isinstance(answer, Cancelled):
            not_approved(answer)
        return candidates[answer]


def _attestation(data: bytes, made: NewKey, proof: Proof | None) -> bytes:
    if made.certification is not None and proof is not None:
        return attestation_tpm(data, made.certification, proof.chain)
    return (
        encoding.attestation_none(data) if made.signature is None else encoding.attestation_self(data, made.signature)
    )


def _prompt(purpose: Purpose, rp_id: str, caller: Caller) -> Prompt:
    site = f"{rp_id} (in a page of {caller.top_origin})" if caller.is_cross_origin else rp_id
    return Prompt(purpose, site, requester=caller.requester, other_ways=caller.other_ways)


def _decoded(credential: str) -> bytes:
    try:
        return b64url_decode(credential)
    except BadBase64Url:
        return b""


def _credential(
    credential_id: bytes, response: Mapping[str, object], extensions: Mapping[str, object]
) -> dict[str, object]:
    encoded = b64url_encode(credential_id)
    return {
        "id": encoded,
        "rawId": encoded,
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "response": dict(response),
        "clientExtensionResults": dict(extensions),
    }
