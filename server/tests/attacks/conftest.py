"""The office, another organisation on the same server, and the office over a database file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.storage.opening import open_store
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.loop import run
from keystead_testkit.office import Office
from keystead_testkit.soft_passkey import SoftPasskey


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def browser(office: Office) -> HttpBrowser:
    """Ada's, signed in."""
    browser = office.http()
    assert browser.sign_in("contoso", office.passkey).status_code == 200
    return browser


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another organisation, with an attacker who administers it."""

    tenant: Tenant
    mallory: User
    passkey: SoftPasskey


@pytest.fixture
def neighbour(office: Office) -> Neighbour:
    tenant, mallory = office.found("fabrikam")
    return Neighbour(tenant, mallory, office.with_passkey(mallory))


@pytest.fixture
def office_on_disk(tmp_path: Path) -> Iterator[Office]:
    store = run(open_store(f"sqlite:///{tmp_path / 'keystead.db'}", entropy=SeededEntropy(), migrate=True))
    yield Office(store=store)
    run(store.close())
