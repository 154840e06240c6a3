"""Why a blob of metadata is not believed."""

from keystead_server.ports.metadata import MetadataRefused
from keystead_server.trust.roots import RootsUnreadable


class MetadataMalformed(MetadataRefused):
    """Not a blob of metadata, or damaged on its way."""

    code = "metadata_malformed"


class SignerNotTrusted(MetadataRefused):
    """Signed by somebody whose certificate does not lead to the chosen root, at the given time."""

    code = "metadata_signer_not_trusted"


class AnotherSigner(MetadataRefused):
    """Under the chosen root, but signed by somebody else than expected: roots have many customers."""

    code = "metadata_signer_unexpected"

    def __init__(self, names: list[str], expected: str) -> None:
        super().__init__(f"signed by {', '.join(names) or 'nobody by name'}, where {expected} was expected")


class MetadataSignatureInvalid(MetadataRefused):
    """The signer did not sign these bytes."""

    code = "metadata_signature_invalid"


class MetadataRolledBack(MetadataRefused):
    """An older blob than the one in force: replayed, it would take back what has been reported since."""

    code = "metadata_rolled_back"

    def __init__(self, number: int, before: int) -> None:
        super().__init__(f"this is number {number}, and number {before} is in force")


class MetadataNotKept(MetadataRefused):
    """It is good and in force, and could not be written into the data folder: a restart forgets it."""

    code = "metadata_not_kept"


class MetadataRootUnreadable(RootsUnreadable):
    """`fido_metadata_root` is no certificate in PEM form."""

    code = "metadata_root_unreadable"
