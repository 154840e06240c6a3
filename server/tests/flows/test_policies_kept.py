"""What is read of policies is parsed once for each version, and never a request longer than it holds."""

from dataclasses import replace

from keystead_server.domain.sign_in import Method
from keystead_server.policy.methods.model import FIRST_METHODS, MethodConfiguration
from keystead_server.policy.passkeys.model import FIRST_POLICY
from keystead_testkit.access_policies import policy_body, under_policies
from keystead_testkit.loop import run
from keystead_testkit.office import Office


def test_conditional_access_is_compiled_once_for_each_version(office: Office) -> None:
    under_policies(office, policy_body("One", "mfa"))
    first = run(office.services.access_gate.in_force(office.tenant.id))

    assert run(office.services.access_gate.in_force(office.tenant.id)) is first

    under_policies(office, policy_body("Two", "mfa"))

    assert list(run(office.services.access_gate.in_force(office.tenant.id)).names.values()) == ["Two"]


def test_what_another_server_saved_holds_at_the_next_request(office: Office) -> None:
    under_policies(office, policy_body("One", "mfa"))
    other = office.started()
    names = run(other.access_gate.in_force(office.tenant.id)).names

    under_policies(office, policy_body("Two", "mfa"))

    assert list(names.values()) == ["One"]
    assert list(run(other.access_gate.in_force(office.tenant.id)).names.values()) == ["Two"]


def test_the_methods_policy_is_parsed_once_for_each_version(office: Office) -> None:
    without = replace(FIRST_METHODS, security_defaults=False)
    office.save_methods(without)
    first = run(office.services.methods.now(office.tenant.id))

    assert run(office.services.methods.now(office.tenant.id)) is first

    office.save_methods(without.having(MethodConfiguration(Method.PASSWORD)))

    assert run(office.services.methods.now(office.tenant.id)) != first


def test_the_passkey_policy_is_parsed_once_for_each_version(office: Office) -> None:
    office.save_policy(FIRST_POLICY)
    first = run(office.services.policies.now(office.tenant.id))

    assert run(office.services.policies.now(office.tenant.id)) is first

    profile = replace(FIRST_POLICY.profiles[0], name="Another")
    office.save_policy(replace(FIRST_POLICY, profiles=(profile,)))

    assert run(office.services.policies.now(office.tenant.id)).profiles[0].name == "Another"
