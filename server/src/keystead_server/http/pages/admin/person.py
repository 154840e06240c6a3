"""One person's account, as administrators see and change it."""

from datetime import timedelta
from urllib.parse import urlencode

from starlette.responses import Response

from keystead_server.domain.access_pass import TemporaryAccessPass, readable_code
from keystead_server.domain.ids import GroupId, PasskeyId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import Role, User
from keystead_server.flows.manage_passkey import NotDone
from keystead_server.flows.method_gate import NotDone as MethodNotDone
from keystead_server.http.call import Call
from keystead_server.http.pages.admin import person_risk
from keystead_server.http.pages.admin.asked import NO_ERRORS, Errors, the_user
from keystead_server.http.pages.lines import device_line, passkey_lines
from keystead_server.http.pages.method_lines import method_lines
from keystead_server.http.pages.next_page import named
from keystead_server.http.pages.render import page, see_other
from keystead_server.http.pages.uses import LOOKED_THROUGH, uses
from keystead_server.http.problems import NOT_FOUND, Refuse
from keystead_server.policy.methods.campaign import NAMES, says
from keystead_server.policy.methods.model import PassSettings

_NOTICES = {
    "created": "The account was added. Issue a Temporary Access Pass, so that its owner can add a passkey.",
    "renamed": "The names were changed.",
    "roles": "The roles were changed.",
    "enabled": "The account can sign in again.",
    "disabled": "The account is switched off and signed out everywhere.",
    "passkey_removed": "The passkey was removed.",
    "method_removed": "It was removed.",
    "risk": "It is kept, and counts from the next request on.",
    "mail": "The mail address was changed.",
    "pass_delivered": "The link is on its way. It works once, and nobody but its reader sees it.",
}
LIFETIMES = (("60", "1 hour"), ("480", "8 hours"), ("1440", "1 day"), ("10080", "7 days"), ("43200", "30 days"))
_NONE = timedelta(0)
_PASS_STATES = {
    "enabledByPolicy": "can be used",
    "notYetValid": "cannot be used yet",
    "expired": "has expired",
    "oneTimeUsed": "was used",
}


async def show(call: Call) -> Response:
    return await _account(call, await the_user(call))


async def rename(call: Call) -> Response:
    user = await the_user(call)
    try:
        await call.services.manage_user.rename(
            user, username=call.field("username"), display_name=call.field("display_name"), by=call.actor
        )
    except Invalid as invalid:
        return await _account(call, user, Errors.of(invalid), status=422)
    return _done(call, user, "renamed")


async def set_roles(call: Call) -> Response:
    user = await the_user(call)
    wanted = frozenset(role for role in Role if role.value in call.fields("role"))
    try:
        await call.services.manage_user.set_roles(user, wanted, by=call.actor)
    except Invalid as invalid:
        return await _account(call, user, Errors.of(invalid), status=422)
    return _done(call, user, "roles")


async def set_mail(call: Call) -> Response:
    user = await the_user(call)
    try:
        await call.services.manage_user.set_mail(user, call.field("mail"), by=call.actor)
    except Invalid as invalid:
        return await _account(call, user, Errors.of(invalid), status=422)
    return _done(call, user, "mail")


async def enable(call: Call) -> Response:
    user = await the_user(call)
    await call.services.manage_user.enable(user, by=call.actor)
    return _done(call, user, "enabled")


async def disable(call: Call) -> Response:
    user = await the_user(call)
    try:
        await call.services.manage_user.disable(user, by=call.actor)
    except Invalid as invalid:
        return await _account(call, user, Errors.of(invalid), status=422)
    return _done(call, user, "disabled")


async def remove(call: Call) -> Response:
    user = await the_user(call)
    try:
        await call.services.manage_user.remove(user, by=call.actor)
    except Invalid as invalid:
        return await _account(call, user, Errors.of(invalid), status=422)
    return see_other(f"/{call.tenant.name}/admin/users?done=removed")


async def remove_passkey(call: Call) -> Response:
    user = await the_user(call)
    passkey = await call.services.store.passkeys.get(call.tenant.id, PasskeyId(named(call, "passkey")))
    # The address names both; a passkey of somebody else under this person's page is nothing we know.
    if passkey is None or passkey.user_id != user.id:
        raise Refuse(NOT_FOUND)
    try:
        outcome = await call.services.manage_passkey.remove_for(call.tenant.id, passkey.id, by=call.actor)
    except Invalid as invalid:
        return await _account(call, user, Errors.of(invalid), status=422)
    if isinstance(outcome, NotDone):
        raise Refuse(NOT_FOUND)
    return _done(call, user, "passkey_removed")


async def remove_method(call: Call) -> Response:
    user = await the_user(call)
    try:
        outcome = await call.services.manage_methods.remove_for(
            call.tenant.id, user.id, named(call, "method"), by=call.actor
        )
    except Invalid as invalid:
        return await _account(call, user, Errors.of(invalid), status=422)
    if isinstance(outcome, MethodNotDone):
        raise Refuse(NOT_FOUND)
    return _done(call, user, "method_removed")


async def judge_risk(call: Call) -> Response:
    user = await the_user(call)
    manage, verdict = call.services.manage_risk, call.field("verdict")
    try:
        match verdict:
            case "confirm":
                await manage.confirm([user], by=call.actor)
            case "dismiss":
                await manage.dismiss([user], by=call.actor)
            case "supply":
                await person_risk.supply(call, user)
            case _:
                raise Refuse(NOT_FOUND)
    except Invalid as invalid:
        return await _account(call, user, Errors.of(invalid), status=422)
    return _done(call, user, "risk")


async def issue_pass(call: Call) -> Response:
    """The one page that shows the code, of which we keep only a digest; a delivered pass has none to show."""
    user = await the_user(call)
    minutes = call.field("lifetime")
    lifetime = (
        timedelta(minutes=int(minutes)) if minutes.isascii() and minutes.isdigit() and len(minutes) < 6 else _NONE
    )
    try:
        if call.field("delivery") == "mail":
            await call.services.issue_pass.deliver(user, by=call.actor, lifetime=lifetime)
            return _done(call, user, "pass_delivered")
        issued = await call.services.issue_pass(
            user, by=call.actor, lifetime=lifetime, usable_once=call.field("usable_once") == "yes"
        )
    except Invalid as invalid:
        return await _account(call, user, Errors.of(invalid), status=422)
    code = readable_code(issued.code)
    link = f"/{call.tenant.name}/sign-in/pass?{urlencode({'user': user.username, 'pass': code})}"
    return page(
        call,
        "admin/pass-issued.html",
        user=user,
        code=code,
        link=f"{call.services.relying_party.public_url}{link}",
        access_pass=issued.access_pass,
        unusable=issued.unusable,
    )


def _done(call: Call, user: User, what: str) -> Response:
    return see_other(f"/{call.tenant.name}/admin/users/{user.id}?done={what}")


async def _account(call: Call, user: User, errors: Errors = NO_ERRORS, *, status: int = 200) -> Response:
    store = call.services.store
    groups = await store.users.groups_of(call.tenant.id, user.id)
    group_ids = frozenset(GroupId(g.id) for g in groups)
    held = await call.services.held_methods.of(user, group_ids)
    used = await uses(call, await store.logs.attempts(call.tenant.id, limit=LOOKED_THROUGH, user=user.id))
    lines = await passkey_lines(call, held.passkeys, user, group_ids, used)
    devices = await store.devices.of_user(call.tenant.id, user.id)
    passes = (await call.services.methods.at(call.tenant.id, call.signed_in.policy_version)).passes
    return page(
        call,
        "admin/person.html",
        status=status,
        person=user,
        groups=groups,
        passkeys=lines,
        others=method_lines(held, used),
        registering=await call.services.check_registration(call.tenant.id, user),
        devices=[device_line(device) for device in devices],
        campaign=await _campaign_words(call, user),
        stranded=bool(lines) and all(line.quarantine or line.out for line in lines),
        roles=[(role.value, role in user.roles) for role in Role],
        access_pass=_pass_words(call, await store.passes.of_user(call.tenant.id, user.id)),
        lifetimes=_lifetimes(passes),
        lifetime=_minutes(passes.default_lifetime),
        always_once=passes.one_time,
        sends_mail=call.services.issue_pass.letters.possible,
        mail=call.field("mail") if errors.at("mail") else user.mail or "",
        risk_card=await person_risk.card_of(call, user),
        risk_kinds=person_risk.KINDS,
        risk_days=person_risk.DAYS,
        risk_typed={name: call.field(name) for name in ("kind", "reason", "days")},
        own=call.signed_in.user.id == user.id,
        errors=errors,
        # What was typed comes back with the complaint about it.
        username=call.field("username") or user.username,
        display_name=call.field("display_name") or user.display_name,
        notice=_NOTICES.get(call.query("done")),
        sign_ins="?" + urlencode({"user": user.username}),
    )


async def _campaign_words(call: Call, user: User) -> list[tuple[str, str]]:
    """Where the registration campaign would ask this person, and where not, with the reason; the same ones together."""
    explained = await call.services.suggest_passkey.explain(user)
    by_words: dict[str, list[str]] = {}
    for platform, decided in explained.on.items():
        by_words.setdefault(says(decided), []).append(NAMES[platform])
    if len(by_words) == 1:
        lines = [("Anywhere", next(iter(by_words)))]
    else:
        lines = [("On " + ", ".join(names), words) for words, names in by_words.items()]
    alone = explained.where_one_lives
    if alone is not None and says(alone) not in by_words:
        lines.append(("On a device that keeps one of their passkeys", says(alone)))
    return lines


def _lifetimes(passes: PassSettings) -> list[tuple[str, str]]:
    """What is offered: the usual ones that the policy allows, and its own limits."""
    own = {_minutes(each) for each in (passes.minimum_lifetime, passes.default_lifetime, passes.maximum_lifetime)}
    usual = dict(LIFETIMES)
    offered = sorted({*usual, *own}, key=int)
    least, most = passes.minimum_lifetime, passes.maximum_lifetime
    return [(m, usual.get(m) or _long(int(m))) for m in offered if least <= timedelta(minutes=int(m)) <= most]


def _long(minutes: int) -> str:
    return f"{minutes} minutes" if minutes % 60 else f"{minutes // 60} hours"


def _minutes(lifetime: timedelta) -> str:
    return str(lifetime // timedelta(minutes=1))


def _pass_words(call: Call, access_pass: TemporaryAccessPass | None) -> tuple[TemporaryAccessPass, str] | None:
    if access_pass is None:
        return None
    return access_pass, _PASS_STATES[access_pass.state(call.services.clock.now())]
