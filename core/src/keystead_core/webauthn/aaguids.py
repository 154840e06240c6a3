"""Names for authenticator models, for people to read.

An AAGUID that no attestation vouches for is a claim and not a fact: these names
are for lists and logs. What a policy may build on is `VerifiedAttestation`.
"""

from typing import Final
from uuid import UUID

NO_AAGUID: Final = UUID(int=0)

# Ours, fixed for good: policies all over the world will name them.
KEYSTEAD_TPM: Final = UUID("20263fe7-97ae-4bb6-b3b9-a7b5dae6614f")
KEYSTEAD_SOFTWARE: Final = UUID("a02e549b-2f40-496f-99eb-90999de59314")

_NAMES: Final[dict[UUID, str]] = {
    KEYSTEAD_TPM: "Keystead on a TPM",
    KEYSTEAD_SOFTWARE: "Keystead in software (keys on disk)",
    UUID("08987058-cadc-4b81-b6e1-30de50dcbe96"): "Windows Hello (hardware)",
    UUID("9ddd1817-af5a-4672-a2b9-3e3dd95000a9"): "Windows Hello (VBS hardware)",
    UUID("6028b017-b1d4-4c02-b4b3-afcdafc96bb2"): "Windows Hello (software)",
    UUID("de1e552d-db1d-4423-a619-566b625cdc84"): "Microsoft Authenticator (Android)",
    UUID("90a3ccdf-635c-4729-a248-9b709135078f"): "Microsoft Authenticator (iOS)",
    UUID("fbfc3007-154e-4ecc-8c0b-6e020557d7bd"): "iCloud Keychain",
    UUID("dd4ec289-e01d-41c9-bb89-70fa845d4bf2"): "iCloud Keychain (managed)",
    UUID("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"): "Google Password Manager",
    UUID("bada5566-a7aa-401f-bd96-45619a55120d"): "1Password",
    UUID("d548826e-79b4-db40-a3d8-11116f7e8349"): "Bitwarden",
    UUID("cb69481e-8ff7-4039-93ec-0a2729a154a8"): "YubiKey 5 (firmware 5.1)",
    UUID("ee882879-721c-4913-9775-3dfcce97072a"): "YubiKey 5 (firmware 5.2, 5.4)",
    UUID("fa2b99dc-9e39-4257-8f92-4a30d23c4118"): "YubiKey 5 with NFC (firmware 5.1)",
    UUID("2fc0579f-8113-47ea-b116-bb5a8db9202a"): "YubiKey 5 with NFC (firmware 5.2, 5.4)",
    UUID("c5ef55ff-ad9a-4b9f-b580-adebafe026d0"): "YubiKey 5Ci (firmware 5.2, 5.4)",
}


def authenticator_name(aaguid: UUID) -> str | None:
    """Return the model's name, or None for one we do not know by name."""
    return _NAMES.get(aaguid)
