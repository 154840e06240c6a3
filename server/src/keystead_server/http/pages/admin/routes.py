"""Every page for administrators, with the permission it asks for."""

from keystead_server.http.pages.admin import (
    access_editor,
    access_emergency,
    access_list,
    access_preview,
    access_templates,
    access_terms,
    access_trial,
    apps,
    devices,
    foresee_analyse,
    foresee_impact,
    foresee_replay,
    foresee_what_if,
    groups,
    logs,
    methods_policy,
    overview,
    passkey_policy,
    people,
    person,
    pin_rules,
    policy_history,
    policy_preview,
    policy_try,
    quarantine,
)
from keystead_server.http.pages.admin.access_contexts import CONTEXTS
from keystead_server.http.pages.admin.access_locations import LOCATIONS
from keystead_server.http.pages.admin.access_strengths import STRENGTHS
from keystead_server.http.route import BROWSING, KIB, Body, Face, Handler, Limit, Route
from keystead_server.policy.permissions import Permission as May

_FORM = Body("application/x-www-form-urlencoded", 64 * KIB, form=True)
# A previewed policy comes back sealed, which makes it longer than it was in the editor.
_SEALED_FORM = Body("application/x-www-form-urlencoded", 192 * KIB, form=True)
# A location may have thousands of ranges.
_LONG_FORM = Body("application/x-www-form-urlencoded", 512 * KIB, form=True)
_CHANGING = Limit("changing", 300, 100)


def _page(path: str, handler: Handler, summary: str, permission: May = May.READ_DIRECTORY) -> Route:
    return Route("GET", f"/{{tenant}}/admin{path}", handler, summary, permission, BROWSING, Face.PAGE)


def _form(
    path: str,
    handler: Handler,
    summary: str,
    permission: May,
    answer: str = "Done; go on to the page that shows it",
    *,
    body: Body = _FORM,
) -> Route:
    return Route(
        "POST", f"/{{tenant}}/admin{path}", handler, summary, permission, _CHANGING, Face.PAGE,
        body=body, from_our_pages=True, answers={303: answer, 422: "What is wrong, beside the fields"},
    )  # fmt: skip


_PEOPLE = (
    _page("/users", people.show, "People"),
    _form("/users", people.create, "Add a person", May.WRITE_USERS),
    _page("/users/{user}", person.show, "A person's account"),
    _form("/users/{user}/rename", person.rename, "Give an account other names", May.WRITE_USERS),
    _form("/users/{user}/mail", person.set_mail, "Say where a person is told what happens", May.WRITE_USERS),
    _form("/users/{user}/roles", person.set_roles, "Change an account's roles", May.WRITE_USERS),
    _form("/users/{user}/enable", person.enable, "Let an account sign in again", May.WRITE_USERS),
    _form("/users/{user}/disable", person.disable, "Switch an account off", May.WRITE_USERS),
    _form("/users/{user}/remove", person.remove, "Remove an account", May.WRITE_USERS),
    _form("/users/{user}/risk", person.judge_risk, "Confirm or dismiss a person's risk", May.MANAGE_RISK),
    _form("/users/{user}/pass", person.issue_pass, "Issue a Temporary Access Pass", May.ISSUE_PASSES),
    _form(
        "/users/{user}/passkeys/{passkey}/remove", person.remove_passkey, "Remove a person's passkey",
        May.REMOVE_PASSKEYS,
    ),
    _form(
        "/users/{user}/methods/{method}/remove", person.remove_method,
        "Remove a person's password, authenticator app or recovery codes", May.REMOVE_METHODS,
    ),
)  # fmt: skip

_GROUPS = (
    _page("/groups", groups.show_all, "Groups"),
    _form("/groups", groups.create, "Add a group", May.WRITE_GROUPS),
    _page("/groups/{group}", groups.show, "A group and its members"),
    _form("/groups/{group}/members", groups.add_member, "Put a person into a group", May.WRITE_GROUPS),
    _form(
        "/groups/{group}/members/{user}/remove", groups.remove_member, "Take a person out of a group",
        May.WRITE_GROUPS,
    ),
    _form("/groups/{group}/remove", groups.remove, "Remove a group", May.WRITE_GROUPS),
)  # fmt: skip

_DEVICES = (
    _page("/devices", devices.show_all, "Enrolled computers"),
    _page("/devices/{device}", devices.show, "An enrolled computer"),
    _form("/devices/{device}/disable", devices.disable, "Refuse a computer's passkeys", May.MANAGE_DEVICES),
    _form("/devices/{device}/enable", devices.enable, "Accept a computer's passkeys again", May.MANAGE_DEVICES),
    _form("/devices/{device}/withdraw", devices.withdraw, "Withdraw an attestation key", May.MANAGE_DEVICES),
    _form("/devices/{device}/withdraw-chip", devices.withdraw_chip, "Withdraw a security chip", May.MANAGE_DEVICES),
    _form("/devices/{device}/remove", devices.remove, "Forget a computer", May.MANAGE_DEVICES),
)  # fmt: skip

_APPS = (
    _page("/apps", apps.show_all, "Apps"),
    _form("/apps", apps.register, "Register an app", May.WRITE_APPS),
    _page("/apps/{app}", apps.show, "An app"),
    _form("/apps/{app}/redirect-uris", apps.set_redirect_uris, "Change an app's addresses", May.WRITE_APPS),
    _form("/apps/{app}/permissions", apps.set_permissions, "Let an app use the API", May.WRITE_APPS),
    _form("/apps/{app}/secret", apps.add_secret, "Give an app a new secret", May.WRITE_APPS),
    _form("/apps/{app}/remove", apps.remove, "Remove an app", May.WRITE_APPS),
)

_PASSKEY_POLICY = (
    _page("/passkey-policy", passkey_policy.show, "The passkey policy"),
    _form("/passkey-policy", passkey_policy.save, "Change the passkey policy", May.WRITE_POLICY),
    _form(
        "/passkey-policy/edit", passkey_policy.edit, "Go back from a preview to the editor", May.WRITE_POLICY,
        body=_SEALED_FORM,
    ),
    _form(
        "/passkey-policy/preview", policy_preview.turn, "Whom a change would touch, page by page", May.WRITE_POLICY,
        body=_SEALED_FORM,
    ),
    _form(
        "/passkey-policy/confirm", policy_preview.confirm, "Save a policy that was previewed", May.WRITE_POLICY,
        body=_SEALED_FORM,
    ),
    _page("/passkey-policy/history", policy_history.show, "Every version of the passkey policy"),
    _form(
        "/passkey-policy/history/{version}/restore", policy_history.restore, "What going back to a version would do",
        May.WRITE_POLICY,
    ),
    _page("/passkey-policy/try", policy_try.show, "Ask the passkey policy about a passkey"),
    _page("/passkey-policy/quarantine", quarantine.show, "Passkeys that the policy does not admit"),
)  # fmt: skip

_METHODS_POLICY = (
    _page("/pin-rules", pin_rules.show, "What is asked of the PIN on enrolled computers"),
    _form("/pin-rules", pin_rules.save, "Change what is asked of the PIN", May.WRITE_POLICY),
    _page("/methods-policy", methods_policy.show, "The Authentication methods policy"),
    _form("/methods-policy", methods_policy.save, "Change the Authentication methods policy", May.WRITE_POLICY),
    _form(
        "/methods-policy/edit", methods_policy.edit, "Go back from a preview to the editor of methods", May.WRITE_POLICY,
        body=_SEALED_FORM,
    ),
    _form(
        "/methods-policy/preview", methods_policy.turn, "Whom a change of methods would touch, page by page",
        May.WRITE_POLICY, body=_SEALED_FORM,
    ),
    _form(
        "/methods-policy/confirm", methods_policy.confirm, "Save a methods policy that was previewed",
        May.WRITE_POLICY, body=_SEALED_FORM,
    ),
    _page("/methods-policy/history", policy_history.show_methods, "Every version of the methods policy"),
    _form(
        "/methods-policy/history/{version}/restore", policy_history.restore_methods,
        "What going back to a version of the methods policy would do", May.WRITE_POLICY,
    ),
)  # fmt: skip

_ACCESS = (
    _page("/access", access_list.show, "The policies of Conditional Access"),
    _page("/access/templates", access_templates.show, "Ready-made policies to start from"),
    _page("/access/new", access_editor.show_new, "Write a policy of Conditional Access", May.WRITE_POLICY),
    _form(
        "/access/new", access_editor.submit_new, "Check a new policy, or see what it would do", May.WRITE_POLICY,
        body=_SEALED_FORM,
    ),
    _page("/access/policies/{policy}", access_editor.show, "A policy of Conditional Access"),
    _form(
        "/access/policies/{policy}", access_editor.submit, "Check a changed policy, or see what it would do",
        May.WRITE_POLICY, body=_SEALED_FORM,
    ),
    _form(
        "/access/policies/{policy}/state", access_preview.switch, "What switching a policy on or off would do",
        May.WRITE_POLICY,
    ),
    _form("/access/policies/{policy}/remove", access_preview.remove, "What removing a policy would do", May.WRITE_POLICY),
    _form("/access/edit", access_editor.back, "Go back from a preview to the editor of a policy", May.WRITE_POLICY, body=_LONG_FORM),
    _form(
        "/access/preview", access_preview.turn, "Whom a change of policies would touch, page by page", May.WRITE_POLICY,
        body=_LONG_FORM,
    ),
    _form(
        "/access/confirm", access_preview.confirm, "Save a change of policies that was previewed, for good or on trial",
        May.WRITE_POLICY, body=_LONG_FORM,
    ),
    _page("/access/emergency", access_emergency.show, "Break-glass accounts, and who is spared for a time"),
    _form("/access/emergency", access_emergency.add, "Name a break-glass account", May.WRITE_POLICY),
    _form(
        "/access/emergency/{user}/remove", access_emergency.remove, "Let policies apply to a break-glass account again",
        May.WRITE_POLICY,
    ),
    _page("/access/history", policy_history.show_access, "Every version of Conditional Access"),
    _form(
        "/access/history/{version}/restore", policy_history.restore_access,
        "What going back to a version of Conditional Access would do", May.WRITE_POLICY,
    ),
    _page("/access/trial", access_trial.show, "A change of policies that is on trial"),
    _form("/access/trial/confirm", access_trial.confirm, "Keep what is on trial", May.WRITE_POLICY),
    _form("/access/trial/take-back", access_trial.take_back, "End a trial now", May.WRITE_POLICY),
)  # fmt: skip

_ACCESS_ITEMS = tuple(
    route
    for kind, one, pages in (
        ("locations", "a named location", LOCATIONS),
        ("strengths", "an authentication strength", STRENGTHS),
        ("contexts", "an authentication context", CONTEXTS),
    )
    for route in (
        _page(f"/access/{kind}", pages.show_all, f"{pages.title}, and the policies that name them"),
        _page(f"/access/{kind}/new", pages.show_new, f"Write {one}", May.WRITE_POLICY),
        _form(f"/access/{kind}/new", pages.create, f"Add {one}", May.WRITE_POLICY, body=_LONG_FORM),
        _page(f"/access/{kind}/{{item}}", pages.show, f"{one[:1].upper()}{one[1:]}"),
        _form(f"/access/{kind}/{{item}}", pages.save, f"Change {one}", May.WRITE_POLICY, body=_LONG_FORM),
        _form(f"/access/{kind}/{{item}}/remove", pages.remove, f"Remove {one}", May.WRITE_POLICY),
    )
)

# A draft may be all that an organisation has; a text in another script is nine times as long in a form.
_DRAFT_FORM = Body("application/x-www-form-urlencoded", 1024 * KIB, form=True)
_TERMS = (
    _page("/access/terms", access_terms.show_all, "Terms of use, and how many accepted them"),
    _form("/access/terms", access_terms.write, "Write terms of use", May.WRITE_POLICY, body=_DRAFT_FORM),
    _page("/access/terms/{terms}", access_terms.show, "Terms of use, and their text"),
    _form("/access/terms/{terms}", access_terms.save, "Write terms of use anew", May.WRITE_POLICY, body=_DRAFT_FORM),
    _form("/access/terms/{terms}/remove", access_terms.remove, "Remove terms of use", May.WRITE_POLICY),
)
_FORESEE = (
    _page("/access/what-if", foresee_what_if.show, "A supposed sign-in, decided, with the reason of every policy"),
    _page("/access/replay", foresee_replay.show, "A change against the sign-ins of the last days", May.READ_LOGS),
    _form(
        "/access/replay", foresee_replay.begin, "Begin to replay a change", May.READ_LOGS,
        "Begun; go on to the page that shows it", body=_DRAFT_FORM,
    ),
    _form("/access/replay/stop", foresee_replay.stop, "Stop replaying", May.READ_LOGS),
    _page("/access/analyse", foresee_analyse.show, "What is wrong with the policies as a whole"),
    _form(
        "/access/analyse", foresee_analyse.begin, "Begin to search the policies for mistakes", May.READ_DIRECTORY,
        "Begun; go on to the page that shows it",
    ),
    _page("/access/impact", foresee_impact.show, "What each policy did, or would have done", May.READ_LOGS),
    _form("/access/impact/stop", foresee_impact.stop, "Stop counting", May.READ_LOGS),
    _form("/access/analyse/stop", foresee_analyse.stop, "Stop searching", May.READ_DIRECTORY),
)  # fmt: skip

ROUTES: tuple[Route, ...] = (
    _page("", overview.show, "Figures and the last sign-ins"),
    *_PEOPLE,
    *_GROUPS,
    *_DEVICES,
    *_APPS,
    *_PASSKEY_POLICY,
    *_METHODS_POLICY,
    *_ACCESS,
    *_ACCESS_ITEMS,
    *_TERMS,
    *_FORESEE,
    _page("/sign-ins", logs.sign_ins, "The sign-in log", May.READ_LOGS),
    _page("/audit", logs.audit, "The audit log", May.READ_LOGS),
)
