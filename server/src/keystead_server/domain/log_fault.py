"""One thing that is wrong with a log."""

from dataclasses import dataclass

from keystead_server.domain.log_chain import Digest, Kind

_WHERE = {Kind.ATTEMPT: "sign-in", Kind.AUDIT: "audit event"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Attributes:
    code: stable; docs/reference/errors.md.
    sentence: what is wrong, to be read behind what it is wrong with.
    kind, tenant_id, id: the row, when it is about one.
    chain, number: the link, or the link that names the row.
    """

    code: str
    sentence: str
    kind: Kind | None = None
    tenant_id: str | None = None
    id: str | None = None
    chain: str | None = None
    number: int | None = None

    @property
    def text(self) -> str:
        link = "" if self.chain is None else f"link {self.number} of chain {self.chain}"
        if self.kind is None:
            return f"{link} {self.sentence}".strip()
        row = f"{_WHERE[self.kind]} {self.id} of tenant {self.tenant_id} {self.sentence}"
        return f"{row} ({link})" if link else row


def digest_from_hex(text: str) -> Digest:
    """Raises ValueError when it is no SHA-256 in lower-case hexadecimal."""
    # bytes.fromhex passes over spaces, and a digest has one form.
    if len(text) != 64 or text != text.lower():
        raise ValueError("not a digest")
    return bytes.fromhex(text)
