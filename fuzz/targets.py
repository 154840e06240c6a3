"""What can be fed, and what it may answer with.

A target takes bytes. It may return, or raise one of the errors it documents; anything else,
and any answer of the server with a 5xx, is a finding.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from keystead_agent.enrolment.description import Judge, read_description
from keystead_agent.enrolment.errors import DescriptionRefused
from keystead_agent.enrolment.public_suffixes import read_list
from keystead_core.cose import CoseError, parse_cose_key
from keystead_core.jose import JoseError, jws
from keystead_core.jose.jwks import parse_public_jwk_set
from keystead_core.link.errors import LinkError
from keystead_core.link.framing import NATIVE, Framer, frame, parse_object
from keystead_core.link.messages import reply_from_json, request_from_json
from keystead_core.link.prompting import question_from_json
from keystead_core.oidc.authorization import receive_authorization
from keystead_core.oidc.client_auth import parse_client_authentication
from keystead_core.oidc.errors import OidcError
from keystead_core.oidc.logout import receive_logout
from keystead_core.oidc.token_request import parse_token_request
from keystead_core.tpm.attest import parse_certify
from keystead_core.tpm.errors import TpmStructureInvalid
from keystead_core.tpm.structures import parse_public_area
from keystead_core.webauthn import CeremonyError, parse_assertion, parse_registration
from keystead_core.webauthn.authenticator_data import parse_authenticator_data
from keystead_core.webauthn.client_data import parse_client_data
from keystead_core.wire import WireError, b64url_decode, decode_cbor
from keystead_core.wire.der import decode_der
from keystead_core.wire.strict_json import json_decode_object
from keystead_server.http import cookies
from keystead_server.http.call import parse_pairs
from keystead_server.http.problems import Refuse
from keystead_testkit.soft_passkey import SoftPasskey

from fuzz.server import Server

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_JUDGE = Judge(read_list(["org", "co.uk"]), lambda rp_id: b"{}")


@dataclass(frozen=True, slots=True)
class Target:
    """One parser.

    Attributes:
        refuses: the errors that it promises.
        seeds: input that gets far into it, to be bent from there.
    """

    feed: Callable[[bytes], object]
    refuses: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...] = ()

    def __call__(self, data: bytes) -> None:
        """Raises whatever is a finding."""
        try:
            self.feed(data)
        except self.refuses:
            return


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _pairs(data: bytes) -> list[tuple[str, str]]:
    return parse_pairs(_text(data))


def _jwk_set(data: bytes) -> None:
    parse_public_jwk_set(json_decode_object(data, max_bytes=1 << 16))


def _client(data: bytes) -> None:
    header, _, body = data.partition(b"\n")
    parse_client_authentication([header.decode("latin-1")] if header else [], _pairs(body))


def _framed(data: bytes) -> None:
    for message in Framer().feed(data):
        request_from_json(message)


def _native(data: bytes) -> None:
    for message in Framer(NATIVE).feed(data):
        reply_from_json(message)


def _with_seeds() -> dict[str, Target]:
    passkey = SoftPasskey(rp_id="id.example.org", origin="https://id.example.org")
    created, answered = passkey.register(bytes(32)), passkey.answer(bytes(32))
    told, answer = created["response"], answered["response"]
    ceremony = (CeremonyError,)
    return {
        "registration": Target(parse_registration, ceremony, (json.dumps(created).encode(),)),
        "assertion": Target(parse_assertion, ceremony, (json.dumps(answered).encode(),)),
        "client_data": Target(parse_client_data, ceremony, (b64url_decode(answer["clientDataJSON"]),)),
        "authenticator_data": Target(
            parse_authenticator_data, ceremony, (passkey.attested_data(), b64url_decode(answer["authenticatorData"]))
        ),
        "cbor": Target(decode_cbor, (WireError,), (b64url_decode(told["attestationObject"]),)),
        "cose_key": Target(parse_cose_key, (CoseError,), (passkey.public_key.raw,)),
    }


TARGETS: dict[str, Target] = _with_seeds() | {
    "json": Target(
        lambda data: json_decode_object(data, max_bytes=1 << 16), (WireError,), (b'{"a":[1,"\\u00e9",null]}',)
    ),
    "base64url": Target(lambda data: b64url_decode(_text(data)), (WireError,), (b"AQID",)),
    "der": Target(decode_der, (WireError,), (bytes.fromhex("3006020101040161"),)),
    "jws": Target(lambda data: jws.parse(_text(data)), (JoseError,), (b"eyJhbGciOiJFUzI1NiJ9.e30.AAAA",)),
    "jwk_set": Target(_jwk_set, (JoseError, WireError), (b'{"keys":[{"kty":"EC","crv":"P-256","x":"","y":""}]}',)),
    "tpm_certify": Target(parse_certify, (TpmStructureInvalid,), (bytes.fromhex("ff5443478017"),)),
    "tpm_public": Target(parse_public_area, (TpmStructureInvalid,), (bytes.fromhex("0023000b00040072"),)),
    "pairs": Target(_pairs, (Refuse,), (b"a=1&b=%C3%A9",)),
    "cookies": Target(lambda data: cookies.parse(_text(data)), (), (b"a=1; b=2",)),
    "authorization": Target(
        lambda data: receive_authorization(_pairs(data)), (OidcError, Refuse), (b"client_id=a&redirect_uri=https://b",)
    ),
    "logout": Target(lambda data: receive_logout(_pairs(data)), (OidcError, Refuse), (b"client_id=a&state=b",)),
    "token_request": Target(
        lambda data: parse_token_request(_pairs(data)), (OidcError, Refuse), (b"grant_type=authorization_code&code=a",)
    ),
    "client": Target(_client, (OidcError, Refuse), (b"Basic YTpi\nclient_id=a",)),
    "link_socket": Target(_framed, (LinkError,), (frame({"id": "1", "verb": "status"}),)),
    "link_native": Target(_native, (LinkError,), (frame({"id": "1", "ok": {}}, NATIVE),)),
    "link_object": Target(
        lambda data: request_from_json(parse_object(data)), (LinkError,), (b'{"id":"1","verb":"hello"}',)
    ),
    "link_question": Target(
        lambda data: question_from_json(parse_object(data)), (LinkError,), (b'{"question":1,"way":"pin","asks":{}}',)
    ),
    "description": Target(
        lambda data: read_description(
            data, "https://id.example.org/contoso/.well-known/keystead", now=_NOW, judge=_JUDGE
        ),
        (DescriptionRefused,),
        (b'{"issuer":"https://id.example.org/contoso/v2.0","tenant":{"id":"1","name":"contoso"}}',),
    ),
    "server": Target(Server(), (), (b"\x05a=b&c=%00\nvariable\nx=1", b"\x20\nabc\n{}")),
}
