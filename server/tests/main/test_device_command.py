"""keystead device, keystead authority."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from keystead_server.ports.changes import Add
from keystead_server.storage.opening import open_store
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.command_line import invoke
from keystead_testkit.store_suite.world import World

Keystead = Callable[..., Any]


@pytest.fixture
def device(keystead: Keystead, data: Path) -> str:
    """The id of a computer that the first administrator has enrolled."""

    async def keep() -> str:
        store = await open_store(f"sqlite:///{data / 'keystead.db'}", entropy=SeededEntropy())
        (tenant,) = await store.tenants.all()
        (user,) = await store.users.administrators(tenant.id)
        device = World(store, asyncio.run).device(user)
        await store.write(Add(device))
        await store.close()
        return str(device.id)

    return asyncio.run(keep())


def test_a_computer_is_listed_and_shown(keystead: Keystead, device: str) -> None:
    (listed,) = keystead("device", "list")

    shown = keystead("device", "show", device)
    assert shown == listed
    assert (shown["name"], shown["state"], shown["trust"]) == ("ada's laptop", "enabled", "certified")
    assert (shown["maker"], shown["enrolled_by"]) == ("INTC", "admin")


def test_a_computer_is_disabled_enabled_and_removed(keystead: Keystead, device: str) -> None:
    assert keystead("device", "disable", device)["state"] == "disabled"
    assert keystead("device", "enable", device)["state"] == "enabled"
    keystead("device", "remove", device)

    assert keystead("device", "list") == []


def test_a_computer_is_withdrawn_and_then_its_chip(keystead: Keystead, device: str) -> None:
    assert keystead("device", "withdraw", device)["state"] == "attestationKeyWithdrawn"
    assert keystead("device", "enable", device, fails=True) == "device_withdrawn"
    assert keystead("device", "withdraw", device, "--chip")["state"] == "endorsementKeyWithdrawn"


@pytest.mark.parametrize("verb", ["show", "disable", "enable", "withdraw", "remove"])
def test_a_computer_that_is_not_there_is_said_to_be_unknown(keystead: Keystead, verb: str) -> None:
    assert keystead("device", verb, "nothing", fails=True) == "device_unknown"


def test_the_authority_is_shown_and_replaced(keystead: Keystead) -> None:
    assert keystead("authority", "show") == []

    first, second = keystead("authority", "rotate"), keystead("authority", "rotate")

    assert [(row["id"], row["retired_at"] is None) for row in keystead("authority", "show")] == [
        (second["id"], True),
        (first["id"], False),
    ]
    assert first["certificate"].startswith("-----BEGIN CERTIFICATE-----")


def test_people_read_tables(keystead: Keystead, device: str, data: Path) -> None:
    assert "ada's laptop  enabled" in invoke(data, "device", "list").output
    assert "firmware                600.18.0.0" in invoke(data, "device", "show", device).output
    assert "It is made when the first computer enrols" not in invoke(data, "authority", "rotate").output
    assert "-----BEGIN CERTIFICATE-----" in invoke(data, "authority", "show").output
