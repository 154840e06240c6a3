"""What changed between two Authentication methods policies, in sentences."""

from collections.abc import Iterator
from datetime import timedelta

from keystead_server.policy.methods.decide import METHOD_NAMES
from keystead_server.policy.methods.model import (
    Campaign,
    MethodConfiguration,
    MethodsPolicy,
    PassSettings,
    Preference,
    SystemPreferred,
)
from keystead_server.policy.passkeys.explain import Names, called
from keystead_server.policy.people import Principal

_PREFERENCES = {
    Preference.DISABLED: "nowhere",
    Preference.ENABLED: "for the second factor",
    Preference.DEFAULT: "for the first and the second factor",
}


def differences(before: MethodsPolicy, after: MethodsPolicy, names: Names) -> tuple[str, ...]:
    """One sentence for each difference that decides anything; empty when there is none."""
    return (
        *_switches(before, after),
        *(
            f"{_title(was)}: {change}"
            for was, now in zip(before.configurations, after.configurations, strict=True)
            for change in _configuration(was, now, names)
        ),
        *(f"Temporary Access Pass: {change}" for change in _passes(before.passes, after.passes)),
        *(f"Registration campaign: {change}" for change in _campaign(before.campaign, after.campaign, names)),
        *(f"System-preferred method: {c}" for c in _preferred(before.preferred, after.preferred, names)),
    )


def _title(configuration: MethodConfiguration) -> str:
    name = METHOD_NAMES[configuration.method]
    return name[0].upper() + name[1:]


def _switches(before: MethodsPolicy, after: MethodsPolicy) -> Iterator[str]:
    if before.security_defaults != after.security_defaults:
        yield f"Security defaults are switched {_on(after.security_defaults)}."
    if before.passwords_forbidden != after.passwords_forbidden:
        yield f"Passwords are {'forbidden' if after.passwords_forbidden else 'no longer forbidden'}."
    if before.retire_weaker_on_passkey != after.retire_weaker_on_passkey:
        yield f"Registering a passkey {'retires' if after.retire_weaker_on_passkey else 'keeps'} weaker methods."


def _configuration(was: MethodConfiguration, now: MethodConfiguration, names: Names) -> Iterator[str]:
    if was.enabled != now.enabled:
        yield f"switched {_on(now.enabled)}."
    if was.self_service != now.self_service:
        yield f"people may {'' if now.self_service else 'not '}set it up by themselves."
    yield from _people(was.include, was.exclude, now.include, now.exclude, names)


def _passes(was: PassSettings, now: PassSettings) -> Iterator[str]:
    for what, before, after in (
        ("default lifetime", was.default_lifetime, now.default_lifetime),
        ("shortest lifetime", was.minimum_lifetime, now.minimum_lifetime),
        ("longest lifetime", was.maximum_lifetime, now.maximum_lifetime),
    ):
        if before != after:
            yield f"{what} {_minutes(after)}, before {_minutes(before)}."
    if was.length != now.length:
        yield f"{now.length} characters, before {was.length}."
    if was.one_time != now.one_time:
        yield "good for one sign-in, always." if now.one_time else "no longer good for one sign-in only."


def _campaign(was: Campaign, now: Campaign, names: Names) -> Iterator[str]:
    if was.enabled != now.enabled:
        yield f"switched {_on(now.enabled)}."
    if was.snooze != now.snooze:
        yield f"“not now” lasts {_counted(now.snooze.days, 'day')}, before {was.snooze.days}."
    if was.enforced != now.enforced:
        yield f"“not now” is offered {'a few times only' if now.enforced else 'every time'}."
    if was.allowed_snoozes != now.allowed_snoozes:
        yield f"“not now” is offered {_counted(now.allowed_snoozes, 'time')}, before {was.allowed_snoozes}."
    yield from _people(was.include, was.exclude, now.include, now.exclude, names)


def _preferred(was: SystemPreferred, now: SystemPreferred, names: Names) -> Iterator[str]:
    if was.state is not now.state:
        yield f"offered first {_PREFERENCES[now.state]}, before {_PREFERENCES[was.state]}."
    yield from _people(was.include, was.exclude, now.include, now.exclude, names)


def _people(
    was_in: frozenset[Principal], was_out: frozenset[Principal],
    now_in: frozenset[Principal], now_out: frozenset[Principal], names: Names,
) -> Iterator[str]:  # fmt: skip
    for words, which in (
        ("now meant for", now_in - was_in), ("no longer meant for", was_in - now_in),
        ("now excluded", now_out - was_out), ("no longer excluded", was_out - now_out),
    ):  # fmt: skip
        if which:
            yield f"{words}: {', '.join(sorted(called(one, names) for one in which))}."


def _on(flag: bool) -> str:
    return "on" if flag else "off"


def _minutes(lifetime: timedelta) -> str:
    return _counted(lifetime // timedelta(minutes=1), "minute")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
