"""Reads the roots of attestation from a folder of PEM files.

<aaguid>.pem     may vouch for that authenticator model only
anything.pem     may vouch for every model
"""

from pathlib import Path
from uuid import UUID

from cryptography import x509


class RootsUnreadable(Exception):
    """A file in the folder of roots is no certificate; the message names it."""

    code = "attestation_roots_unreadable"


def read_roots(folder: Path | None) -> dict[UUID | None, list[x509.Certificate]]:
    """The certificates in *folder*, by the model they may vouch for; none when there is no folder.

    Raises:
        RootsUnreadable: a file cannot be read. Skipping it would silently change whom we trust.
    """
    roots: dict[UUID | None, list[x509.Certificate]] = {}
    for path in [] if folder is None else sorted(folder.glob("*.pem")):
        try:
            certificates = x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError) as error:
            raise RootsUnreadable(f"{path} is not a PEM certificate: {error}") from error
        roots.setdefault(_model(path.stem), []).extend(certificates)
    return roots


def _model(stem: str) -> UUID | None:
    try:
        return UUID(stem)
    except ValueError:
        return None
