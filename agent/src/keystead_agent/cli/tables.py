"""The daemon's answers as lines for people."""

from collections.abc import Iterator, Mapping
from typing import Any

Ok = Mapping[str, Any]

_GUARDS = {
    "provider": "a record of your own in the chip; your identity provider can give tries back",
    "person": "a record of your own in the chip; the right PIN makes it new",
    "chip": "the chip's one counter, which everybody on this computer shares",
    "file": "a file, which whoever copies it can set back",
}


def status_lines(status: Ok) -> Iterator[str]:
    keystore = status["keystore"]
    yield from _keystore_lines(keystore)
    if "error" in status:
        yield f"Container   {status['message']} [{status['error']}]"
    else:
        yield f"PIN         {'set' if status['pin_set'] else 'not set: run keystead-agent pin set'}"
        if status["pin_guard"]:
            yield f"Counted by  {_GUARDS[status['pin_guard']]}"
        yield f"Passkeys    {status['passkeys']}"
        yield from _provider_lines(status)
    yield f"Daemon      {status['agent']}, listening at {status['socket']}"
    for warning in keystore.get("warnings", []):
        yield f"Beware      {warning}"


def _keystore_lines(keystore: Ok) -> Iterator[str]:
    if "error" in keystore:
        yield f"Keystore    {keystore['message']} [{keystore['error']}]"
        return
    yield f"Keystore    {keystore['label']}"
    if keystore["firmware"]:
        yield f"Firmware    {keystore['firmware']}"
    yield f"Tries left  {keystore['tries_left']} of {keystore['tries_limit']} wrong PINs"


def _provider_lines(status: Ok) -> Iterator[str]:
    if not status["providers"]:
        yield "Providers   none: run keystead-agent enrol URL"
    for provider in status["providers"]:
        yield f"Provider    {provider['name']} ({provider['rp_id']}), {', '.join(provider['origins'])}"
        if provider["proof"]:
            yield f"Proven      with {provider['name']}, as {provider['proof']['name']}, until {provider['proof']['expires_at'][:10]}"


def passkey_lines(answer: Ok) -> Iterator[str]:
    if not answer["passkeys"]:
        yield "No passkeys yet: register one on your identity provider's security page."
    for passkey in answer["passkeys"]:
        yield f"{passkey['credential']}  {passkey['rp_id']}  {passkey['name']}  since {passkey['created_at'][:10]}"
