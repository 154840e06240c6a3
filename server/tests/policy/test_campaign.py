"""The registration campaign: who is asked, on which device, and when for the last time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from keystead_core.webauthn import KEYSTEAD_TPM
from keystead_server.domain.ids import PasskeyId, TenantId, UserId
from keystead_server.domain.passkey import Passkey, Proof
from keystead_server.domain.snoozes import Snoozes
from keystead_server.policy.methods.campaign import Ask, Because, Device, Platform, ask, works_here
from keystead_server.policy.methods.model import Campaign
from keystead_server.policy.passkeys.sets import SETS
from keystead_server.policy.people import ALL_USERS, Subject, user

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = Subject(UserId("ada"), frozenset(), frozenset())
ON = Campaign(enabled=True)
NEVER = Snoozes()
UNNAMED = UUID(int=0)
DAY = timedelta(days=1)

WINDOWS_CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
WINDOWS_EDGE = WINDOWS_CHROME + " Edg/140.0"
MAC_CHROME = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
MAC_SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 Version/26.0 Safari/605.1"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1 Version/26.0 Safari/604.1"
ANDROID = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
LINUX_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
EVERYWHERE = (WINDOWS_CHROME, WINDOWS_EDGE, MAC_CHROME, MAC_SAFARI, IPHONE, ANDROID)


def passkey(aaguid: UUID = UNNAMED, *, synced: bool = True, transports: tuple[str, ...] = ("internal",)) -> Passkey:
    return Passkey(
        PasskeyId("p"), TenantId("t"), UserId("ada"), b"c", b"k", -7, aaguid, 0, synced, synced, transports,
        "none", "none", Proof.NONE, "Passkey", NOW, UserId("ada"),
    )  # fmt: skip


def one_of(named: str) -> UUID:
    return sorted(SETS[named].aaguids)[0]


def where(kept: Passkey) -> tuple[bool, ...]:
    return tuple(works_here(kept, Device.of(agent), known_here=False) for agent in EVERYWHERE)


@pytest.mark.parametrize(
    ("kept", "works"),
    [
        (passkey(one_of("windowsHello"), synced=False), (False,) * 6),
        (passkey(one_of("googlePasswordManager")), (True, False, True, False, False, True)),
        (passkey(one_of("iCloudKeychain")), (False, False, True, True, True, False)),
        (passkey(UUID("53414d53-554e-4700-0000-000000000000")), (False, False, False, False, False, True)),
        (passkey(one_of("microsoftAuthenticator"), synced=False), (True,) * 6),
        (passkey(one_of("yubiKey5"), synced=False, transports=("usb", "nfc")), (True,) * 6),
        (passkey(KEYSTEAD_TPM, synced=False), (False,) * 6),
        (passkey(), (False,) * 6),
        (passkey(transports=()), (False,) * 6),
    ],
    ids=["hello", "google", "icloud", "samsung", "authenticator", "security key", "container", "unknown", "silent"],
)
def test_where_a_passkey_works_without_a_device_that_is_known(kept: Passkey, works: tuple[bool, ...]) -> None:
    assert where(kept) == works


@pytest.mark.parametrize("agent", [*EVERYWHERE, LINUX_FIREFOX, ""])
def test_a_passkey_that_lives_in_this_device_works_here(agent: str) -> None:
    assert works_here(passkey(KEYSTEAD_TPM, synced=False), Device.of(agent), known_here=True)


@pytest.mark.parametrize(
    ("agent", "platform"),
    [
        (WINDOWS_EDGE, Platform.WINDOWS), (MAC_SAFARI, Platform.MAC), (IPHONE, Platform.IOS),
        (ANDROID, Platform.ANDROID), (LINUX_FIREFOX, Platform.LINUX), ("", Platform.OTHER), ("curl/8", Platform.OTHER),
    ],
)  # fmt: skip
def test_the_platform_is_what_the_browser_names(agent: str, platform: Platform) -> None:
    assert Device.of(agent).platform is platform


def decided(campaign: Campaign = ON, snoozes: Snoozes = NEVER, **how: Any) -> Ask | Because:
    return ask(campaign, ADA, snoozes, **{"may_register": True, "works": [False], "now": NOW} | how)


def test_whoever_has_nothing_that_works_here_is_asked() -> None:
    assert decided() == Ask(forced=False)
    assert decided(works=[]) == Ask(forced=False)
    assert decided(works=[False, True]) is Because.WORKS_HERE


def test_only_those_whom_the_campaign_is_for_are_asked() -> None:
    ada = frozenset({user("ada")})

    assert decided(Campaign()) is Because.NOT_MEANT
    assert decided(Campaign(enabled=True, include=frozenset())) is Because.NOT_MEANT
    assert decided(Campaign(enabled=True, include=ada)) == Ask(forced=False)
    assert decided(Campaign(enabled=True, include=frozenset({ALL_USERS}), exclude=ada)) is Because.NOT_MEANT


def test_whoever_may_add_none_is_not_asked() -> None:
    assert decided(may_register=False) is Because.MAY_NOT_REGISTER


def test_not_now_lasts_as_long_as_the_policy_says() -> None:
    assert decided(snoozes=Snoozes(1, NOW - DAY + timedelta(seconds=1))) is Because.SNOOZED
    assert decided(snoozes=Snoozes(1, NOW - DAY)) == Ask(forced=False)
    every_time = Campaign(enabled=True, snooze=timedelta(0))
    assert decided(every_time, Snoozes(1, NOW)) == Ask(forced=False)


def test_after_as_many_as_are_allowed_it_is_forced_where_it_is_enforced() -> None:
    for count, forced in ((2, False), (3, True), (4, True)):
        assert decided(snoozes=Snoozes(count, NOW - DAY)) == Ask(forced)
    assert decided(Campaign(enabled=True, enforced=False), Snoozes(99, NOW - DAY)) == Ask(forced=False)
    assert decided(Campaign(enabled=True, allowed_snoozes=0)) == Ask(forced=True)
