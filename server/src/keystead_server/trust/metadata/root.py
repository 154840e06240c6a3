"""Reads the root under which metadata are signed."""

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from keystead_server.trust.metadata.errors import MetadataRootUnreadable


def read_metadata_root(file: Path) -> Sequence[x509.Certificate]:
    """The certificates in *file*; several while a root is being replaced.

    Raises:
        MetadataRootUnreadable: it holds none.
    """
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        raise MetadataRootUnreadable(f"{file} is not a PEM certificate: {error}") from error
