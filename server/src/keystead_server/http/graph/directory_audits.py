"""`auditLogs/directoryAudits`: the audit log in Graph's shape."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.ids import EventId
from keystead_server.http.call import Call
from keystead_server.http.graph.answers import Source, list_page, named, query_of, single
from keystead_server.http.graph.log_filter import span_of
from keystead_server.http.graph.odata.filter import Each, Fields
from keystead_server.http.graph.odata.lexer import Kind
from keystead_server.http.graph.odata.options import Collection
from keystead_server.http.graph.odata.paging import Entity
from keystead_server.http.graph.problem import NOT_THERE
from keystead_server.http.problems import Refuse
from keystead_server.ports.log_queries import AuditQuery, AuditRow

_FIELDS: Fields = {
    "id": Kind.TEXT,
    "activityDateTime": Kind.MOMENT,
    "activityDisplayName": Kind.TEXT,
    "category": Kind.TEXT,
    "correlationId": Kind.TEXT,
    "operationType": Kind.TEXT,
    "result": Kind.TEXT,
    "initiatedBy/user/id": Kind.TEXT,
    "initiatedBy/user/userPrincipalName": Kind.TEXT,
    "initiatedBy/app/appId": Kind.TEXT,
    "initiatedBy/app/displayName": Kind.TEXT,
    "targetResources": Each({"id": Kind.TEXT, "type": Kind.TEXT}),
}
_PROPERTIES = frozenset(
    {
        "id", "activityDateTime", "activityDisplayName", "additionalDetails", "category", "correlationId",
        "initiatedBy", "loggedByService", "operationType", "result", "resultReason", "targetResources",
    }
)  # fmt: skip
COLLECTION = Collection(_PROPERTIES, _FIELDS, ("-activityDateTime",))

# An event's name is a noun and what happened to it; Graph has a category for the one, a type for the other.
_CATEGORIES = {
    "user": ("UserManagement", "User"),
    "passkey": ("UserManagement", "User"),
    "pass": ("UserManagement", "User"),
    "group": ("GroupManagement", "Group"),
    "app": ("ApplicationManagement", "Application"),
    "passkey_policy": ("Policy", "Policy"),
    "tenant": ("DirectoryManagement", "Directory"),
}
_OPERATIONS = {
    "created": "Add", "registered": "Add", "issued": "Add", "founded": "Add", "member_added": "Assign",
    "removed": "Delete", "member_removed": "Unassign",
}  # fmt: skip
SERVICE = "Keystead"


async def list_directory_audits(call: Call) -> Response:
    query = query_of(call, COLLECTION)
    asked = span_of(query.filter, "activityDateTime")

    async def read(after: list[Any] | None, size: int) -> Sequence[AuditRow]:
        place = None if after is None else EventId(after[0])
        wanted = AuditQuery(size, query.order_by[1], asked.since, asked.until, place)
        return await call.services.store.logs.audit_events(call.tenant.id, wanted)

    source = Source(read, lambda row: [row.event.id], directory_audit, exact=asked.whole)
    return await list_page(call, "auditLogs/directoryAudits", query, source)


async def get_directory_audit(call: Call) -> Response:
    event = named(call, "directoryAudit")
    # At most the sixteen ids that begin alike stand behind this place.
    place = EventId(event[:-1])
    beside = await call.services.store.logs.audit_events(call.tenant.id, AuditQuery(16, False, after=place))
    row = next((row for row in beside if row.event.id == event), None)
    if row is None:
        raise Refuse(NOT_THERE)
    return single(call, "auditLogs/directoryAudits", directory_audit(row), _PROPERTIES)


def directory_audit(row: AuditRow) -> Entity:
    event = row.event
    noun, _, verb = event.name.partition(".")
    category, kind = _CATEGORIES.get(noun, ("Other", "Other"))
    return {
        "id": event.id,
        "activityDateTime": event.at,
        "activityDisplayName": event.name,
        "category": category,
        "correlationId": event.id,
        "initiatedBy": _initiator(row),
        "loggedByService": SERVICE,
        "operationType": _OPERATIONS.get(verb, "Update"),
        # A change that was refused changed nothing, and is in the server's log.
        "result": "success",
        "resultReason": "",
        "targetResources": [_target(event, kind)],
        "additionalDetails": [{"key": name, "value": value} for name, value in sorted(event.detail.items())],
    }


def _initiator(row: AuditRow) -> Entity:
    event = row.event
    through = event.detail.get("app")
    if event.actor_id is None:
        return {"user": None, "app": {"appId": None, "displayName": "Operator at the command line"}}
    app = None if through is None else {"appId": through, "displayName": row.app_name}
    if event.actor_id == through:
        return {"user": None, "app": app}
    user = {"id": event.actor_id, "displayName": row.display_name, "userPrincipalName": row.username, "ipAddress": None}
    return {"user": user, "app": app}


def _target(event: AuditEvent, kind: str) -> Entity:
    return {
        "id": event.target_id,
        "type": kind,
        "displayName": event.detail.get("name"),
        "userPrincipalName": event.detail.get("username"),
        "modifiedProperties": [],
    }
