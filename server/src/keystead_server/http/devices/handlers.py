"""Enrolment, renewal and unlock, each in two requests: what the TPM is to open, and what it gave back."""

from collections.abc import Mapping

from keystead_core.tpm.pin_index import UnlockRequest
from keystead_core.wire import b64url_encode
from msgspec.json import encode
from starlette.responses import Response

from keystead_server.domain.device import Device
from keystead_server.domain.device_unlock import spoken_code
from keystead_server.domain.ids import DeviceId
from keystead_server.flows.activation import Challenged
from keystead_server.flows.ask_unlock import Asked, Collected, Waiting
from keystead_server.flows.attempts import Refused
from keystead_server.flows.device_terms import DeviceTerms
from keystead_server.flows.enrol_device import Enrolled
from keystead_server.flows.renew_device import Renewed
from keystead_server.http.call import Call
from keystead_server.http.devices import words
from keystead_server.http.devices.reading import Members, presented
from keystead_server.ports.attestation import IssuedCertificate


async def begin_enrolment(call: Call) -> Response:
    members = Members.of(call)
    flow = call.services.enrol_device
    return _asked(await flow.begin(call.tenant, call.visitor, members.text("code"), presented(members)))


async def finish_enrolment(call: Call) -> Response:
    members = Members.of(call)
    flow = call.services.enrol_device
    return _answered(await flow.finish(call.tenant, call.visitor, members.text("state"), members.octets("secret")))


async def begin_renewal(call: Call) -> Response:
    device = DeviceId(Members.of(call).text("device"))
    return _asked(await call.services.renew_device.begin(call.tenant, call.visitor, device))


async def finish_renewal(call: Call) -> Response:
    members = Members.of(call)
    flow = call.services.renew_device
    return _answered(await flow.finish(call.tenant, call.visitor, members.text("state"), members.octets("secret")))


async def begin_unlock(call: Call) -> Response:
    members = Members.of(call)
    request = UnlockRequest(members.octets("index_public"), members.octets("lock"), members.octets("nonce_tpm"))
    device = DeviceId(members.text("device"))
    return _asked(await call.services.ask_unlock.begin(call.tenant, call.visitor, device, request))


async def finish_unlock(call: Call) -> Response:
    members = Members.of(call)
    flow = call.services.ask_unlock
    match await flow.finish(call.tenant, call.visitor, members.text("state"), members.octets("secret")):
        case Asked(code, ticket, expires_at):
            address = f"{call.services.relying_party.public_url}/{call.tenant.name}/account/unlock"
            shown = {"code": spoken_code(code), "address": address, "expires_at": expires_at.isoformat()}
            return _json(shown | {"ticket": ticket})
        case Refused() as refused:
            return _refused(refused)


async def collect_unlock(call: Call) -> Response:
    """No signature yet is an answer like another: the device comes back."""
    ticket = Members.of(call).text("ticket")
    match await call.services.ask_unlock.collect(call.tenant, call.visitor, ticket):
        case Waiting():
            return _json({"signature": None})
        case Collected(signature):
            return _json({"signature": b64url_encode(signature)})
        case Refused() as refused:
            return _refused(refused)


def _asked(outcome: Challenged | Refused) -> Response:
    match outcome:
        case Challenged(state, credential):
            return _json(
                {
                    "state": state,
                    "credential_blob": b64url_encode(credential.credential_blob),
                    "secret": b64url_encode(credential.secret),
                }
            )
        case Refused():
            return _refused(outcome)


def _answered(outcome: Enrolled | Renewed | Refused) -> Response:
    match outcome:
        case Enrolled(device, certificate, terms) | Renewed(device, certificate, terms):
            return _json(_described(device, certificate, terms))
        case Refused():
            return _refused(outcome)


def _described(device: Device, certificate: IssuedCertificate, terms: DeviceTerms) -> dict[str, object]:
    described: dict[str, object] = {
        "device": device.id,
        "name": device.name,
        "trust": device.trust.value,
        "certificates": [b64url_encode(each) for each in certificate.chain],
        "expires_at": certificate.expires_at.isoformat(),
    }
    return described | _terms(terms)


def _terms(terms: DeviceTerms) -> dict[str, object]:
    numbers = terms.unlock_key.public_numbers()
    return {
        "user_handle": b64url_encode(terms.user_handle),
        "unlock_key": b64url_encode(numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")),
        "unlock_person": b64url_encode(terms.unlock_person),
        "pin_rules": None if terms.pin is None else terms.pin.to_json(),
    }


def _refused(refused: Refused) -> Response:
    body = {"code": refused.code, "message": words.refused(refused.code), "correlationId": refused.attempt_id}
    return _json(body, status=403)


def _json(content: Mapping[str, object], *, status: int = 200) -> Response:
    return Response(encode(content), status, media_type="application/json")
