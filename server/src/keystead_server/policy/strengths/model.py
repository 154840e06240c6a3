"""An authentication strength: combinations of methods, any one of which is enough (Graph's names throughout)."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from uuid import UUID

from keystead_server.domain.passkey import Proof


class MethodMode(StrEnum):
    """Graph's `authenticationMethodModes`."""

    PASSWORD = "password"
    VOICE = "voice"
    HARDWARE_OATH = "hardwareOath"
    SOFTWARE_OATH = "softwareOath"
    SMS = "sms"
    FIDO2 = "fido2"
    WINDOWS_HELLO = "windowsHelloForBusiness"
    AUTHENTICATOR_PUSH = "microsoftAuthenticatorPush"
    DEVICE_BASED_PUSH = "deviceBasedPush"
    PASS_ONE_TIME = "temporaryAccessPassOneTime"
    PASS_MULTI_USE = "temporaryAccessPassMultiUse"
    EMAIL = "email"
    CERTIFICATE_SINGLE_FACTOR = "x509CertificateSingleFactor"
    CERTIFICATE_MULTI_FACTOR = "x509CertificateMultiFactor"
    FEDERATED_SINGLE_FACTOR = "federatedSingleFactor"
    FEDERATED_MULTI_FACTOR = "federatedMultiFactor"
    QR_CODE_PIN = "qrCodePin"


Combination = frozenset[MethodMode]


class StrengthType(StrEnum):
    BUILT_IN = "builtIn"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Fido2Configuration:
    """Which models of authenticator count in the combinations it applies to. A list to allow, never to block.

    Attributes:
        id: by which it is named among those of its strength.
    """

    combinations: frozenset[Combination]
    allowed_aaguids: frozenset[UUID]
    id: str = ""


@dataclass(frozen=True, slots=True)
class CertificateConfiguration:
    """Which issuers and certificate policies count; an empty list asks nothing."""

    combinations: frozenset[Combination]
    allowed_issuer_skis: frozenset[str]
    allowed_policy_oids: frozenset[str]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Strength:
    """Attributes:
    minimum_proof: ours: how far a passkey's device binding must be shown before it counts.
    """

    id: str
    name: str
    combinations: tuple[Combination, ...]
    type: StrengthType = StrengthType.CUSTOM
    description: str = ""
    fido2: tuple[Fido2Configuration, ...] = ()
    certificates: tuple[CertificateConfiguration, ...] = ()
    minimum_proof: Proof = Proof.NONE

    @property
    def is_multifactor(self) -> bool:
        """Whether whoever meets it has met `mfa` too: Graph's `requirementsSatisfied`."""
        return all(any(enough <= one for enough in MULTIFACTOR.combinations) for one in self.combinations)


def combination(*modes: MethodMode) -> Combination:
    return frozenset(modes)


_PHISHING_RESISTANT = (
    combination(MethodMode.WINDOWS_HELLO),
    combination(MethodMode.FIDO2),
    combination(MethodMode.CERTIFICATE_MULTI_FACTOR),
)
_PASSWORDLESS = (*_PHISHING_RESISTANT, combination(MethodMode.DEVICE_BASED_PUSH))
_SECOND_FACTORS = (
    MethodMode.AUTHENTICATOR_PUSH,
    MethodMode.SOFTWARE_OATH,
    MethodMode.HARDWARE_OATH,
    MethodMode.SMS,
    MethodMode.VOICE,
)
_MULTIFACTOR = (
    *_PASSWORDLESS,
    combination(MethodMode.PASS_ONE_TIME),
    combination(MethodMode.PASS_MULTI_USE),
    combination(MethodMode.FEDERATED_MULTI_FACTOR),
    combination(MethodMode.PASSWORD, MethodMode.CERTIFICATE_SINGLE_FACTOR),
    combination(MethodMode.PASSWORD, MethodMode.CERTIFICATE_MULTI_FACTOR),
    *(
        combination(first, second)
        for first, second in product((MethodMode.PASSWORD, MethodMode.FEDERATED_SINGLE_FACTOR), _SECOND_FACTORS)
    ),
)

MULTIFACTOR = Strength(
    "00000000-0000-0000-0000-000000000002",
    "Multifactor authentication",
    _MULTIFACTOR,
    StrengthType.BUILT_IN,
    "Any two factors, or one method that is two in itself",
)
PASSWORDLESS = Strength(
    "00000000-0000-0000-0000-000000000003",
    "Passwordless MFA",
    _PASSWORDLESS,
    StrengthType.BUILT_IN,
    "Two factors without a password among them",
)
PHISHING_RESISTANT = Strength(
    "00000000-0000-0000-0000-000000000004",
    "Phishing-resistant MFA",
    _PHISHING_RESISTANT,
    StrengthType.BUILT_IN,
    "Only methods that cannot be used on a page that is not the real one",
)
BUILT_IN = {strength.id: strength for strength in (MULTIFACTOR, PASSWORDLESS, PHISHING_RESISTANT)}
