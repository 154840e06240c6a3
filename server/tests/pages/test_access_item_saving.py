"""Saving a location or a strength that policies look at: seen before, refused when it locks out, on trial until confirmed."""

from typing import Any

import pytest
from keystead_testkit.access_policies import policy_body, under_policies

from .access_desk import confirm, press
from .access_item_desk import BASE, PLACES, STRENGTHS, add, edit, rules, under_policy
from .policy_forms import draft, words
from .test_access_locations import OFFICE

HERE = "192.0.2.0/24"


@pytest.fixture
def ada(office: Any) -> Any:
    office.change_methods(security_defaults=False)
    return office.signed_in(office.ada)


@pytest.fixture
def bob(office: Any) -> Any:
    person = office.person("bob@example.org")
    office.signed_in(person)
    return person


def blocks(office: Any, **locations: list[str]) -> dict[str, Any]:
    return policy_body("Not from there", "block", users={"excludeUsers": [office.ada.id]}, locations=locations)


def moved(browser: Any, *, to: str = HERE, trusted: bool = False, name: str = "Office") -> Any:
    fields = [("name", name), ("ranges", to), *([("trusted", "yes")] if trusted else [])]
    return edit(browser, f"{PLACES}/place-0", *fields)


def ranges(office: Any) -> list[str]:
    return [str(each.first) for one in rules(office).set.locations for each in one.ranges]


def test_whom_another_place_would_keep_out_is_said_before_it_is_saved(office: Any, ada: Any, bob: Any) -> None:
    under_policies(office, blocks(office, includeLocations=["place-0"]), locations=(OFFICE,))

    preview = moved(ada)

    told = words(preview)
    assert f'/admin/users/{bob.id}">bob@example.org</a>' in preview.text
    assert "Kept out" in told
    assert "One policy means something else by it, though nobody changed it: Not from there." in told
    assert ranges(office) == ["203.0.113.0"]
    saved = confirm(ada, preview)
    assert saved.headers["location"].endswith("/admin/access/locations?done=saved")
    assert ranges(office) == ["192.0.2.0"]


def test_another_trusted_place_is_looked_at_for_policies_that_name_none(office: Any, ada: Any, bob: Any) -> None:
    trusted = blocks(office, includeLocations=["All"], excludeLocations=["AllTrusted"])
    under_policies(office, trusted, locations=({**OFFICE, "isTrusted": True, "ipRanges": [{"cidrAddress": HERE}]},))

    assert "Kept out" in words(moved(ada, to="203.0.113.0/24", trusted=True))
    assert "Kept out" in words(moved(ada, to=HERE, trusted=False))
    assert "Kept out" in words(press(ada, PLACES, "locations/place-0/remove"))
    added = add(ada, PLACES, ("name", "More"), ("ranges", "198.51.100.0/24"), ("trusted", "yes"))
    assert "Nobody: every one of these sign-ins would have gone as it did." in words(added)
    assert ranges(office) == ["192.0.2.0"]


def test_a_trusted_place_is_removed_after_a_look(office: Any, ada: Any) -> None:
    trusted = blocks(office, includeLocations=["All"], excludeLocations=["AllTrusted"])
    under_policies(office, trusted, locations=({**OFFICE, "isTrusted": True},))

    removed = confirm(ada, press(ada, PLACES, "locations/place-0/remove"))

    assert removed.headers["location"].endswith("/admin/access/locations?done=removed")
    assert rules(office).set.locations == ()


def test_what_decides_nothing_is_saved_at_once(office: Any, ada: Any) -> None:
    under_policies(office, blocks(office, includeLocations=["place-0"]), locations=(OFFICE,))
    same = "203.0.113.0/24"

    assert moved(ada, to=same, trusted=True, name="Head office").status_code == 303
    assert add(ada, PLACES, ("name", "Nobody's"), ("ranges", "198.51.100.0/24")).status_code == 303
    under_policies(office, {**blocks(office, includeLocations=["place-0"]), "state": "disabled"}, locations=(OFFICE,))
    assert moved(ada).status_code == 303


def test_a_strength_that_asks_for_more_names_whom_it_asks(office: Any, ada: Any, bob: Any) -> None:
    add(ada, STRENGTHS, ("name", "Ours"), ("combinations", "fido2"), ("proof", "none"))
    one = next(one for one in rules(office).set.strengths)
    asks = policy_body("Strong", strength=one, users={"excludeUsers": [office.ada.id]})
    under_policy(office, asks)

    preview = edit(
        ada, f"{STRENGTHS}/{one}", ("name", "Ours"), ("combinations", "windowsHelloForBusiness"), ("proof", "none")
    )

    assert "bob@example.org</a>" in preview.text
    assert "Asked for more" in words(preview)
    assert [str(each) for each in rules(office).set.strengths[one].combinations] != ["windowsHelloForBusiness"]
    assert confirm(ada, preview).headers["location"].endswith("/admin/access/strengths?done=saved")


def test_a_place_that_locks_its_author_out_goes_through_on_trial_and_reverts(office: Any, ada: Any) -> None:
    under_policies(
        office, policy_body("Not from there", "block", locations={"includeLocations": ["place-0"]}), locations=(OFFICE,)
    )

    preview = moved(ada)
    assert preview.status_code == 422
    assert 'value="save"' not in preview.text
    assert confirm(ada, preview).status_code == 422
    assert confirm(ada, preview, how="trial", minutes="5").headers["location"].endswith("/admin/access?done=tried")
    assert ranges(office) == ["192.0.2.0"]

    office.advance(minutes=6)

    assert ranges(office) == ["203.0.113.0"]


def test_one_goes_on_editing_with_what_one_typed(office: Any, ada: Any) -> None:
    under_policies(office, blocks(office, includeLocations=["place-0"]), locations=(OFFICE,))

    again = ada.submit(BASE, f"{BASE}/edit", [("draft", draft(moved(ada, name="Elsewhere")))])

    assert 'value="Elsewhere"' in again.text
    assert "192.0.2.0/24</textarea>" in again.text


def test_of_two_who_change_one_place_the_second_is_told_and_loses_nothing(office: Any, ada: Any) -> None:
    under_policies(office, blocks(office, includeLocations=["place-0"]), locations=(OFFICE,))
    mine = moved(ada, name="Mine")
    confirm(ada, moved(ada, to="198.51.100.0/24", name="Theirs"))

    told = confirm(ada, mine)
    assert told.status_code == 422
    assert "Somebody else changed it while you edited" in told.text
    assert ranges(office) == ["198.51.100.0"]

    over = ada.submit(BASE, f"{BASE}/edit", [("draft", draft(told)), ("over", "yes")])
    assert "192.0.2.0/24</textarea>" in over.text
    seen = over.text.partition('name="seen" value="')[2].partition('"')[0]
    page = f"{PLACES}/place-0"
    assert confirm(ada, ada.submit(page, page, [("seen", seen), ("name", "Mine"), ("ranges", HERE)])).status_code == 303
    assert ranges(office) == ["192.0.2.0"]


def test_a_form_that_does_not_say_what_its_author_saw_changes_nothing(office: Any, ada: Any) -> None:
    under_policies(office, locations=(OFFICE,))
    page = f"{PLACES}/place-0"

    answer = ada.submit(page, page, [("name", "Office"), ("ranges", HERE)])

    assert answer.status_code == 422
    assert "Somebody else changed it while you edited" in answer.text
    assert ranges(office) == ["203.0.113.0"]
