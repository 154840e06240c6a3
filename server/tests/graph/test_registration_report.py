"""What the report counts, and what it counts apart."""

from dataclasses import replace
from typing import Any

import pytest
from keystead_server.domain.passkey import Passkey
from keystead_server.ports.changes import Replace
from keystead_testkit.api_caller import ApiCaller
from keystead_testkit.loop import run
from keystead_testkit.office import Office

REPORT = "/reports/authenticationMethods/userRegistrationDetails"


@pytest.fixture
def passkey(office: Office) -> Passkey:
    (found,) = run(office.store.passkeys.of_user(office.tenant.id, office.ada.id))
    return found


def of_ada(office: Office, app: ApiCaller) -> Any:
    return app.get(f"{REPORT}/{office.ada.id}").json()


def test_what_somebody_else_registered_is_counted_apart(office: Office, app: ApiCaller, passkey: Passkey) -> None:
    """Complaint about Entra: shadow passkeys improve the coverage that the report shows."""
    run(office.store.write(Replace(replace(passkey, registered_by=office.administrator.id))))

    details = of_ada(office, app)

    assert (details["isMfaRegistered"], details["isMfaCapable"], details["isPasswordlessCapable"]) == (False,) * 3
    assert details["methodsRegistered"] == ["temporaryAccessPass"]
    ours = details["keystead"]
    assert (ours["passkeysRegisteredOnBehalf"], ours["passkeysUsableOnBehalf"], ours["passkeysUsable"]) == (1, 1, 0)


def test_a_synced_passkey_and_one_of_windows_hello_are_called_so(
    office: Office, app: ApiCaller, passkey: Passkey
) -> None:
    def named(**changes: Any) -> list[str]:
        run(office.store.write(Replace(replace(passkey, **changes))))
        methods: list[str] = of_ada(office, app)["methodsRegistered"]
        return methods

    hello = type(passkey.aaguid)("08987058-cadc-4b81-b6e1-30de50dcbe96")
    assert "passKeySynced" in named(backup_eligible=True)
    assert "passKeyDeviceBoundWindowsHello" in named(aaguid=hello)


def test_a_pass_that_is_over_is_no_method(office: Office, app: ApiCaller) -> None:
    assert "temporaryAccessPass" in of_ada(office, app)["methodsRegistered"]

    office.advance(minutes=59)
    office.advance(minutes=2)
    later = ApiCaller(office, app.token).get(f"{REPORT}/{office.ada.id}")

    # The token is over as well: ask with a new one.
    assert later.status_code in (200, 401)
    found = run(office.services.registration_details.of(office.ada))
    assert found.access_pass is None


def test_it_is_filtered_by_what_it_computes(office: Office, app: ApiCaller) -> None:
    page = app.get(f"{REPORT}?$filter=isMfaCapable%20eq%20false%20and%20isAdmin%20eq%20true").json()

    assert [row["userPrincipalName"] for row in page["value"]] == ["admin@contoso.example"]
