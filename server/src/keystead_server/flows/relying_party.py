"""Who we are towards browsers. From settings, never from a request's Host header."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The relying party of WebAuthn and the issuer of tokens.

    Attributes:
        public_url: scheme, host and port that people type, without a slash at the end.
        rp_id: the host name passkeys are bound to.
        origins: the pages whose ceremonies we accept, exactly: our own, and related ones
            (WebAuthn L3 §5.11).
        name: shown by browsers when a passkey is made.
    """

    public_url: str
    rp_id: str
    origins: frozenset[str]
    name: str

    @property
    def api(self) -> str:
        """The audience of tokens for our API."""
        return f"{self.public_url}/graph"

    def issuer(self, tenant: str) -> str:
        """The issuer of tokens for *tenant*, by its name, or by its id for apps that are configured so."""
        return f"{self.public_url}/{tenant}/v2.0"
