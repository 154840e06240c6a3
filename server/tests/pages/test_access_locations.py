"""Named locations: ranges of addresses or countries, listed, written, and removed while no policy names them."""

from datetime import timedelta
from typing import Any

import pytest
from keystead_server.domain.user import Role
from keystead_server.policy.access.locations import CountryLocation, IpLocation
from keystead_testkit.access_policies import policy_body, under_policies

from .access_item_desk import PLACES, add, edit, rules

OFFICE = {"displayName": "Office", "ipRanges": ["203.0.113.0/24"], "isTrusted": True}
ADDRESSES = [("name", "Office"), ("ranges", "203.0.113.0/24")]


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


def test_ranges_of_both_kinds_of_addresses_become_a_place(office: Any, ada: Any) -> None:
    typed = "203.0.113.0/24\n\n2001:db8::/32\n192.0.2.9\n198.51.100.1 - 198.51.100.9"

    answer = add(ada, PLACES, ("name", "Office"), ("ranges", typed), ("trusted", "yes"))

    assert answer.headers["location"] == f"{PLACES}?done=saved"
    (place,) = rules(office).set.locations
    assert isinstance(place, IpLocation)
    assert place.trusted
    assert [str(one.first) for one in place.ranges] == ["203.0.113.0", "2001:db8::", "192.0.2.9", "198.51.100.1"]
    assert place.created_at == office.audit()[0].at
    assert f"named location {place.id}" in str(office.audit()[0].detail)
    listed = ada.get(PLACES).text
    assert "198.51.100.1 - 198.51.100.9" in listed
    assert ">Trusted</span>" in listed


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Write at least one range of addresses."),
        ("everywhere", "“everywhere” is no range"),
        ("203.0.113.0/33", "“203.0.113.0/33” is no range"),
        ("203.0.113.9/24", "“203.0.113.9/24” does not begin its range: write 203.0.113.0/24, or the address alone."),
        ("203.0.113.9 - 203.0.113.1", "“203.0.113.9 - 203.0.113.1” is no range"),
        ("203.0.113.0 - 2001:db8::1", "“203.0.113.0 - 2001:db8::1” is no range"),
        ("a\nb\nc\nd\ne", "2 more are wrong."),
    ],
)
def test_a_range_that_is_none_is_said_beside_the_field_and_nothing_typed_is_lost(
    office: Any, ada: Any, typed: str, says: str
) -> None:
    answer = add(ada, PLACES, ("name", "Our <place>"), ("ranges", typed), ("trusted", "yes"))

    assert answer.status_code == 422
    error = answer.text.partition('id="ranges-error">')[2].partition("</p>")[0]
    assert says in error
    assert f"\n{typed}</textarea>" in answer.text
    assert 'value="Our &lt;place&gt;"' in answer.text
    assert 'name="trusted" value="yes" checked' in answer.text
    assert rules(office).set.locations == ()


def test_countries_become_a_place(office: Any, ada: Any) -> None:
    fields = ("name", "Abroad"), ("of", "countries"), ("countries", "de, JP\nfr"), ("unknown", "yes")

    assert add(ada, PLACES, *fields).status_code == 303

    (place,) = rules(office).set.locations
    assert isinstance(place, CountryLocation)
    assert (place.countries, place.include_unknown) == ({"DE", "FR", "JP"}, True)
    listed = ada.get(PLACES).text
    assert "DE, FR, JP and addresses in no country that anybody knows" in listed
    assert "setting geoip_file" in listed


@pytest.mark.parametrize(
    ("typed", "says"), [("", "Name a country"), ("Germany", "&#39;Germany&#39; is no country code of two letters")]
)
def test_a_country_is_a_code_of_two_letters(ada: Any, typed: str, says: str) -> None:
    answer = add(ada, PLACES, ("name", "Abroad"), ("of", "countries"), ("countries", typed))

    assert answer.status_code == 422
    assert says in answer.text.partition('id="countries-error">')[2].partition("</p>")[0]
    assert f"\n{typed}</textarea>" in answer.text


def test_a_place_is_changed_and_keeps_what_the_page_has_no_field_for(office: Any, ada: Any) -> None:
    abroad = {"displayName": "Abroad", "countriesAndRegions": ["DE"], "countryLookupMethod": "authenticatorAppGps"}
    under_policies(office, locations=(abroad,))

    edit(ada, f"{PLACES}/place-0", ("name", "Far"), ("of", "countries"), ("countries", "JP"))

    (place,) = rules(office).set.locations
    assert isinstance(place, CountryLocation)
    assert (place.id, place.name, place.countries, place.by_gps) == ("place-0", "Far", {"JP"}, True)
    assert place.modified_at is not None


def test_what_somebody_else_changed_meanwhile_is_not_written_over(office: Any, ada: Any) -> None:
    under_policies(office, locations=(OFFICE,))
    page = f"{PLACES}/place-0"
    seen = ada.get(page).text.partition('name="seen" value="')[2].partition('"')[0]
    edit(ada, page, ("name", "Theirs"), ("ranges", "192.0.2.0/24"))

    answer = ada.submit(page, page, [("seen", seen), ("name", "Mine"), ("ranges", "198.51.100.0/24")])

    assert answer.status_code == 422
    assert "Somebody else changed it while you edited" in answer.text
    assert "198.51.100.0/24</textarea>" in answer.text
    assert [one.name for one in rules(office).set.locations] == ["Theirs"]


def test_a_place_that_would_keep_its_author_out_is_not_saved(office: Any, ada: Any) -> None:
    blocks = policy_body("No strangers", "block", locations={"includeLocations": ["place-0"]})
    under_policies(office, blocks, locations=(OFFICE,))

    answer = edit(ada, f"{PLACES}/place-0", ("name", "Office"), ("ranges", "192.0.2.0/24"))

    assert answer.status_code == 422
    assert "you could not administer any more" in answer.text
    (place,) = rules(office).set.locations
    assert str(place.ranges[0].first) == "203.0.113.0"


def test_a_place_that_a_policy_names_is_not_removed_and_says_which(office: Any, ada: Any) -> None:
    blocks = policy_body("No strangers", "block", locations={"includeLocations": ["place-0"]})
    under_policies(office, blocks, locations=(OFFICE,))

    page = ada.get(PLACES).text
    # The list offers no button for it: whoever sends the form all the same is told why.
    answer = ada.submit(f"{PLACES}/new", f"{PLACES}/place-0/remove", {})

    assert 'href="/example/admin/access/policies/policy-0">No strangers</a>' in page
    assert "It can be removed once no policy names it" in page
    assert answer.status_code == 422
    assert "“Office” was not removed: The policy &#39;No strangers&#39; names it" in answer.text
    assert len(rules(office).set.locations) == 1


def test_a_place_that_nothing_names_is_removed(office: Any, ada: Any) -> None:
    under_policies(office, locations=(OFFICE,))

    answer = ada.submit(PLACES, f"{PLACES}/place-0/remove", {})

    assert answer.headers["location"] == f"{PLACES}?done=removed"
    assert rules(office).set.locations == ()
    assert ada.get(f"{PLACES}/place-0").status_code == 404


@pytest.mark.parametrize("name", ["", "   ", "x" * 257, "a\u202eb"])
def test_a_name_can_be_read(ada: Any, name: str) -> None:
    answer = add(ada, PLACES, ("name", name), ("ranges", "203.0.113.0/24"))

    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text


# -- who may ------------------------------------------------------------------------------------------


def test_a_change_on_trial_is_waited_for(office: Any, ada: Any) -> None:
    under_policies(office, policy_body("New", "mfa"), trial=timedelta(minutes=10))

    answer = add(ada, PLACES, *ADDRESSES)

    assert answer.status_code == 422
    assert "Not saved: A change is on trial" in answer.text


def test_who_only_reads_sees_them_and_no_button(office: Any) -> None:
    under_policies(office, locations=(OFFICE,))
    reader = office.signed_in(office.person("reader@example.org", roles=frozenset({Role.GLOBAL_READER})))

    pages = reader.get(PLACES).text + reader.get(f"{PLACES}/place-0").text
    sent = reader.post_form(f"{PLACES}/place-0/remove", {}, token=office.form_token(reader.get("/example/account")))

    assert "203.0.113.0/24" in pages
    assert ">Save</button>" not in pages
    assert "Remove it" not in pages
    assert sent.status_code == 403
    assert len(rules(office).set.locations) == 1
