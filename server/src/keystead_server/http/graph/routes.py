"""Every address of the API, with the permissions that open it.

No address names a tenant: it is the one that the token is for (docs/reference/graph.md).
"""

from keystead_server.http.graph import directory_audits, groups, organization, sign_ins, users
from keystead_server.http.graph.answers import BASE
from keystead_server.http.route import API_READS, API_WRITES, KIB, Body, Face, Handler, Route
from keystead_server.policy.api_permissions import ByToken
from keystead_server.policy.permissions import Permission

_READ_USERS = ByToken(("User.Read.All", "User.ReadWrite.All", "Directory.Read.All"), Permission.READ_DIRECTORY)
_WRITE_USERS = ByToken(("User.ReadWrite.All",), Permission.WRITE_USERS)
_READ_GROUPS = ByToken(("Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All"), Permission.READ_DIRECTORY)
_WRITE_GROUPS = ByToken(("Group.ReadWrite.All",), Permission.WRITE_GROUPS)
_READ_ORGANIZATION = ByToken(("User.Read", "Organization.Read.All", "User.Read.All", "Directory.Read.All"), None)
_ME = ByToken(("User.Read", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All"), None)
_READ_LOGS = ByToken(("AuditLog.Read.All",), Permission.READ_LOGS)

_JSON = "application/json"


def _get(path: str, handler: Handler, summary: str, access: ByToken) -> Route:
    return Route("GET", f"{BASE}{path}", handler, summary, access, API_READS, Face.GRAPH)


def _write(
    method: str, path: str, handler: Handler, summary: str, access: ByToken, status: int = 204, size: int = 16 * KIB
) -> Route:
    body = None if method == "DELETE" else Body(_JSON, size)
    answers = {status: "Created" if status == 201 else "Done"}
    return Route(method, f"{BASE}{path}", handler, summary, access, API_WRITES, Face.GRAPH, body, answers=answers)


ROUTES = (
    _get("/me", users.get_me, "The account of whoever is signed in", _ME),
    _get("/organization", organization.list_organizations, "The organisation", _READ_ORGANIZATION),
    _get("/organization/{organization}", organization.get_organization, "The organisation by id", _READ_ORGANIZATION),
    _get("/users", users.list_users, "Accounts", _READ_USERS),
    _write("POST", "/users", users.create_user, "Make an account", _WRITE_USERS, 201),
    _get("/users/$count", users.count_users, "How many accounts there are", _READ_USERS),
    _get("/users/{user}", users.get_user, "An account by id or userPrincipalName", _READ_USERS),
    _write("PATCH", "/users/{user}", users.change_user, "Rename, switch on or off", _WRITE_USERS),
    _write("DELETE", "/users/{user}", users.remove_user, "Delete an account", _WRITE_USERS),
    _get("/users/{user}/memberOf", groups.list_groups_of, "The groups that somebody is in", _READ_GROUPS),
    _get("/groups", groups.list_groups, "Groups", _READ_GROUPS),
    _write("POST", "/groups", groups.create_group, "Make a group", _WRITE_GROUPS, 201),
    _get("/groups/{group}", groups.get_group, "A group", _READ_GROUPS),
    _write("DELETE", "/groups/{group}", groups.remove_group, "Delete a group", _WRITE_GROUPS),
    _get("/groups/{group}/members", groups.list_members, "Who is in a group", _READ_GROUPS),
    _write("POST", "/groups/{group}/members/$ref", groups.add_member, "Put somebody into a group", _WRITE_GROUPS),
    _write(
        "DELETE", "/groups/{group}/members/{member}/$ref", groups.remove_member, "Take somebody out of a group",
        _WRITE_GROUPS,
    ),
    _get("/auditLogs/signIns", sign_ins.list_sign_ins, "The sign-in log", _READ_LOGS),
    _get("/auditLogs/signIns/{signIn}", sign_ins.get_sign_in, "One attempt", _READ_LOGS),
    _get("/auditLogs/directoryAudits", directory_audits.list_directory_audits, "The audit log", _READ_LOGS),
    _get("/auditLogs/directoryAudits/{directoryAudit}", directory_audits.get_directory_audit, "One change", _READ_LOGS),
)  # fmt: skip
