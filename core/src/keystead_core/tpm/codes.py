"""Numbers of TPM 2.0 (TCG library, part 2), only those we use, under their own names.

CommandCode     what we ask
ResponseCode    what it answers when it refuses
Attribute       of an object, fixed when it is made
SessionUse      of one session in one command
"""

from enum import IntEnum, IntFlag
from typing import Final


class CommandCode(IntEnum):
    NV_UNDEFINE_SPACE = 0x122
    NV_DEFINE_SPACE = 0x12A
    CREATE_PRIMARY = 0x131
    DICTIONARY_ATTACK_LOCK_RESET = 0x139
    DICTIONARY_ATTACK_PARAMETERS = 0x13A
    NV_WRITE = 0x137
    NV_CHANGE_AUTH = 0x13B
    ACTIVATE_CREDENTIAL = 0x147
    CERTIFY = 0x148
    NV_READ = 0x14E
    OBJECT_CHANGE_AUTH = 0x150
    POLICY_SECRET = 0x151
    CREATE = 0x153
    HMAC = 0x155
    LOAD = 0x157
    SIGN = 0x15D
    UNSEAL = 0x15E
    POLICY_SIGNED = 0x160
    FLUSH_CONTEXT = 0x165
    LOAD_EXTERNAL = 0x167
    NV_READ_PUBLIC = 0x169
    POLICY_AUTH_VALUE = 0x16B
    POLICY_COMMAND_CODE = 0x16C
    POLICY_OR = 0x171
    READ_PUBLIC = 0x173
    START_AUTH_SESSION = 0x176
    GET_CAPABILITY = 0x17A
    GET_RANDOM = 0x17B
    POLICY_GET_DIGEST = 0x189


class ResponseCode(IntEnum):
    """Response codes with the number of the handle, parameter or session taken out."""

    TPM_RC_INITIALIZE = 0x100
    TPM_RC_FAILURE = 0x101
    TPM_RC_DISABLED = 0x120
    TPM_RC_AUTH_TYPE = 0x124
    TPM_RC_AUTH_MISSING = 0x125
    TPM_RC_POLICY = 0x126
    TPM_RC_PCR_CHANGED = 0x128
    TPM_RC_TOO_MANY_CONTEXTS = 0x12E
    TPM_RC_AUTH_UNAVAILABLE = 0x12F
    TPM_RC_REBOOT = 0x130
    TPM_RC_COMMAND_SIZE = 0x142
    TPM_RC_COMMAND_CODE = 0x143
    TPM_RC_AUTHSIZE = 0x144
    TPM_RC_AUTH_CONTEXT = 0x145
    TPM_RC_NV_RANGE = 0x146
    TPM_RC_NV_SIZE = 0x147
    TPM_RC_NV_LOCKED = 0x148
    TPM_RC_NV_AUTHORIZATION = 0x149
    TPM_RC_NV_UNINITIALIZED = 0x14A
    TPM_RC_NV_SPACE = 0x14B
    TPM_RC_NV_DEFINED = 0x14C
    TPM_RC_BAD_CONTEXT = 0x150
    TPM_RC_ASYMMETRIC = 0x081
    TPM_RC_ATTRIBUTES = 0x082
    TPM_RC_HASH = 0x083
    TPM_RC_VALUE = 0x084
    TPM_RC_HIERARCHY = 0x085
    TPM_RC_KEY_SIZE = 0x087
    TPM_RC_MODE = 0x089
    TPM_RC_TYPE = 0x08A
    TPM_RC_HANDLE = 0x08B
    TPM_RC_KDF = 0x08C
    TPM_RC_RANGE = 0x08D
    TPM_RC_AUTH_FAIL = 0x08E
    TPM_RC_NONCE = 0x08F
    TPM_RC_SCHEME = 0x092
    TPM_RC_SIZE = 0x095
    TPM_RC_SYMMETRIC = 0x096
    TPM_RC_TAG = 0x097
    TPM_RC_SELECTOR = 0x098
    TPM_RC_INSUFFICIENT = 0x09A
    TPM_RC_SIGNATURE = 0x09B
    TPM_RC_KEY = 0x09C
    TPM_RC_POLICY_FAIL = 0x09D
    TPM_RC_INTEGRITY = 0x09F
    TPM_RC_TICKET = 0x0A0
    TPM_RC_RESERVED_BITS = 0x0A1
    TPM_RC_BAD_AUTH = 0x0A2
    TPM_RC_EXPIRED = 0x0A3
    TPM_RC_POLICY_CC = 0x0A4
    TPM_RC_BINDING = 0x0A5
    TPM_RC_CURVE = 0x0A6
    TPM_RC_ECC_POINT = 0x0A7
    TPM_RC_OBJECT_MEMORY = 0x902
    TPM_RC_SESSION_MEMORY = 0x903
    TPM_RC_MEMORY = 0x904
    TPM_RC_SESSION_HANDLES = 0x905
    TPM_RC_OBJECT_HANDLES = 0x906
    TPM_RC_YIELDED = 0x908
    TPM_RC_CANCELED = 0x909
    TPM_RC_TESTING = 0x90A
    TPM_RC_REFERENCE_H0 = 0x910
    TPM_RC_REFERENCE_S0 = 0x918
    TPM_RC_NV_RATE = 0x920
    TPM_RC_LOCKOUT = 0x921
    TPM_RC_RETRY = 0x922
    TPM_RC_NV_UNAVAILABLE = 0x923


# Part 2, "the TPM was not able to start the command … it may be retried": the same bytes are sent again.
RESEND: Final = frozenset(
    {
        ResponseCode.TPM_RC_RETRY,
        ResponseCode.TPM_RC_YIELDED,
        ResponseCode.TPM_RC_TESTING,
        ResponseCode.TPM_RC_NV_RATE,
    }
)


def base_of(rc: int) -> int:
    """The response code without the number of the handle, parameter or session that it is about."""
    format_one, warning = 0x080, 0x900
    if rc & format_one:
        return rc & 0x0BF
    return rc & 0x97F if rc & warning == warning else rc & 0x17F


def name_of(rc: int) -> str:
    try:
        return ResponseCode(base_of(rc)).name
    except ValueError:
        return f"TPM_RC 0x{rc:03x}"


class Algorithm(IntEnum):
    RSA = 0x0001
    HMAC = 0x0005
    AES = 0x0006
    KEYEDHASH = 0x0008
    SHA256 = 0x000B
    NULL = 0x0010
    ECDSA = 0x0018
    ECC = 0x0023
    CFB = 0x0043


class Attribute(IntFlag):
    """TPMA_OBJECT."""

    FIXED_TPM = 1 << 1
    ST_CLEAR = 1 << 2
    FIXED_PARENT = 1 << 4
    SENSITIVE_DATA_ORIGIN = 1 << 5
    USER_WITH_AUTH = 1 << 6
    ADMIN_WITH_POLICY = 1 << 7
    NO_DA = 1 << 10
    ENCRYPTED_DUPLICATION = 1 << 11
    RESTRICTED = 1 << 16
    DECRYPT = 1 << 17
    SIGN = 1 << 18


class NvAttribute(IntFlag):
    """TPMA_NV; the type of the index is in bits 4 to 7."""

    PIN_FAIL = 0x8 << 4
    POLICY_WRITE = 1 << 3
    AUTH_READ = 1 << 18
    POLICY_READ = 1 << 19
    NO_DA = 1 << 25
    WRITTEN = 1 << 29


class SessionUse(IntFlag):
    """TPMA_SESSION. DECRYPT: the TPM decrypts our first parameter; ENCRYPT: it encrypts its own."""

    NONE = 0
    CONTINUE = 1 << 0
    DECRYPT = 1 << 5
    ENCRYPT = 1 << 6


class Property(IntEnum):
    """TPM_PT, what GetCapability(TPM_PROPERTIES) can tell."""

    MANUFACTURER = 0x105
    VENDOR_STRING_1 = 0x106
    VENDOR_STRING_2 = 0x107
    FIRMWARE_VERSION_1 = 0x10B
    FIRMWARE_VERSION_2 = 0x10C
    PERMANENT = 0x200
    LOCKOUT_COUNTER = 0x20E
    MAX_AUTH_FAIL = 0x20F
    LOCKOUT_INTERVAL = 0x210
    LOCKOUT_RECOVERY = 0x211


OWNER: Final = 0x40000001
NULL_HANDLE: Final = 0x40000007
PASSWORD: Final = 0x40000009
LOCKOUT: Final = 0x4000000A
ENDORSEMENT: Final = 0x4000000B
EK_CERTIFICATE_RSA: Final = 0x01C00002  # TCG EK credential profile 2.5, 2.2.1.4
EK_CERTIFICATE_P256: Final = 0x01C0000A
STORAGE_ROOT_KEY: Final = 0x81000001  # where TCG's provisioning guidance has it

NIST_P256: Final = 0x0003
RSA_BITS: Final = 2048
ST_NO_SESSIONS: Final = 0x8001
ST_SESSIONS: Final = 0x8002
ST_HASHCHECK: Final = 0x8024
CAP_TPM_PROPERTIES: Final = 0x00000006
