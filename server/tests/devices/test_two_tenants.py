"""One person in two organisations of one server, with one computer: each believes what it has itself certified."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from keystead_testkit.command_line import invoke
from keystead_testkit.town import Town, browser

pytestmark = pytest.mark.tpm


@pytest.fixture
def fabrikam(town: Town) -> Iterator[Town]:
    """A second organisation, beside `home`, and its administrator at the same computer."""
    founded = invoke(town.server.data, "init", "--another", "--name", "fabrikam")
    assert founded.exit_code == 0, founded.output
    with browser(town.server.url) as admin:
        there = replace(town, admin=admin, name="fabrikam")
        there.sign_in_with_pass(there.keystead("pass", "issue", "admin")["pass"])
        yield there


def test_each_organisation_gets_the_proof_that_it_has_certified_whichever_came_last(town: Town, fabrikam: Town) -> None:
    """They share the relying-party id, so that only the account tells whose proof is meant."""
    here, there = town.enrol(), fabrikam.enrol()
    assert here != there

    assert town.register().status_code == 201, "though the other one was proven last"
    assert town.agent.cli("enrol", town.tenant).returncode == 0, "renewed, and so proven last"
    assert fabrikam.register().status_code == 201

    for organisation, device in ((town, here), (fabrikam, there)):
        (passkey,) = organisation.passkeys()
        assert (passkey["proof"], passkey["device"]) == ("proven", device)


def test_what_one_organisation_withdraws_is_good_in_the_other(town: Town, fabrikam: Town) -> None:
    """Attack class 26: nobody says anything about another organisation's devices."""
    here, _ = town.enrol(), fabrikam.enrol()
    town.keystead("device", "disable", here)

    refused, accepted = town.agent.cli("enrol", town.tenant, "--json"), fabrikam.register()

    assert "device_disabled" in refused.stdout
    assert accepted.status_code == 201
    assert fabrikam.passkeys()[0]["proof"] == "proven"
