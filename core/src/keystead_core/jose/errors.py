"""What can be wrong with a key, a signature or a token.

Three families under JoseError, because three different people act on them:

    KeyRefused      whoever published the key
    JwsRefused      whoever made the token, or an attacker
    ClaimsRefused   the token is genuine, and not for us, here, now
"""


class JoseError(Exception):
    code = "jose_refused"


class KeyRefused(JoseError):
    """This key may not be used for what was asked of it."""

    code = "key_refused"


class MalformedKey(KeyRefused):
    code = "key_malformed"


class KeyTypeNotSupported(KeyRefused):
    """A well-known kind of key, or curve, that we do not use."""

    code = "key_type_not_supported"


class WeakKey(KeyRefused):
    """Too short, or of a kind whose private half can be computed."""

    code = "key_weak"


class PrivateKeyExposed(KeyRefused):
    """Private members stand where only a public key belongs; consider the key burnt."""

    code = "key_private_members"


class KeyNotForSignatures(KeyRefused):
    """`use` or `key_ops` says the key is for something else."""

    code = "key_use"


class KeyNotForAlgorithm(KeyRefused):
    """The key's own `alg`, its type or its curve does not fit the algorithm."""

    code = "key_algorithm"


class KeyNotFound(KeyRefused):
    """No key of the set is the one the token names."""

    code = "key_not_found"


class AmbiguousKeySet(KeyRefused):
    """Two keys answer to one name, or secrets and public keys are mixed."""

    code = "key_set_ambiguous"


class JwsRefused(JoseError):
    code = "jws_refused"


class MalformedJws(JwsRefused):
    code = "jws_malformed"


class AlgorithmNotAllowed(JwsRefused):
    """The header names an algorithm this caller does not accept; `none` is always one."""

    code = "jws_algorithm"

    def __init__(self, algorithm: str) -> None:
        super().__init__(f"signed with {algorithm!r}")
        self.algorithm = algorithm


class CriticalHeaderNotUnderstood(JwsRefused):
    code = "jws_critical_header"


class SignatureInvalid(JwsRefused):
    code = "jws_signature"


class ClaimsRefused(JoseError):
    code = "jwt_refused"


class MalformedClaims(ClaimsRefused):
    code = "jwt_malformed"


class WrongTokenType(ClaimsRefused):
    """A token made for another purpose: an ID token shown as an access token, say."""

    code = "jwt_type"


class WrongIssuer(ClaimsRefused):
    code = "jwt_issuer"


class WrongAudience(ClaimsRefused):
    code = "jwt_audience"


class TokenExpired(ClaimsRefused):
    code = "jwt_expired"


class TokenNotYetValid(ClaimsRefused):
    code = "jwt_not_yet_valid"


class TokenFromTheFuture(ClaimsRefused):
    """Issued later than now: a wrong clock, here or there."""

    code = "jwt_issued_in_the_future"
