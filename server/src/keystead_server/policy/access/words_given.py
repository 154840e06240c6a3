"""Kinds of client, platforms and flows, in words: for a policy's sentence, an explanation, and forms."""

from collections.abc import Mapping
from typing import Final

from keystead_server.policy.access.vocabulary import ClientApp, Platform, TransferMethod

CLIENT_WORDS: Final[Mapping[ClientApp, str]] = {
    ClientApp.BROWSER: "a browser",
    ClientApp.MOBILE_AND_DESKTOP: "a mobile or desktop app",
    ClientApp.EXCHANGE_ACTIVE_SYNC: "Exchange ActiveSync",
    ClientApp.EAS_SUPPORTED: "Exchange ActiveSync on supported platforms",
    ClientApp.OTHER: "a client that knows only passwords",
}
FLOW_WORDS: Final[Mapping[TransferMethod, str]] = {
    TransferMethod.DEVICE_CODE: "device code",
    TransferMethod.AUTHENTICATION_TRANSFER: "authentication transfer",
}
PLATFORM_WORDS: Final[Mapping[Platform, str]] = {
    Platform.ANDROID: "Android",
    Platform.IOS: "iOS",
    Platform.WINDOWS: "Windows",
    Platform.WINDOWS_PHONE: "Windows Phone",
    Platform.MAC_OS: "macOS",
    Platform.LINUX: "Linux",
}
