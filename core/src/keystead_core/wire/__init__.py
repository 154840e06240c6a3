"""How values travel: base64url, CBOR, DER, JSON and structures of known lengths.

Everything here is stricter than its standard allows and says no by raising a
`WireError`; what the values mean is for the rooms above.
"""

from keystead_core.wire.base64url import b64url_decode, b64url_encode
from keystead_core.wire.cbor import CborValue, decode_cbor, decode_cbor_prefix, encode_cbor
from keystead_core.wire.der import Der, decode_der
from keystead_core.wire.errors import BadBase64Url, BadCbor, BadDer, BadJson, BadLength, WireError
from keystead_core.wire.reader import Reader
from keystead_core.wire.strict_json import JsonValue, json_decode, json_decode_object

__all__ = [
    "BadBase64Url",
    "BadCbor",
    "BadDer",
    "BadJson",
    "BadLength",
    "CborValue",
    "Der",
    "JsonValue",
    "Reader",
    "WireError",
    "b64url_decode",
    "b64url_encode",
    "decode_cbor",
    "decode_cbor_prefix",
    "decode_der",
    "encode_cbor",
    "json_decode",
    "json_decode_object",
]
