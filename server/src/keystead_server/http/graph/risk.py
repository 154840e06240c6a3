"""`identityProtection`: who is at risk and by what; confirmed and dismissed, and (ours) supplied by other systems."""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.responses import Response

from keystead_server.domain.ids import UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import User
from keystead_server.flows.list_risk import RiskyUser
from keystead_server.http.call import Call
from keystead_server.http.graph.answers import Source, body_of, list_page, no_content, query_of, single, wanted
from keystead_server.http.graph.odata.filter import Fields
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.options import Collection
from keystead_server.http.graph.problem import NOT_THERE, refused
from keystead_server.http.graph.risk_entities import detection, detection_id, risky_user
from keystead_server.http.graph.users import the_user
from keystead_server.http.problems import Problem, Refuse
from keystead_server.policy.risk.detections import Detection
from keystead_server.policy.risk.levels import Risk, detection_of
from keystead_server.policy.risk.signals import RiskAbout

# As many as one call of Graph's takes.
_MOST = 60
_UNTIL = "expirationDateTime"
_USERS = Collection(
    frozenset(
        {
            "id", "isDeleted", "isProcessing", "keystead", "riskDetail", "riskLastUpdatedDateTime", "riskLevel", "riskState",
            "userDisplayName", "userPrincipalName",
        }
    ),
    {
        "id": Kind.TEXT, "riskLevel": Kind.TEXT, "riskState": Kind.TEXT, "riskDetail": Kind.TEXT,
        "userPrincipalName": Kind.TEXT, "userDisplayName": Kind.TEXT, "riskLastUpdatedDateTime": Kind.MOMENT,
    },
    ("id",),
    countable=False,
)  # fmt: skip
_DETECTION_FIELDS: Fields = {
    "id": Kind.TEXT, "userId": Kind.TEXT, "userPrincipalName": Kind.TEXT, "riskLevel": Kind.TEXT,
    "riskEventType": Kind.TEXT, "activityDateTime": Kind.MOMENT, "detectedDateTime": Kind.MOMENT,
}  # fmt: skip
_DETECTIONS = Collection(
    frozenset(
        {
            "id", "activity", "activityDateTime", "additionalInfo", "correlationId", "detectedDateTime",
            "detectionTimingType", "lastUpdatedDateTime", "requestId", "riskDetail", "riskEventType", "riskLevel",
            "riskState", "source", "tokenIssuerType", "userDisplayName", "userId", "userPrincipalName",
        }
    ),
    _DETECTION_FIELDS,
    countable=False,
)  # fmt: skip


async def list_risky_users(call: Call) -> Response:
    query = query_of(call, _USERS)
    return await list_page(call, "identityProtection/riskyUsers", query, await _people_at_risk(call))


async def get_risky_user(call: Call) -> Response:
    user = await the_user(call)
    found = await call.services.list_risk.of(call.tenant.id, user.id)
    entity = risky_user(found or RiskyUser(user, Risk(), None, user.created_at))
    return single(call, "identityProtection/riskyUsers", entity, _USERS.properties)


async def list_detections(call: Call) -> Response:
    query = query_of(call, _DETECTIONS)
    return await list_page(call, "identityProtection/riskDetections", query, await _detections(call))


async def _people_at_risk(call: Call) -> Source[RiskyUser]:
    """By id; each is looked at when their page comes, and not before."""
    search = call.services.list_risk.begin(call.tenant.id)
    while not search.is_done:
        await asyncio.sleep(0)
        await search.step()
    people = search.people()

    async def read(after: list[Any] | None, size: int) -> Sequence[RiskyUser]:
        found: list[RiskyUser] = []
        for one in people[0 if after is None else bisect_right(people, after[0]) :]:
            risky = await call.services.list_risk.of(call.tenant.id, one)
            found += [] if risky is None else [risky]
            if len(found) == size:
                break
        return found

    return Source(read, lambda one: [one.user.id], risky_user)


async def _detections(call: Call) -> Source[tuple[User, Detection]]:
    """Person by person, and of each by id."""
    people = await _people_at_risk(call)

    async def read(after: list[Any] | None, size: int) -> Sequence[tuple[User, Detection]]:
        found: list[tuple[User, Detection]] = []
        if after is not None:
            # The last page may have ended amid this one's.
            found += _after(after[1], await call.services.list_risk.of(call.tenant.id, UserId(after[0])))
        last = after
        while len(found) < size:
            batch = await people.read(last, _MOST)
            for one in batch:
                found += _after("", one)
            if len(batch) < _MOST:
                break
            last = people.place(batch[-1])
        return found[:size]

    return Source(read, lambda one: [one[0].id, detection_id(one[1])], lambda one: detection(*one))


def _after(place: str, one: RiskyUser | None) -> list[tuple[User, Detection]]:
    because = () if one is None else sorted(one.risk.because, key=detection_id)
    return [(one.user, found) for found in because if one is not None and detection_id(found) > place]


async def dismiss(call: Call) -> Response:
    return await _judge(call, call.services.manage_risk.dismiss)


async def confirm(call: Call) -> Response:
    return await _judge(call, call.services.manage_risk.confirm)


async def supply(call: Call) -> Response:
    """Ours: Graph has no way to supply a detection."""
    body = body_of(
        call, "userId", "riskLevel", "riskEventType", "activity", "additionalInfo", "activityDateTime", _UNTIL
    )
    user = (await _people(call, [wanted(body, "userId", str) or ""], "userId"))[0]
    about = wanted(body, "activity", str)
    try:
        signal = await call.services.manage_risk.supply(
            user,
            level=wanted(body, "riskLevel", str) or "",
            about=RiskAbout.PERSON if about is None else about,
            event_type=wanted(body, "riskEventType", str) or "",
            says=wanted(body, "additionalInfo", str) or "",
            at=_moment(body, "activityDateTime"),
            until=_moment(body, _UNTIL),
            by=call.actor,
        )
    except Invalid as invalid:
        raise refused(invalid) from None
    entity = detection(user, detection_of(signal))
    return single(call, "identityProtection/riskDetections", entity, _DETECTIONS.properties, status=201)


async def set_insider_risk(call: Call) -> Response:
    """Ours: Graph takes it from another product of Microsoft's."""
    user = await the_user(call)
    body = body_of(call, "insiderRiskLevel", "additionalInfo", _UNTIL)
    try:
        await call.services.manage_risk.set_insider_risk(
            user,
            level=wanted(body, "insiderRiskLevel", str) or "",
            says=wanted(body, "additionalInfo", str) or "",
            until=_moment(body, _UNTIL),
            by=call.actor,
        )
    except Invalid as invalid:
        raise refused(invalid) from None
    return no_content(call)


async def _judge(call: Call, judge: Any) -> Response:
    ids = wanted(body_of(call, "userIds"), "userIds", list) or []
    if not ids or len(ids) > _MOST or not all(isinstance(one, str) for one in ids):
        raise Refuse(Problem(400, "property_malformed", f"userIds is a list of 1 to {_MOST} ids.", target="userIds"))
    try:
        await judge(await _people(call, dict.fromkeys(ids), "userIds"), by=call.actor)
    except Invalid as invalid:
        raise refused(invalid) from None
    return no_content(call)


async def _people(call: Call, ids: Iterable[str], target: str) -> list[User]:
    """All of them, or nobody: what is said of some and not of others would be taken for done."""
    found = []
    for one in ids:
        user = await call.services.store.users.get(call.tenant.id, UserId(one))
        if user is None:
            raise Refuse(Problem(404, NOT_THERE.code, "One of these people is not there.", target=target))
        found.append(user)
    return found


def _moment(body: Mapping[str, Any], name: str) -> datetime | None:
    text = wanted(body, name, str)
    try:
        at = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        at = None
    if text is not None and (at is None or at.tzinfo is None):
        raise Refuse(Problem(400, "property_malformed", f"{name} is a moment with its offset.", target=name))
    return at
