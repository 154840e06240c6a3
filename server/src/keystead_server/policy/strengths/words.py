"""Methods of signing in as people call them, as they stand inside a sentence."""

from collections.abc import Mapping
from typing import Final

from keystead_server.policy.strengths.document import combination_text
from keystead_server.policy.strengths.model import Combination, MethodMode

METHOD_WORDS: Final[Mapping[MethodMode, str]] = {
    MethodMode.FIDO2: "passkey",
    MethodMode.WINDOWS_HELLO: "Windows Hello",
    MethodMode.PASSWORD: "password",
    MethodMode.SOFTWARE_OATH: "authenticator app (code)",
    MethodMode.HARDWARE_OATH: "hardware token (code)",
    MethodMode.PASS_ONE_TIME: "Temporary Access Pass, good once",
    MethodMode.PASS_MULTI_USE: "Temporary Access Pass, good several times",
    MethodMode.CERTIFICATE_MULTI_FACTOR: "certificate, multifactor",
    MethodMode.CERTIFICATE_SINGLE_FACTOR: "certificate, single factor",
    MethodMode.AUTHENTICATOR_PUSH: "push to an authenticator app",
    MethodMode.DEVICE_BASED_PUSH: "sign-in by phone",
    MethodMode.SMS: "text message",
    MethodMode.VOICE: "telephone call",
    MethodMode.EMAIL: "code by e-mail",
    MethodMode.FEDERATED_MULTI_FACTOR: "another provider, multifactor",
    MethodMode.FEDERATED_SINGLE_FACTOR: "another provider, single factor",
    MethodMode.QR_CODE_PIN: "QR code and PIN",
}


def combination_words(combination: Combination) -> str:
    """In Graph's order, which is the one of using them."""
    return " and ".join(METHOD_WORDS[MethodMode(mode)] for mode in combination_text(combination).split(","))
