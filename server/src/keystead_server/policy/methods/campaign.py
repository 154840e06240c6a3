"""The registration campaign: whether somebody who has just signed in is asked to add a passkey on this device.

The question is not whether they have a passkey, but whether they have one that works *here*: somebody
who signs in on a new computer by means of their telephone is asked, and on the telephone is not.

What "here" is we know from two things. The browser keeps a long-lived cookie of ours with the passkeys
that were registered or used from it and live in its own device; that is sure for keys that never leave
their device. For those that a provider copies, the platform that the browser names tells where the
provider's copies are. A browser can lie about both: it is then asked too often or not at all, and nothing
else depends on it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from keystead_server.domain.passkey import Passkey
from keystead_server.domain.snoozes import Snoozes
from keystead_server.policy.methods.model import Campaign
from keystead_server.policy.passkeys.sets import SETS
from keystead_server.policy.people import Subject

_SAMSUNG_PASS = UUID("53414d53-554e-4700-0000-000000000000")


class Platform(StrEnum):
    WINDOWS = "windows"
    MAC = "mac"
    IOS = "ios"
    ANDROID = "android"
    LINUX = "linux"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Device:
    """What a browser says of itself."""

    platform: Platform
    is_chrome: bool

    @classmethod
    def of(cls, user_agent: str) -> "Device":
        # Android names Linux too, and an iPhone "like Mac OS X": the more special word comes first.
        platform = next((found for word, found in _WORDS if word in user_agent), Platform.OTHER)
        return cls(platform, "Chrome/" in user_agent and "Edg/" not in user_agent)


_WORDS = (
    ("Android", Platform.ANDROID), ("iPhone", Platform.IOS), ("iPad", Platform.IOS), ("Windows", Platform.WINDOWS),
    ("Mac OS X", Platform.MAC), ("CrOS", Platform.OTHER), ("Linux", Platform.LINUX),
)  # fmt: skip


def works_here(passkey: Passkey, device: Device, *, known_here: bool) -> bool:
    """Whether *passkey* can sign in on *device* without fetching another one.

    Args:
        known_here: the browser's cookie says that it lives in its device.
    """
    if known_here:
        return True
    aaguid, on = passkey.aaguid, device.platform
    if aaguid in SETS["microsoftAuthenticator"].aaguids:
        return True
    if aaguid in SETS["googlePasswordManager"].aaguids:
        return on is Platform.ANDROID or (device.is_chrome and on in _GOOGLE)
    if aaguid in SETS["iCloudKeychain"].aaguids:
        return on in (Platform.MAC, Platform.IOS)
    if aaguid == _SAMSUNG_PASS:
        return on is Platform.ANDROID
    # A security key is carried along; what can only be reached inside its device is not.
    return bool(passkey.transports) and "internal" not in passkey.transports


_GOOGLE = (Platform.WINDOWS, Platform.MAC, Platform.LINUX)


class Because(StrEnum):
    """Why nobody is asked; for whoever wonders."""

    NOT_MEANT = "campaign_not_meant"
    MAY_NOT_REGISTER = "may_not_register"
    WORKS_HERE = "passkey_works_here"
    SNOOZED = "snoozed"


@dataclass(frozen=True, slots=True)
class Ask:
    """Attributes:
    forced: "not now" is not offered any more.
    """

    forced: bool


def ask(
    campaign: Campaign, subject: Subject, snoozes: Snoozes, *, may_register: bool, works: Iterable[bool], now: datetime
) -> Ask | Because:
    """Whether *subject*, who has just signed in, is asked.

    Args:
        works: for each of their passkeys, whether it works on the device they sit at.
    """
    if not campaign.is_for(subject):
        return Because.NOT_MEANT
    if not may_register:
        return Because.MAY_NOT_REGISTER
    if any(works):
        return Because.WORKS_HERE
    if snoozes.last_at is not None and now < snoozes.last_at + campaign.snooze:
        return Because.SNOOZED
    return Ask(is_forced(campaign, snoozes.count))


def is_forced(campaign: Campaign, snoozed: int) -> bool:
    return campaign.enforced and snoozed >= campaign.allowed_snoozes


def is_due(campaign: Campaign, snoozes: Snoozes, *, signed_in_at: datetime, now: datetime) -> bool:
    """Whether every "not now" is used up and over, for somebody whose session goes on.

    Whoever was asked once more than that, and neither added one nor said that it does not work, is asked still.
    """
    if not is_forced(campaign, snoozes.count):
        return False
    if snoozes.count > campaign.allowed_snoozes or snoozes.last_at is None:
        return True
    # The last "not now": it lasts as long as each, and one without a length until the next sign-in.
    return now >= snoozes.last_at + campaign.snooze and (bool(campaign.snooze) or snoozes.last_at < signed_in_at)


NAMES = {
    Platform.WINDOWS: "Windows",
    Platform.MAC: "a Mac",
    Platform.IOS: "an iPhone or iPad",
    Platform.ANDROID: "Android",
    Platform.LINUX: "Linux",
}
"""The platforms that decide anything, as sentences name them."""


def says(decided: Ask | Because) -> str:
    """*decided*, in words that follow "on Linux: "."""
    if isinstance(decided, Ask):
        return "asked, and may not put it off any more" if decided.forced else "asked, and may put it off"
    return f"not asked, because {_BECAUSE[decided]}"


_BECAUSE = {
    Because.NOT_MEANT: "the campaign is switched off or not meant for this person",
    Because.MAY_NOT_REGISTER: "the passkey policy lets this person add none",
    Because.WORKS_HERE: "a passkey of theirs works there",
    Because.SNOOZED: "they were asked a short while ago",
}
