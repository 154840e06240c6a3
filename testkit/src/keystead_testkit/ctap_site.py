"""A relying party, and python-fido2 that visits it with a security key: a client that is not ours."""

from typing import Any

import pytest
from fido2.client import ClientError, DefaultClientDataCollector, Fido2Client, UserInteraction
from fido2.ctap import CtapError
from fido2.ctap2.extensions import CredProtectExtension, HmacSecretExtension
from fido2.hid import CtapHidDevice
from fido2.server import Fido2Server
from fido2.webauthn import PublicKeyCredentialRpEntity

from keystead_testkit.ctap_agent import RP_ID

ERR = CtapError.ERR
OTHER_RP = "other.example"
WRONG, NEW = "000001", "864209"


class Typist(UserInteraction):
    """Somebody in front of the client: types the PIN there, or leaves it to the authenticator's own prompt."""

    def __init__(self, pin: str | None) -> None:
        self.pin = pin

    def request_uv(self, permissions: Any, rp_id: Any) -> bool:
        return self.pin is None

    def request_pin(self, permissions: Any, rp_id: Any) -> str | None:
        return self.pin


class Site:
    """A relying party and a client that visits it."""

    def __init__(self, device: CtapHidDevice, rp_id: str = RP_ID, *, pin: str | None = None) -> None:
        self.server = Fido2Server(PublicKeyCredentialRpEntity(id=rp_id, name=rp_id), attestation="direct")
        self.client = Fido2Client(
            device,
            client_data_collector=DefaultClientDataCollector(f"https://{rp_id}"),
            user_interaction=Typist(pin),
            extensions=[HmacSecretExtension(allow_hmac_secret=True), CredProtectExtension()],
        )
        self.known: list[Any] = []

    def register(self, name: str = "alice", extensions: Any = None, exclude: Any = None) -> Any:
        user = {"id": name.encode(), "name": name, "displayName": name.title()}
        options, state = self.server.register_begin(
            user,
            exclude,
            resident_key_requirement="required",
            user_verification="required",
            extensions=extensions,
        )
        result = self.client.make_credential(options.public_key)
        data = self.server.register_complete(state, result)
        self.known.append(data.credential_data)
        return result

    def sign_in(self, *, allow: Any = None, extensions: Any = None) -> Any:
        options, state = self.server.authenticate_begin(allow, user_verification="required", extensions=extensions)
        result = self.client.get_assertion(options.public_key).get_response(0)
        self.server.authenticate_complete(state, self.known, result)
        return result


def status_of(refused: pytest.ExceptionInfo[ClientError]) -> Any:
    return refused.value.cause.code
