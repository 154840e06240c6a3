"""The editor of a Conditional Access policy: what it shows is the policy, and nothing typed is lost."""

import json
from typing import Any

import pytest
from keystead_server.policy.access.templates import TEMPLATES
from keystead_testkit.access_policies import policy_body, under_policies
from keystead_testkit.loop import run

from .access_desk import BASE, NEW, confirm, everybody, written
from .policy_forms import shown


@pytest.fixture
def ada(office: Any) -> Any:
    office.change_methods(security_defaults=False)
    return office.signed_in(office.ada)


def rules(office: Any) -> Any:
    return run(office.services.access_policies.now(office.tenant.id, office.clock.now())).rules


def test_saving_what_is_shown_changes_nothing(office: Any, ada: Any) -> None:
    staff = office.add_group("Staff")
    users = {"includeUsers": [office.ada.id], "excludeGroups": [staff.id], "includeRoles": ["gone"]}
    under_policies(
        office,
        policy_body(
            "Whole", "mfa", "compliantDevice", state="enabledForReportingButNotEnforced", users=users,
            locations={"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]},
            devices={"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True"}},
            session={"signInFrequency": {"isEnabled": True, "value": 4, "type": "hours"}},
        ),
    )  # fmt: skip

    preview = written(ada, path=f"{BASE}/policies/policy-0")

    assert preview.status_code == 200
    assert "Nothing: it is what is in force." in preview.text


def test_a_policy_is_written_in_a_form_and_is_in_force_after_its_preview(office: Any, ada: Any) -> None:
    preview = written(
        ada, *everybody(), ("controls", "mfa"), ("controls", "compliantDevice"), operator="OR", name=None, state=None
    )
    assert preview.status_code == 200, preview.text
    assert not rules(office).set.policies

    assert confirm(ada, preview).status_code == 303

    (policy,) = rules(office).set.policies
    assert (policy.name, policy.grant.operator.value) == ("For everybody", "OR")


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"include_users": "nobody@example.org"}, "There is nobody with the username “nobody@example.org”."),
        ({"device_mode": "include", "device_rule": "device.model -eq"}, "(at character 17)"),
        ({"frequency": "hours", "frequency_value": "soon"}, "must be a whole number"),
        ({"include_words": None}, "It includes nobody"),
        ({"name": ""}, "Give the policy a name."),
        ({"apps": None}, "It includes no app"),
        ({"until_0_who": "ada@example.org", "until_0_why": "On leave"}, "An expiring exclusion says"),
        ({"until_0_who": "who", "until_0_why": "On leave"}, "There is nobody with the username “who”."),
        ({"effect": "block"}, "Block stands alone"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    office: Any, ada: Any, typed: dict[str, str | None], says: str
) -> None:
    fields = [pair for pair in everybody() if pair[0].replace("-", "_") not in typed]
    kept = {"name": None, "state": None, "description": "Typed before"} | typed

    answer = written(ada, *fields, ("controls", "mfa"), **kept)

    assert answer.status_code == 422
    assert says in answer.text.replace("&#39;", "'")
    assert ("description", "Typed before") in shown_of(answer)
    for field, value in typed.items():
        assert not value or (field.replace("_", "-"), value) in shown_of(answer)
    assert not rules(office).set.policies


def shown_of(answer: Any) -> list[tuple[str, str]]:
    return [(name, value.strip()) for name, value in shown(answer)]


def test_checking_says_for_how_many_it_is_and_what_it_may_not_mean(office: Any, ada: Any) -> None:
    office.person("bob@example.org")
    rule = {"device_mode": "exclude", "device_rule": 'device.model -ne "X"'}

    checked = written(ada, *everybody(), ("controls", "mfa"), action="check", name=None, state=None, **rule)

    assert checked.status_code == 200
    assert "It is for 2 of 2 accounts" in checked.text
    assert "Mind: A device that is not registered matches this rule" in checked.text
    assert "there is no break-glass account" in checked.text


def test_somebody_is_found_and_included_by_name(office: Any, ada: Any) -> None:
    office.person("bob@example.org", display_name="Robert")

    found = written(ada, action="find", find="robert")
    assert "include:bob@example.org" in found.text
    included = written(ada, action="include:bob@example.org")

    assert ("include-users", "bob@example.org") in shown_of(included)


def test_what_a_template_opens_spares_its_author_and_only_reports(office: Any, ada: Any) -> None:
    template = next(one for one in TEMPLATES if one.key == "mfa-everybody")

    fields = shown_of(ada.get(f"{NEW}?template={template.id}"))

    assert ("exclude-users", "ada@example.org") in fields
    assert ("state", "enabledForReportingButNotEnforced") in fields


def test_a_policy_can_be_pasted_as_json_and_a_refusal_names_the_property(office: Any, ada: Any) -> None:
    pasted = policy_body("Pasted", "mfa")
    pasted["conditions"]["times"] = {"all": True}

    refused = paste(ada, pasted)
    assert refused.status_code == 422
    assert "conditions.times: " in refused.text
    assert "Pasted" in refused.text
    del pasted["conditions"]["times"]

    assert confirm(ada, paste(ada, pasted)).status_code == 303
    assert [policy.name for policy in rules(office).set.policies] == ["Pasted"]


def test_what_is_no_json_is_refused_in_words(office: Any, ada: Any) -> None:
    answer = ada.submit(NEW, NEW, {"view": "json", "json": "[" * 5000, "action": "save"})

    assert answer.status_code == 422
    assert "This is not JSON" in answer.text


def test_the_form_as_json_and_back_is_the_same(office: Any, ada: Any) -> None:
    as_json = written(ada, *everybody(), ("controls", "mfa"), action="json", name=None, state=None)
    assert "&#34;displayName&#34;: &#34;For everybody&#34;" in as_json.text

    back = ada.submit(NEW, NEW, {"view": "json", "json": json.dumps(policy_body("Back", "mfa")), "action": "form"})

    assert ("name", "Back") in shown_of(back)


def paste(browser: Any, policy: Any) -> Any:
    return browser.submit(NEW, NEW, {"view": "json", "json": json.dumps(policy), "action": "save"})
