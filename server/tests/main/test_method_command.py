"""keystead method: what somebody signs in with, and taking it away."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from keystead_server.domain.ids import PasswordId, RecoveryCodesId, TotpId
from keystead_server.domain.password import Password
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.main.config import Config
from keystead_server.main.wiring import open_system
from keystead_server.ports.changes import Add, Written

PERSON = "grace@contoso.example"


@pytest.fixture
def with_everything(data: Path, keystead: Callable[..., Any]) -> Callable[..., Any]:
    """The command over a folder where somebody has a password, an app and codes."""
    keystead("user", "create", PERSON)

    async def give() -> None:
        system = await open_system(Config(data=data))
        (tenant,) = await system.store.tenants.all()
        user = await system.store.users.by_username(tenant.id, PERSON)
        assert user is not None
        now, new_id = system.services.clock.now(), system.services.entropy.new_id
        written = await system.store.write(
            Add(Password(PasswordId(new_id(now)), tenant.id, user.id, "$argon2id$", now)),
            Add(TotpAuthenticator(TotpId(new_id(now)), tenant.id, user.id, "Phone", b"sealed", now, user.id, 0)),
            Add(RecoveryCodes(RecoveryCodesId(new_id(now)), tenant.id, user.id, (b"1", b"2"), now)),
        )
        assert written == Written()
        await system.close()

    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(asyncio.run, give()).result()
    return keystead


def test_a_list_has_everything_and_whether_it_can_be_used(with_everything: Callable[..., Any]) -> None:
    rows = with_everything("method", "list", PERSON)

    assert [(row["method"], row["name"], row["usable"], row["code"]) for row in rows] == [
        ("password", None, False, "method_disabled"),
        ("softwareOath", "Phone", True, None),
        ("recoveryCode", "2 left", True, None),
    ]


def test_each_is_removed_by_its_id_and_once(with_everything: Callable[..., Any]) -> None:
    for row in with_everything("method", "list", PERSON):
        assert with_everything("method", "remove", PERSON, row["id"]) == {"removed": row["id"]}
        assert with_everything("method", "remove", PERSON, row["id"], fails=True) == "method_not_found"

    assert with_everything("method", "list", PERSON) == []


def test_nothing_of_it_is_told_in_the_open(with_everything: Callable[..., Any]) -> None:
    assert "argon2" not in str(with_everything("method", "list", PERSON))
