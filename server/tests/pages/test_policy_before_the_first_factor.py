"""Policy is asked before anybody is asked for anything, by whoever opens the page."""

from datetime import timedelta
from pathlib import Path

import pytest
from keystead_server.geo.country_file import CountryFile
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, under_policies
from keystead_testkit.country_file import country, country_file
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.office import Office

HOME = {"displayName": "Home", "countriesAndRegions": ["DE"]}
ABROAD = {"includeLocations": ["All"], "excludeLocations": ["place-0"]}
FROM_HOME, FROM_ABROAD = "192.0.2.10", "198.51.100.10"
SIGN_IN, PASSWORD, OPTIONS = "/contoso/sign-in", "/contoso/sign-in/password", "/contoso/sign-in/options"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    places = tmp_path / "countries.mmdb"
    places.write_bytes(country_file({"192.0.2.0/24": country("DE"), "198.51.100.0/24": country("FR")}))
    office = Office(places=CountryFile(places))
    office.with_passkey(office.administrator)
    office.allow_passwords()
    office.with_password()
    return office


def offers_a_password(browser: HttpBrowser) -> bool:
    return "/sign-in/password" in browser.get(SIGN_IN).text


def test_a_blocked_country_never_gets_a_prompt(office: Office) -> None:
    block = policy_body("Not from abroad", "block", locations=ABROAD)
    under_policies(office, block, locations=(HOME,), trial=timedelta(minutes=10))
    office.allow_passwords()
    home, abroad = office.http(address=FROM_HOME), office.http(address=FROM_ABROAD)

    assert home.get(SIGN_IN).status_code == 200
    page = abroad.get(SIGN_IN)

    assert page.status_code == 403
    assert "<input" not in page.text
    assert abroad.send("POST", OPTIONS, content=b"{}", headers={"content-type": "application/json"}).status_code == 403
    assert office.log[-1] == "access_blocked"


def test_who_must_be_phishing_resistant_is_never_offered_a_password(office: Office) -> None:
    assert offers_a_password(office.http())

    under_policies(office, policy_body("Strong", strength=PHISHING_RESISTANT))
    office.allow_passwords()

    assert not offers_a_password(office.http())
    assert office.http().get(SIGN_IN).status_code == 200
