"""The daemon's answers as lines for people."""

from collections.abc import Iterator, Mapping, Sequence
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
        yield from _gesture_lines(status["gestures"])
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


def _gesture_lines(gestures: Ok) -> Iterator[str]:
    for way in gestures["ways"]:
        if not way["ready"]:
            yield f"Gesture     {way['name']}: not to be used now"
        else:
            yield f"Gesture     {way['name']}: {'ready' if gestures['open'] else 'after the next PIN'}"


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
    yield from beware_lines(answer)


def beware_lines(answer: Ok) -> Iterator[str]:
    if "beware" in answer:
        yield f"Beware      {answer['beware']}"


def log_lines(lines: Sequence[Ok]) -> Iterator[str]:
    if not lines:
        yield "Nothing has happened yet."
    for line in lines:
        facts = ", ".join(f"{name} {value}" for name, value in line.items() if name not in ("at", "event"))
        yield f"{str(line.get('at', ''))[:19].replace('T', ' ')}  {line.get('event', '')}  {facts}".rstrip()


def finding_lines(findings: Sequence[Ok]) -> Iterator[str]:
    for finding in findings:
        yield f"{finding['state']:<7} {finding['check']:<12} {finding['says']}"
        if finding["mend"]:
            yield f"{'':<20} → {finding['mend']}"


def step_lines(steps: Sequence[Ok]) -> Iterator[str]:
    for step in steps:
        yield f"{step['outcome']:<8} {step['step']:<8} {step['says']}"
