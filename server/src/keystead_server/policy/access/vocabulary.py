"""The words of Graph's Conditional Access, in Graph's spelling."""

from enum import Enum, StrEnum
from typing import Final


class Unknown(Enum):
    """A fact that nobody could establish: conditions on it fail closed.

    Not the same as None, which is a finding: an unregistered device, an address in no country.
    """

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN

ALL = "All"
NONE = "None"
GUESTS = "GuestsOrExternalUsers"
OFFICE_365 = "Office365"
ADMIN_PORTALS = "MicrosoftAdminPortals"
ALL_TRUSTED = "AllTrusted"
OWN_SERVICE_PRINCIPALS = "ServicePrincipalsInMyTenant"


class State(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"
    REPORT_ONLY = "enabledForReportingButNotEnforced"


class GuestType(StrEnum):
    INTERNAL_GUEST = "internalGuest"
    B2B_COLLABORATION_GUEST = "b2bCollaborationGuest"
    B2B_COLLABORATION_MEMBER = "b2bCollaborationMember"
    B2B_DIRECT_CONNECT = "b2bDirectConnectUser"
    OTHER_EXTERNAL = "otherExternalUser"
    SERVICE_PROVIDER = "serviceProvider"


class UserAction(StrEnum):
    REGISTER_SECURITY_INFO = "urn:user:registersecurityinfo"
    REGISTER_DEVICE = "urn:user:registerdevice"


class ClientApp(StrEnum):
    BROWSER = "browser"
    MOBILE_AND_DESKTOP = "mobileAppsAndDesktopClients"
    EXCHANGE_ACTIVE_SYNC = "exchangeActiveSync"
    EAS_SUPPORTED = "easSupported"
    OTHER = "other"


class Platform(StrEnum):
    ANDROID = "android"
    IOS = "iOS"
    WINDOWS = "windows"
    WINDOWS_PHONE = "windowsPhone"
    MAC_OS = "macOS"
    LINUX = "linux"


class RiskLevel(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    HIDDEN = "hidden"
    NONE = "none"


class InsiderRisk(StrEnum):
    NONE = "none"
    MINOR = "minor"
    MODERATE = "moderate"
    ELEVATED = "elevated"


class TransferMethod(StrEnum):
    DEVICE_CODE = "deviceCodeFlow"
    AUTHENTICATION_TRANSFER = "authenticationTransfer"


class FilterMode(StrEnum):
    INCLUDE = "include"
    EXCLUDE = "exclude"
