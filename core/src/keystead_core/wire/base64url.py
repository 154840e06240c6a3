"""base64url without padding (RFC 4648 §5), one spelling for each value.

Two spellings of one credential id are two database keys and one authenticator,
so everything that is not the canonical spelling is refused: padding, other
alphabets, white space, and trailing bits that are not zero.
"""

import binascii

from keystead_core.wire.errors import BadBase64Url

# The standard alphabet's own two signs, and padding, become a byte that no alphabet has.
_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")
_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_PADDING = (b"", None, b"==", b"=")

# RFC 4648 §3.5: "implementations MUST set pad bits to zero". These are the last
# characters for which they are: four unused bits after one byte, two after two.
_LAST_OF_TWO = frozenset("AQgw")
_LAST_OF_THREE = frozenset("AEIMQUYcgkosw048")


def b64url_encode(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL_SAFE).rstrip(b"=").decode("ascii")


def b64url_decode(text: str) -> bytes:
    """Return the bytes that *text* is the one canonical spelling of.

    Raises:
        BadBase64Url: for anything else.
    """
    remainder = len(text) & 3
    padding = _PADDING[remainder]
    if padding is None:
        raise BadBase64Url("a length that no bytes encode to")
    if remainder and text[-1] not in (_LAST_OF_TWO if remainder == 2 else _LAST_OF_THREE):
        raise BadBase64Url("trailing bits are not zero")
    try:
        return binascii.a2b_base64(text.encode("ascii").translate(_TO_STANDARD) + padding, strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        raise BadBase64Url("a character outside the base64url alphabet") from None
