"""The page with what is asked of the PIN on enrolled computers."""

import json
from typing import Any

import pytest
from keystead_server.domain import policy_document
from keystead_server.domain.user import Role
from keystead_testkit.loop import run

PAGE = "/example/admin/pin-rules"
RULES = {
    "version": "0", "minimum": "8", "digits": "allow", "lowercase": "require", "uppercase": "allow",
    "special": "disallow", "history": "5", "expiryDays": "365",
}  # fmt: skip


def saved(office: Any) -> list[dict[str, Any]]:
    versions = run(office.store.policies.versions(office.tenant.id, policy_document.PIN))
    return [json.loads(each.body) for each in versions]


def test_an_administrator_sets_the_rules(office: Any) -> None:
    ada = office.signed_in(office.ada)

    answer = ada.submit(PAGE, PAGE, RULES)

    assert answer.status_code == 303
    (rules,) = saved(office)
    assert (rules["minimum"], rules["lowercase"], rules["special"], rules["expiryDays"]) == (
        8,
        "require",
        "disallow",
        365,
    )
    text = ada.get(answer.headers["location"]).text
    assert "The PIN rules were saved." in text
    assert 'name="minimum" type="text" value="8"' in text
    assert office.audit()[0].name == "pin_rules.changed"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"minimum": "3"}, "minimum length must be 4 to 127, not 3"),
        ({"minimum": "many"}, "This must be a number"),
        ({"expiryDays": "731"}, "expiry must be 0 to 730 days, not 731"),
        (dict.fromkeys(("digits", "lowercase", "uppercase", "special"), "disallow"), "allow at least one class"),
        ({"digits": "sometimes"}, "Digits must be one of allow, require, disallow"),
        ({"version": "7"}, "Somebody else changed the policy"),
        ({"version": "x"}, "This must be a number"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_stays(office: Any, changes: dict[str, str], says: str) -> None:
    ada = office.signed_in(office.ada)

    answer = ada.submit(PAGE, PAGE, RULES | {"history": "49"} | changes)

    assert answer.status_code == 422
    assert says in answer.text
    assert 'value="49"' in answer.text
    assert saved(office) == []


def test_who_may_not_write_policies_reads_them(office: Any) -> None:
    reader = office.signed_in(office.person("reader@example.org", roles=frozenset({Role.GLOBAL_READER})))

    text = reader.get(PAGE).text

    assert "PIN rules</h1>" in text
    assert ">Save</button>" not in text
