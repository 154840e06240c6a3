"""What is asked of the PIN on people's enrolled computers: one small form."""

from keystead_core.link.pin_policy import CLASSES, MEMBERS, PinPolicy, Presence
from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.flows.pin_policy import PinKind, checked
from keystead_server.flows.policy_kinds import in_force
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import NO_ERRORS, Errors
from keystead_server.http.pages.render import page, see_other

_TITLES = {
    "digits": "Digits",
    "lowercase": "Lower-case letters",
    "uppercase": "Upper-case letters",
    "special": "Everything else",
}
_CHOICES = (
    (Presence.ALLOW.value, "Allowed"),
    (Presence.REQUIRE.value, "Required"),
    (Presence.DISALLOW.value, "Not allowed"),
)


async def show(call: Call) -> Response:
    version, policy = await in_force(call.services.store, PinKind(), call.tenant.id)
    return _page(call, str(version), {name: str(value) for name, value in policy.to_json().items()})


async def save(call: Call) -> Response:
    typed = {name: call.field(name) for name in MEMBERS}
    version = call.field("version")
    try:
        policy = _read(typed)
        expected = _number("version", version)
        await call.services.save_pin_policy(call.tenant.id, policy, by=call.actor, expected=expected)
    except Invalid as invalid:
        return _page(call, version, typed, Errors.of(invalid), status=422)
    return see_other(f"/{call.tenant.name}/admin/pin-rules?done=saved")


def _read(typed: dict[str, str]) -> PinPolicy:
    numbers = {name: _number(name, typed[name]) for name in ("minimum", "history", "expiryDays")}
    return checked({**typed, **numbers})


def _number(name: str, typed: str) -> int:
    if not typed.isascii() or not typed.isdecimal() or len(typed) > 4:
        raise Invalid("pin_rules_invalid", "this must be a number", target=name)
    return int(typed)


def _page(call: Call, version: str, form: dict[str, str], errors: Errors = NO_ERRORS, *, status: int = 200) -> Response:
    return page(
        call,
        "admin/pin-rules.html",
        status=status,
        version=version,
        form=form,
        errors=errors,
        classes=[(name, _TITLES[name]) for name in CLASSES],
        choices=_CHOICES,
        saved=call.query("done") == "saved",
    )
