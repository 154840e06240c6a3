"""Reads what a container sends: JSON of known members, binary ones in base64url."""

from collections.abc import Mapping
from dataclasses import dataclass

from keystead_core.wire import BadJson, WireError, b64url_decode, json_decode_object

from keystead_server.domain.device import TpmFacts
from keystead_server.flows.device_checks import Presented
from keystead_server.http.call import Call
from keystead_server.http.problems import Problem, Refuse

_MAX_TEXT = 4096
# A TPMT_PUBLIC has some hundred bytes, a certificate one or two thousand.
_MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Members:
    sent: Mapping[str, object]

    @classmethod
    def of(cls, call: Call) -> "Members":
        try:
            return cls(json_decode_object(call.body))
        except BadJson as error:
            raise _malformed(str(error)) from None

    def text(self, name: str) -> str:
        value = self.sent.get(name)
        if not isinstance(value, str) or len(value) > _MAX_TEXT or not value.isprintable():
            raise _malformed(f"{name} must be a text", name)
        return value

    def octets(self, name: str) -> bytes:
        try:
            value = b64url_decode(self.text(name))
        except WireError:
            raise _malformed(f"{name} must be base64url", name) from None
        if len(value) > _MAX_BYTES:
            raise _malformed(f"{name} is too long", name)
        return value

    def maybe_octets(self, name: str) -> bytes | None:
        return None if self.sent.get(name) is None else self.octets(name)


def presented(members: Members) -> Presented:
    return Presented(
        name=members.text("name"),
        endorsement_public=members.octets("endorsement_key"),
        attestation_public=members.octets("attestation_key"),
        endorsement_certificate=members.maybe_octets("endorsement_certificate"),
        tpm=TpmFacts(members.text("manufacturer"), members.text("model"), members.text("version")),
        firmware=members.text("firmware"),
    )


def _malformed(why: str, target: str | None = None) -> Refuse:
    return Refuse(Problem(400, "malformed_request", f"This request cannot be read: {why}.", target))
