"""Class 27: neither what is answered nor how much is done for it tells whether a name is known."""

import re
from datetime import timedelta
from typing import Any

import pytest
from keystead_testkit.loop import run
from keystead_testkit.office import Office

WRONG = "BBBBBBBBBBBB"


@pytest.fixture
def names(office: Office) -> list[str]:
    """With a passkey and a pass, with neither, and nobody's."""
    office.issue_pass()
    office.add_person("grace@contoso.example")
    return ["ada@contoso.example", "grace@contoso.example", "nobody@contoso.example"]


def without_what_is_random(text: str, name: str) -> str:
    """The page with ids, seals and the typed name put in one form."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text)
    return re.sub(r'(name="form_token" value=)"[^"]+"', r'\1"T"', text).replace(name, "NAME")


def test_the_page_for_a_wrong_code_is_the_same_for_everybody(office: Office, names: list[str]) -> None:
    pages = set()
    for name in names:
        answer = office.http().sign_in_with_pass("contoso", name, WRONG)
        headers = {key: value for key, value in answer.headers.items() if key not in ("x-request-id", "content-length")}
        pages.add((answer.status_code, without_what_is_random(answer.text, name), str(sorted(headers.items()))))

    assert len(pages) == 1


def test_every_reason_a_pass_can_fail_for_looks_the_same(office: Office) -> None:
    code = office.issue_pass(usable_once=True).code
    office.http().sign_in_with_pass("contoso", office.ada.username, code)
    later = office.add_person("later@contoso.example")
    early = office.issue_pass(later, starts_at=office.clock.now() + timedelta(hours=1)).code
    tries = [("ada@contoso.example", code), ("ada@contoso.example", WRONG), (later.username, early), ("nobody", WRONG)]

    pages = {
        without_what_is_random(office.http().sign_in_with_pass("contoso", name, typed).text, name).replace(
            typed, "CODE"
        )
        for name, typed in tries
    }

    assert len(set(office.log[-4:])) == 4
    assert len(pages) == 1


def test_options_have_one_shape_for_everybody(office: Office, names: list[str]) -> None:
    shapes = set()
    for name in names:
        answer = office.http().post_json("/contoso/sign-in/options", {"username": name})
        body = answer.json()
        shapes.add((answer.status_code, len(body.pop("challenge")), str(body)))

    assert len(shapes) == 1


class CountingStore:
    """A store that counts what is asked of it."""

    def __init__(self, store: Any, counted: list[str], path: str = "") -> None:
        self._store, self._counted, self._path = store, counted, path

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        path = f"{self._path}.{name}".lstrip(".")
        if not callable(found):
            return CountingStore(found, self._counted, path)

        async def call(*arguments: Any, **named: Any) -> Any:
            self._counted.append(path)
            return await found(*arguments, **named)

        return call


def test_the_same_work_is_done_whether_or_not_a_name_is_known(office: Office, names: list[str]) -> None:
    # Counted and not timed: a clock would make this test lie on a busy machine.
    done = []
    for name in names:
        counted: list[str] = []
        plain, office.store = office.store, CountingStore(office.store, counted)  # type: ignore[assignment]
        services = office.started()
        counted.clear()
        run(services.sign_in.begin(office.tenant, office.visitor(), name))
        run(services.sign_in_with_pass(office.tenant, office.visitor(), name, WRONG))
        run(services.sign_in_with_password(office.tenant, office.visitor(), name, WRONG))
        office.store = plain
        done.append(tuple(counted))

    assert done[0] == done[1] == done[2]
    assert len(done[0]) > 4
