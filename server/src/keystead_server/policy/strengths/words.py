"""Methods of signing in as people call them."""

from collections.abc import Mapping
from typing import Final

from keystead_server.policy.strengths.model import MethodMode

METHOD_WORDS: Final[Mapping[MethodMode, str]] = {
    MethodMode.FIDO2: "Passkey",
    MethodMode.WINDOWS_HELLO: "Windows Hello",
    MethodMode.PASSWORD: "Password",
    MethodMode.SOFTWARE_OATH: "Authenticator app (code)",
    MethodMode.HARDWARE_OATH: "Hardware token (code)",
    MethodMode.PASS_ONE_TIME: "Temporary Access Pass, good once",
    MethodMode.PASS_MULTI_USE: "Temporary Access Pass, good several times",
    MethodMode.CERTIFICATE_MULTI_FACTOR: "Certificate, multifactor",
    MethodMode.CERTIFICATE_SINGLE_FACTOR: "Certificate, single factor",
    MethodMode.AUTHENTICATOR_PUSH: "Push to an authenticator app",
    MethodMode.DEVICE_BASED_PUSH: "Sign-in by phone",
    MethodMode.SMS: "Text message",
    MethodMode.VOICE: "Telephone call",
    MethodMode.EMAIL: "Code by e-mail",
    MethodMode.FEDERATED_MULTI_FACTOR: "Another provider, multifactor",
    MethodMode.FEDERATED_SINGLE_FACTOR: "Another provider, single factor",
    MethodMode.QR_CODE_PIN: "QR code and PIN",
}
