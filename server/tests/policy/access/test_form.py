"""The policy editor's form holds every policy there can be."""

from typing import Any

import pytest
from hypothesis import given, settings
from keystead_server.http.pages.admin.access_form import AccessForm, Principals
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.names import NO_NAMES
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.templates import TEMPLATES, body
from keystead_server.policy.access.writing import policy_to_json

from .random_sets import policies


class Itself(dict[str, str]):
    """Everybody's id is their username."""

    def __contains__(self, _: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return name


def through_the_form(policy: Policy) -> Policy:
    form = AccessForm.of(policy_to_json(policy, {}), NO_NAMES)
    who = Principals(Itself(), {})
    made = form.to_json(who)
    # Whether a name is a person's or a group's, the caller says, who looks it up.
    for each, one in zip(made["conditions"]["users"]["expiringExclusions"], policy.conditions.users.until, strict=True):
        each["type"] = one.kind.value
    return read_policy(made, new_id=policy.id).policy


@settings(max_examples=60, deadline=None)
@given(policies())
def test_any_policy_goes_through_the_form_unchanged(policy: Policy) -> None:
    assert through_the_form(policy) == policy


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
def test_every_template_goes_through_the_form_unchanged(template: Any) -> None:
    policy = read_policy(body(template), new_id="new").policy

    assert through_the_form(policy) == policy
