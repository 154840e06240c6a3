"""Templates: each is a policy that can be kept, means what its name says, and harms nobody before it is switched on."""

from dataclasses import replace

import pytest
from keystead_server.policy.access.decide import Verdict, decide
from keystead_server.policy.access.facts import Facts, Person
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.templates import BY_ID, PRIVILEGED_ROLES, TEMPLATES, Scenario, Template, body
from keystead_server.policy.access.vocabulary import ClientApp, RiskLevel, State, TransferMethod, UserAction
from keystead_server.policy.access.writing import policy_to_json

from .sets import ADA, PASSKEY, PASSWORD, compiled, facts

EACH = [pytest.param(template, id=template.key) for template in TEMPLATES]
ADMINISTRATOR = Person(ADA, roles=frozenset({next(iter(PRIVILEGED_ROLES))}))


@pytest.mark.parametrize("template", EACH)
def test_every_template_is_a_policy_that_is_read_without_a_note(template: Template) -> None:
    imported = read_policy(body(template), new_id="p")

    assert imported.notes == ()
    assert imported.policy.template_id == template.id
    assert imported.policy == read_policy(policy_to_json(imported.policy)).policy


@pytest.mark.parametrize("template", EACH)
def test_a_template_begins_in_report_only_mode_and_keeps_nobody_out(template: Template) -> None:
    policy = read_policy(body(template), new_id="p").policy

    assert policy.state is State.REPORT_ONLY
    assert decide(compiled(policy), facts(methods=())).verdict is Verdict.ALLOW


def test_all_six_categories_and_ours_have_templates() -> None:
    assert frozenset().union(*(template.scenarios for template in TEMPLATES)) == frozenset(Scenario)


def test_ids_and_names_are_each_template_s_own() -> None:
    assert len(BY_ID) == len(TEMPLATES) == len({template.name for template in TEMPLATES})


def test_whoever_takes_a_template_may_be_spared_and_the_template_stays_as_it_is() -> None:
    for template in TEMPLATES:
        spared = read_policy(body(template, sparing=[ADA]), new_id="p").policy

        assert (ADA in spared.conditions.users.exclude) is template.is_about_people
        assert ADA not in read_policy(body(template), new_id="p").policy.conditions.users.exclude


SUPPOSED = [
    ("block-legacy-authentication", facts(client=ClientApp.OTHER, methods=(PASSKEY,)), Verdict.BLOCK),
    ("block-legacy-authentication", facts(), Verdict.ALLOW),
    ("mfa-administrators", facts(who=ADMINISTRATOR), Verdict.CONTROLS_REQUIRED),
    ("mfa-administrators", facts(), Verdict.ALLOW),
    ("phishing-resistant-everybody", facts(), Verdict.CONTROLS_REQUIRED),
    ("phishing-resistant-everybody", facts(methods=(PASSKEY,)), Verdict.ALLOW),
    ("block-unknown-platforms", facts(platform=None), Verdict.BLOCK),
    ("block-unknown-platforms", facts(), Verdict.ALLOW),
    ("block-device-code", facts(flow=TransferMethod.DEVICE_CODE), Verdict.BLOCK),
    ("block-high-risk-sign-ins", facts(sign_in_risk=RiskLevel.HIGH), Verdict.BLOCK),
    ("block-high-risk-sign-ins", facts(sign_in_risk=RiskLevel.MEDIUM), Verdict.ALLOW),
    ("security-info", facts(apps=(), action=UserAction.REGISTER_SECURITY_INFO), Verdict.CONTROLS_REQUIRED),
    ("security-info", facts(apps=(), action=UserAction.REGISTER_SECURITY_INFO, trusted=True), Verdict.ALLOW),
    ("compliant-device", facts(methods=(PASSWORD,)), Verdict.CONTROLS_REQUIRED),
    ("compliant-device", facts(methods=(PASSKEY,)), Verdict.ALLOW),
]


@pytest.mark.parametrize(("key", "supposed", "verdict"), SUPPOSED)
def test_switched_on_it_does_what_its_name_says(key: str, supposed: Facts, verdict: Verdict) -> None:
    template = next(each for each in TEMPLATES if each.key == key)
    policy = replace(read_policy(body(template), new_id="p").policy, state=State.ENABLED)

    assert decide(compiled(policy), supposed).verdict is verdict
