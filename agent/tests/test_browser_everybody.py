"""Installing for everybody: signed by a key of this computer's, for exactly the origins named, and gone again."""

import io
import json
import re
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from keystead_agent.browser_host.crx import packed, public_bytes
from keystead_agent.browser_host.everybody import FOLDER, HOST_NAME, PACKAGED_HOST, PLACES, ForEverybody, PackageMissing
from keystead_agent.browser_host.install import NothingToClaim
from keystead_agent.browser_host.manifests import FIREFOX_ID, OriginNotClaimable, chromium_id

ORIGIN = "https://id.example.org"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A computer on which the package is installed."""
    host = tmp_path / PACKAGED_HOST
    host.parent.mkdir(parents=True)
    host.touch()
    return tmp_path


def written(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()} - {PACKAGED_HOST}


def read(root: Path, place: str) -> Any:
    return json.loads((root / place).read_text())


def archive_of(crx: bytes) -> zipfile.ZipFile:
    (length,) = struct.unpack("<I", crx[8:12])
    return zipfile.ZipFile(io.BytesIO(crx[12 + length :]))


def manifests(root: Path) -> list[dict[str, Any]]:
    """Chromium's and Firefox's."""
    (xpi,) = (root / "usr/share/mozilla/extensions").glob(f"*/{FIREFOX_ID}.xpi")
    chromium = archive_of((root / FOLDER / "keystead.crx").read_bytes())
    with chromium, zipfile.ZipFile(xpi) as firefox:
        return [json.loads(each.read("manifest.json")) for each in (chromium, firefox)]


def version(root: Path) -> str:
    found = re.search(r"<updatecheck codebase='[^']*' version='([^']*)'", (root / FOLDER / "updates.xml").read_text())
    assert found is not None
    return found[1]


def test_claims_exactly_the_given_origins_and_nothing_else_of_the_browser(root: Path) -> None:
    ForEverybody(root).install([ORIGIN])

    for manifest in manifests(root):
        assert manifest["host_permissions"] == [f"{ORIGIN}/*"]
        assert all(script["include_globs"] == [f"{ORIGIN}/*"] for script in manifest["content_scripts"])
        assert manifest["permissions"] == ["nativeMessaging"]


def test_the_policy_installs_what_the_key_has_signed_and_the_host_lets_in_that_alone(root: Path) -> None:
    ForEverybody(root).install([ORIGIN])

    for settings in ("etc/chromium", "etc/opt/chrome"):
        ((extension, forced),) = read(root, f"{settings}/policies/managed/keystead.json")["ExtensionSettings"].items()
        host = read(root, f"{settings}/native-messaging-hosts/{HOST_NAME}.json")
        assert forced == {"installation_mode": "force_installed", "update_url": f"file:///{FOLDER}/updates.xml"}
        assert host["allowed_origins"] == [f"chrome-extension://{extension}/"]
        assert (host["name"], host["path"]) == (HOST_NAME, f"/{PACKAGED_HOST}")
        assert f"appid='{extension}'" in (root / FOLDER / "updates.xml").read_text()
        # Another identity than the one that a person loads by hand, so another host.
        assert extension != chromium_id()
    with archive_of((root / FOLDER / "keystead.crx").read_bytes()) as archive:
        assert HOST_NAME in archive.read("host.js").decode()
        assert "key" not in json.loads(archive.read("manifest.json"))


def test_kiosk_mode_is_asked_for_and_is_chromiums_alone(root: Path) -> None:
    ForEverybody(root, kiosk=True).install([ORIGIN])

    chromium, firefox = manifests(root)
    assert chromium["permissions"] == ["nativeMessaging", "webAuthenticationProxy"]
    assert not {"content_scripts", "host_permissions"} & chromium.keys()
    assert firefox["permissions"] == ["nativeMessaging"]


def test_the_signature_is_chromiums() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = public_bytes(key)

    crx = packed(b"PK an archive", key)

    (length,) = struct.unpack("<I", crx[8:12])
    header = crx[12 : 12 + length]
    at = header.index(public) + len(public)
    assert header[at : at + 3] == b"\x12\x80\x02"  # field 2, 256 bytes
    signature, signed_data = header[at + 3 : at + 259], header[-18:]
    said = b"CRX3 SignedData\x00" + struct.pack("<I", 18) + signed_data + b"PK an archive"
    verifying = load_der_public_key(public)
    assert isinstance(verifying, rsa.RSAPublicKey)
    verifying.verify(signature, said, padding.PKCS1v15(), SHA256())
    assert crx[:8] == b"Cr24\x03\x00\x00\x00"


def test_only_root_can_read_the_key_and_each_computer_has_its_own(root: Path, tmp_path_factory: Any) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / PACKAGED_HOST).parent.mkdir(parents=True)
    (other / PACKAGED_HOST).touch()
    for each in (root, other):
        ForEverybody(each).install([ORIGIN])

    keys = [each / FOLDER / "extension.pem" for each in (root, other)]

    assert [key.stat().st_mode & 0o777 for key in keys] == [0o600, 0o600]
    assert keys[0].read_bytes() != keys[1].read_bytes()


def test_installing_again_claims_what_is_asked_now_under_a_higher_version_and_the_same_identity(root: Path) -> None:
    ForEverybody(root).install([ORIGIN, "https://other.example.org"])
    before, policy = version(root), read(root, "etc/chromium/policies/managed/keystead.json")

    ForEverybody(root).install([ORIGIN])

    assert (before, version(root)) == ("0.1.0.1", "0.1.0.2")
    assert [manifest["version"] for manifest in manifests(root)] == ["0.1.0.2", "0.1.0.2"]
    assert read(root, "etc/chromium/policies/managed/keystead.json") == policy
    assert "other.example" not in json.dumps(manifests(root))


def test_all_that_is_written_is_known_and_taken_away(root: Path) -> None:
    ForEverybody(root).install([ORIGIN])
    there = written(root)

    removed = ForEverybody(root).remove()

    assert there == set(PLACES) == {str(path.relative_to(root)) for path in removed}
    assert written(root) == set()
    assert ForEverybody(root).remove() == []


def test_a_wrong_origin_leaves_everything_as_it_was(root: Path) -> None:
    with pytest.raises(OriginNotClaimable):
        ForEverybody(root).install([ORIGIN, "https://*.example.org"])
    with pytest.raises(NothingToClaim):
        ForEverybody(root).install([])

    assert written(root) == set()


def test_without_the_package_nobody_could_be_reached(tmp_path: Path) -> None:
    with pytest.raises(PackageMissing, match="install the package"):
        ForEverybody(tmp_path).install([ORIGIN])

    assert written(tmp_path) == set()
