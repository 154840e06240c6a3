"""What would happen at a site if it asked now, and why: read from what the container knows, nobody is asked."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeAlias
from urllib.parse import urlsplit

from keystead_agent.authenticator.allow_list import Caller, admit
from keystead_agent.authenticator.approval import Offload
from keystead_agent.authenticator.errors import AuthenticatorError
from keystead_agent.container.container import Container
from keystead_agent.container.errors import ContainerError
from keystead_agent.keystore.errors import KeystoreError
from keystead_agent.keystore.software import beware

Way: TypeAlias = Mapping[str, object]
"""A way besides the PIN: name, and whether it could be used now."""
Ways: TypeAlias = Callable[[], Awaitable[Sequence[Way]]]


async def no_other_ways() -> Sequence[Way]:
    return ()


async def explain(container: Container, site: str, ways: Sequence[Way], offload: Offload) -> dict[str, object]:
    """Return site, rp_id, allowed, passkeys, code (of the refusal that would come, or ""), and sentences for people."""
    rp_id, refused = _admitted(container, site)
    if refused is not None:
        return _answer(site, rp_id, [], refused.code, [str(refused), _how_to_enrol(container)])
    passkeys = [passkey.to_json() for passkey in reversed(container.passkeys_for(rp_id))]
    sentences = [f"{rp_id} is enrolled: its pages may ask.", *_about_passkeys(rp_id, passkeys)]
    sentences += filter(None, [beware(container.keystore.kind)])
    code = "" if passkeys else "no_passkey"
    try:
        tries = await offload(partial(container.tries))
    except (ContainerError, KeystoreError) as error:
        return _answer(site, rp_id, passkeys, error.code, [*sentences, str(error)])
    if not tries.left:
        return _answer(site, rp_id, passkeys, "pin_locked", [*sentences, "Too many wrong PINs: none is looked at now."])
    sentences.append(f"Each use asks for the PIN, which may be wrong {tries.left} more times.")
    sentences += _about_gestures(ways, is_open=container.gesture_pass is not None)
    return _answer(site, rp_id, passkeys, code, sentences)


def _admitted(container: Container, site: str) -> tuple[str, AuthenticatorError | None]:
    if "://" not in site:
        rp_id, origins = site, [origin for one in container.providers if one.rp_id == site for origin in one.origins]
        origin = origins[0] if origins else f"https://{site}"
    else:
        parts = urlsplit(site)
        origin = f"{parts.scheme}://{parts.netloc}"
        theirs = [one.rp_id for one in container.providers if origin in one.origins]
        rp_id = theirs[0] if theirs else parts.hostname or site
    try:
        return admit(container.providers, Caller(origin), rp_id), None
    except AuthenticatorError as refused:
        return rp_id, refused


def _how_to_enrol(container: Container) -> str:
    known = ", ".join(provider.rp_id for provider in container.providers) or "none"
    return f"Enrolled are: {known}. To add one: keystead-agent enrol URL"


def _about_passkeys(rp_id: str, passkeys: Sequence[Mapping[str, object]]) -> Iterator[str]:
    if not passkeys:
        yield f"There is no passkey for {rp_id} here: register one on its security page."
    elif len(passkeys) == 1:
        yield f"One passkey would be used, that of {passkeys[0]['name']}."
    else:
        names = ", ".join(str(passkey["name"]) for passkey in passkeys)
        yield f"Of {len(passkeys)} passkeys one would be chosen in a window: {names}."


def _about_gestures(ways: Sequence[Way], *, is_open: bool) -> Iterator[str]:
    for way in ways:
        if not way["ready"]:
            yield f"{way['name']} cannot be used now."
        elif is_open:
            yield f"{way['name']} does in the PIN's place."
        else:
            yield f"{way['name']} does in the PIN's place once the PIN was typed since the start or the last lock."


def _answer(
    site: str, rp_id: str, passkeys: Sequence[Mapping[str, object]], code: str, sentences: Sequence[str]
) -> dict[str, object]:
    return {"site": site, "rp_id": rp_id, "passkeys": list(passkeys), "code": code, "sentences": list(sentences)}
