"""Authentication strengths and contexts: listed, written, and removed while no policy names them."""

from typing import Any

import pytest
from keystead_server.domain.passkey import Proof
from keystead_server.policy.access.document import Context
from keystead_server.policy.strengths.document import read_strength
from keystead_server.policy.strengths.model import Strength
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, publish

from .access_item_desk import CONTEXTS, STRENGTHS, add, edit, keep, rules, under_policy

AAGUID = "08987058-cadc-4b81-b6e1-30de50dcbe96"


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


# -- authentication strengths -------------------------------------------------------------------------


def strength(office: Any) -> Strength:
    (own,) = rules(office).set.strengths.values()
    return own


def test_ticked_combinations_become_a_strength_of_some_models(office: Any, ada: Any) -> None:
    ticked = ("combinations", "fido2"), ("combinations", "password,softwareOath")

    answer = add(ada, STRENGTHS, ("name", "Ours"), *ticked, ("models", AAGUID), ("proof", "attested"))

    assert answer.status_code == 303
    assert strength(office).combinations == (frozenset({"fido2"}), frozenset({"password", "softwareOath"}))
    assert strength(office).minimum_proof is Proof.ATTESTED
    (models,) = strength(office).fido2
    assert (models.combinations, set(map(str, models.allowed_aaguids))) == ({frozenset({"fido2"})}, {AAGUID})
    listed = ada.get(STRENGTHS).text
    assert (
        "Passkey; password and authenticator app (code). Of passkeys 1 model counts. Proof of binding: attested."
        in listed
    )


@pytest.mark.parametrize(
    ("fields", "place", "says"),
    [
        ([], "combinations-said", "Tick at least one"),
        ([("combinations", "telepathy")], "combinations-said", "telepathy"),
        ([("combinations", "fido2"), ("models", "any")], "models-error", "No AAGUID: “any”."),
        ([("combinations", "password"), ("models", AAGUID)], "models-error", "Only passkeys have a model"),
        ([("combinations", "fido2"), ("proof", "sworn")], "proof-error", "sworn"),
    ],
)
def test_a_strength_that_cannot_be_is_said_where_it_is_wrong(
    office: Any, ada: Any, fields: list[tuple[str, str]], place: str, says: str
) -> None:
    answer = add(ada, STRENGTHS, ("name", "Ours"), *fields)

    assert answer.status_code == 422
    assert says in answer.text.partition(f'id="{place}"')[2].partition("</p>")[0]
    assert 'value="Ours"' in answer.text
    assert all(f'value="{value}" checked' in answer.text for name, value in fields if name == "combinations")
    assert rules(office).set.strengths == {}


def test_a_strength_is_changed_and_keeps_what_the_page_has_no_field_for(office: Any, ada: Any) -> None:
    certificates = {
        "@odata.type": "#microsoft.graph.x509CertificateCombinationConfiguration",
        "appliesToCombinations": ["x509CertificateMultiFactor"],
        "allowedIssuerSkis": ["9248F0"],
    }
    models = {
        "@odata.type": "#microsoft.graph.fido2CombinationConfiguration",
        "appliesToCombinations": ["fido2"],
        "allowedAAGUIDs": [AAGUID],
    }
    body = {
        "displayName": "Ours",
        "allowedCombinations": ["fido2", "x509CertificateMultiFactor"],
        "combinationConfigurations": [certificates, models],
    }
    keep(office, strengths={"ours": read_strength(body, new_id="ours").strength})
    page = f"{STRENGTHS}/ours"
    ticked = ("combinations", "fido2"), ("combinations", "x509CertificateMultiFactor")

    assert f"{AAGUID}</textarea>" in ada.get(page).text
    assert edit(ada, page, ("name", "Ours"), *ticked, ("models", ""), ("proof", "proven")).status_code == 303

    assert strength(office).fido2 == ()
    assert [one.allowed_issuer_skis for one in strength(office).certificates] == [{"9248F0"}]
    # Without its combination the configuration hangs on nothing.
    assert edit(ada, page, ("name", "Ours"), ticked[0], ("proof", "none")).status_code == 303
    assert strength(office).certificates == ()


def test_a_strength_that_is_built_in_is_shown_and_stays(office: Any, ada: Any) -> None:
    page = f"{STRENGTHS}/{PHISHING_RESISTANT}"

    shown = ada.get(page).text
    changed = edit(ada, page, ("name", "Mine"), ("combinations", "password"), ("proof", "none"))
    removed = ada.submit(page, f"{page}/remove", {})

    assert "It is built in and stays as it is." in shown
    assert ">Save</button>" not in shown
    assert changed.status_code == removed.status_code == 422
    assert "What is built in stays as it is." in changed.text
    assert "What is built in stays as it is." in removed.text
    assert rules(office).set.strengths == {}


def test_a_strength_that_a_policy_asks_for_is_not_removed(office: Any, ada: Any) -> None:
    body = {"displayName": "Ours", "allowedCombinations": ["fido2"]}
    keep(office, strengths={"ours": read_strength(body, new_id="ours").strength})
    office.change_methods(security_defaults=False)
    asked = policy_body("Strong", strength="ours", state="enabledForReportingButNotEnforced")
    policies = under_policy(office, asked)

    answer = ada.submit(f"{STRENGTHS}/new", f"{STRENGTHS}/ours/remove", {})

    assert policies == ("Strong",)
    assert answer.status_code == 422
    assert "The policy &#39;Strong&#39; names it" in answer.text
    assert strength(office).name == "Ours"


# -- authentication contexts --------------------------------------------------------------------------


def test_a_context_gets_a_free_id_and_a_name(office: Any, ada: Any) -> None:
    publish(office, Context("c1", "Payments"))

    page = ada.get(f"{CONTEXTS}/new").text
    assert add(ada, CONTEXTS, ("id", "c7"), ("name", "Salaries"), ("description", "To see them")).status_code == 303

    assert '<option value="c1"' not in page
    assert rules(office).contexts[1] == Context("c7", "Salaries", "To see them", available=False)
    assert ">Not published</span>" in ada.get(CONTEXTS).text


@pytest.mark.parametrize(
    ("one", "says"),
    [
        ("c1", "Another authentication context has this id already."),
        ("c100", "Contexts are called c1 to c99."),
        ("", "c1 to c99"),
    ],
)
def test_a_context_has_an_id_of_its_own(office: Any, ada: Any, one: str, says: str) -> None:
    publish(office, Context("c1", "Payments"))

    answer = add(ada, CONTEXTS, ("id", one), ("name", "Salaries"))

    assert answer.status_code == 422
    assert says in answer.text.partition('id="id-error">')[2].partition("</p>")[0]
    assert 'value="Salaries"' in answer.text
    assert len(rules(office).contexts) == 1


def test_a_context_is_published_and_keeps_its_id(office: Any, ada: Any) -> None:
    publish(office, Context("c1", "Payments", available=False))

    edit(ada, f"{CONTEXTS}/c1", ("id", "c9"), ("name", "Payments"), ("published", "yes"))

    assert rules(office).contexts == (Context("c1", "Payments"),)


def test_a_context_that_a_policy_protects_is_not_removed(office: Any, ada: Any) -> None:
    publish(office, Context("c1", "Payments"), Context("c2", "Salaries"))
    office.change_methods(security_defaults=False)
    target = {"includeAuthenticationContextClassReferences": ["c1"]}
    under_policy(office, policy_body("More", "mfa", applications=target, state="disabled"))

    refused = ada.submit(CONTEXTS, f"{CONTEXTS}/c1/remove", {})
    removed = ada.submit(CONTEXTS, f"{CONTEXTS}/c2/remove", {})

    assert refused.status_code == 422
    assert removed.status_code == 303
    assert [one.id for one in rules(office).contexts] == ["c1"]
