"""`fido2Methods/creationOptions(…)` and POST: an administrator's program registers a passkey for somebody else."""

import re
from datetime import timedelta

from starlette.responses import Response

from keystead_server.domain.ids import GroupId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.attempts import Refused
from keystead_server.flows.register_on_behalf import DEFAULT_LIFETIME, NotOffered
from keystead_server.http.call import Call
from keystead_server.http.graph.answers import body_of, single, wanted
from keystead_server.http.graph.authentication_methods import PROPERTIES, context, fido2
from keystead_server.http.graph.problem import refused
from keystead_server.http.graph.users import the_user
from keystead_server.http.problems import Problem, Refuse
from keystead_server.policy.passkeys.decide import quarantined
from keystead_server.policy.people import Subject

_ARGUMENTS = re.compile(r"(?:challengeTimeoutInMinutes=(\d{1,9}))?")
_OPTIONS = frozenset({"challengeTimeoutDateTime", "publicKey"})


async def creation_options(call: Call) -> Response:
    """What the program hands to the authenticator; nothing is stored."""
    written = _ARGUMENTS.fullmatch(call.path["arguments"])
    if written is None:
        raise Refuse(Problem(400, "query_malformed", "creationOptions takes challengeTimeoutInMinutes, a number."))
    lifetime = DEFAULT_LIFETIME if written[1] is None else timedelta(minutes=int(written[1]))
    try:
        offer = await call.services.register_on_behalf.begin(
            call.tenant, call.actor, await the_user(call), lifetime=lifetime
        )
    except Invalid as invalid:
        raise refused(invalid) from None
    if isinstance(offer, NotOffered):
        raise _refusal(offer.code)
    options = {"challengeTimeoutDateTime": offer.expires_at, "publicKey": offer.options}
    return single(call, context(call, "fido2Methods/creationOptions"), options, _OPTIONS)


async def register(call: Call) -> Response:
    """Judge what the authenticator made, and keep it as registered by the caller; its owner is told."""
    body = body_of(call, "displayName", "publicKeyCredential")
    user = await the_user(call)
    # No browser is there to be bound to: the challenge is bound to the caller.
    visitor = Visitor(b"", call.visitor.address, call.visitor.user_agent, call.caller.app.id)
    try:
        outcome = await call.services.register_on_behalf.finish(
            call.tenant,
            call.actor,
            user,
            visitor,
            display_name=wanted(body, "displayName", str) or "",
            payload=wanted(body, "publicKeyCredential", dict) or {},
        )
    except Invalid as invalid:
        raise refused(invalid) from None
    if isinstance(outcome, Refused):
        raise _refusal(outcome.code)
    groups = await call.services.store.users.groups_of(call.tenant.id, user.id)
    subject = Subject.of(user, frozenset(GroupId(group.id) for group in groups))
    facts = call.services.register_on_behalf.models.facts_of(outcome.passkey)
    against = quarantined(await call.services.policies.now(call.tenant.id), subject, facts)
    entity = fido2(call, outcome.passkey, against)
    return single(call, context(call, "fido2Methods"), entity, PROPERTIES, status=201)


def _refusal(code: str) -> Refuse:
    return Refuse(Problem(400, code, "The passkey was not registered; the sign-in log has what is against it."))
