"""The PIN's window and other ways at once."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from keystead_agent.gesture.interface import Cancelled, Prompt, Purpose, Verified
from keystead_agent.gesture.pam import PamService, is_service_name
from keystead_agent.gesture.parallel import AnyOfThese
from keystead_agent.gesture.scripted import ScriptedGesture

ALLOWED = Prompt(Purpose.SIGN_IN, "id.example.org", "ada", other_gestures=True)


@dataclass
class Window(ScriptedGesture):
    """A PIN window that nobody types into until *typed_after* seconds, if ever."""

    typed_after: float | None = None
    was_closed: bool = False

    async def ask_pin(self, prompt: Prompt) -> str | Verified | Cancelled:
        self.prompts.append(prompt)
        try:
            await asyncio.sleep(3600 if self.typed_after is None else self.typed_after)
        except asyncio.CancelledError:
            self.was_closed = True
            raise
        return "137946"


@dataclass
class Camera:
    """Recognises, or not, after a moment; never, when *after* is None."""

    recognises: bool = True
    after: float | None = 0.01
    ready: bool = True
    question: str = ""
    name: str = "camera"
    hint: str = "Look here."
    let_go: list[str] = field(default_factory=list)

    async def is_ready(self) -> bool:
        return self.ready

    async def verify(self, prompt: Prompt) -> bool:
        try:
            await asyncio.sleep(3600 if self.after is None else self.after)
        finally:
            self.let_go.append("yes")
        return self.recognises


def ask(
    window: ScriptedGesture, *cameras: Camera, prompt: Prompt = ALLOWED, is_watched: bool = True
) -> tuple[str | Verified | Cancelled, list[str]]:
    noted: list[str] = []
    gesture = AnyOfThese(window, cameras, lambda: is_watched, noted.append)
    return asyncio.run(asyncio.wait_for(gesture.ask_pin(prompt), 5)), noted


def test_who_is_recognised_first_closes_the_window() -> None:
    window = Window([])

    answer, noted = ask(window, Camera())

    assert answer == Verified("camera")
    assert window.was_closed
    assert window.prompts[0].hints == ("Look here.",)
    assert noted == ["camera"]


def test_a_pin_that_is_typed_first_lets_go_of_the_device() -> None:
    camera = Camera(after=None)

    answer, noted = ask(Window([], typed_after=0.01), camera)

    assert answer == "137946"
    assert camera.let_go == ["yes"]
    assert noted == []


def test_who_is_not_recognised_can_still_type() -> None:
    assert ask(Window([], typed_after=0.1), Camera(recognises=False))[0] == "137946"


def test_one_that_is_not_ready_is_not_spoken_of() -> None:
    camera = Camera(ready=False)
    window = Window([], typed_after=0.01)

    assert ask(window, camera)[0] == "137946"
    assert window.prompts[0].hints == ()
    assert camera.let_go == []


@pytest.mark.parametrize(("allowed", "watched"), [(False, True), (True, False)])
def test_where_only_the_pin_will_do_nobody_is_looked_at(allowed: bool, watched: bool) -> None:
    camera = Camera()
    prompt = ALLOWED if allowed else Prompt(Purpose.SIGN_IN, "id.example.org")

    answer, _ = ask(Window([], typed_after=0.05), camera, prompt=prompt, is_watched=watched)

    assert answer == "137946"
    assert camera.let_go == []


def test_it_offers_no_more_than_a_pin_while_nobody_watches_the_session() -> None:
    assert AnyOfThese(Window([]), [Camera()], lambda: True, print).offers_more
    assert not AnyOfThese(Window([]), [Camera()], lambda: False, print).offers_more
    assert not AnyOfThese(Window([]), [], lambda: True, print).offers_more


@pytest.mark.parametrize(("agrees", "answer"), [(True, Verified("camera")), (False, Cancelled())])
def test_a_face_approves_nothing_without_a_button(agrees: bool, answer: Verified | Cancelled) -> None:
    """Attack: whoever sits in front of the camera is recognised, wanting it or not."""
    window = Window([agrees])

    given, noted = ask(window, Camera(question="You were recognised. Approve this?"))

    assert given == answer
    assert window.questions == ["You were recognised. Approve this?"]
    assert window.prompts[-1].account == "ada"
    assert noted == (["camera"] if agrees else [])


def pam(directory: Path, rules: str, *, service: str = "keystead-face", seconds: float = 10) -> bool:
    (directory / "keystead-face").write_text(rules, encoding="utf-8")
    return asyncio.run(PamService(service, "root", timedelta(seconds=seconds), directory).verify(ALLOWED))


YES = "auth required pam_permit.so\naccount required pam_permit.so\n"


@pytest.mark.parametrize(
    ("rules", "recognised"),
    [
        (YES, True),
        ("auth required pam_deny.so\naccount required pam_permit.so\n", False),
        ("auth required pam_permit.so\naccount required pam_deny.so\n", False),
        ("auth required pam_unix.so\naccount required pam_permit.so\n", False),
        ("auth required pam_that_is_not_installed.so\naccount required pam_permit.so\n", False),
        ("", False),
    ],
    ids=["permits", "denies", "account has ended", "asks for a password", "no such module", "empty"],
)
def test_a_pam_service_recognises_as_its_rules_say(tmp_path: Path, rules: str, recognised: bool) -> None:
    assert pam(tmp_path, rules) is recognised


def test_a_service_that_is_not_there_is_never_the_service_other(tmp_path: Path) -> None:
    (tmp_path / "other").write_text(YES, encoding="utf-8")

    assert pam(tmp_path, YES, service="not-there") is False


@pytest.mark.parametrize("name", ["../keystead-face", "/etc/passwd", "", "a b", "Face"])
def test_a_services_name_is_no_path(tmp_path: Path, name: str) -> None:
    assert not is_service_name(name)
    assert pam(tmp_path, YES, service=name) is False


def test_a_service_that_hangs_is_ended(tmp_path: Path) -> None:
    hangs = "auth required pam_exec.so /bin/sleep 30\naccount required pam_permit.so\n"

    assert pam(tmp_path, hangs, seconds=0.5) is False
