"""Put the extension where the browsers of everybody on this computer look; root does it, where the package is installed.

    /var/lib/keystead-agent/browser/    extension.pem, keystead.crx, updates.xml
    /etc/chromium/…, /etc/opt/chrome/…  a policy that installs it, and whom the native host lets in
    /usr/share/mozilla/extensions/…     Debian's Firefox takes what is here, signed or not

Chromium takes an extension from a file only by such a policy, from an update
manifest, and only signed. Whoever signs it decides what its identity is and may
start the native host with it: the key is made here and stays here, root's alone.
Firefox demands Mozilla's signature of what a policy installs, and its policy that
waives that waives it for every extension; so that is not what we use.
"""

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from keystead_agent.browser_host.crx import packed, public_bytes
from keystead_agent.browser_host.install import (
    NothingToClaim,
    as_json,
    extension_source,
    scripts_of,
    template_of,
    write,
)
from keystead_agent.browser_host.manifests import (
    FIREFOX_ID,
    Browser,
    chromium_id,
    extension_manifest,
    host_manifest,
    kiosk_manifest,
)

HOST_NAME: Final = "keystead.agent.everybody"
PACKAGED_HOST: Final = "usr/lib/keystead-agent/browser-host"
FOLDER: Final = "var/lib/keystead-agent/browser"
_FIREFOX: Final = "{ec8030f7-c20a-464f-9b0e-13a3a9e97384}"  # the application's id, its own for all time
_XPI: Final = f"usr/share/mozilla/extensions/{_FIREFOX}/{FIREFOX_ID}.xpi"
_CHROMIUM_SETTINGS: Final = ("etc/chromium", "etc/opt/chrome")
_POLICIES: Final = tuple(f"{settings}/policies/managed/keystead.json" for settings in _CHROMIUM_SETTINGS)
_BROWSERS: Final[tuple[Browser, Browser]] = ("chromium", "firefox")
_KEY_BITS: Final = 2048
_LAST_REVISION: Final = 65_535  # "integers between 0 and 65535, inclusive"

# All that is written, for `remove` and for the package's own end.
PLACES: Final = (
    *_POLICIES,
    *(f"{settings}/native-messaging-hosts/{HOST_NAME}.json" for settings in _CHROMIUM_SETTINGS),
    _XPI,
    *(f"{FOLDER}/{name}" for name in ("keystead.crx", "updates.xml", "extension.pem")),
)


class PackageMissing(FileNotFoundError):
    """The Debian package is not installed: nobody's browser could start the host."""

    code = "package_missing"


@dataclass(frozen=True, slots=True)
class ForEverybody:
    """Attributes:
    root: of the computer, or of an image of one.
    source: the extension's files; those of the package or the checkout when None.
    kiosk: Chromium asks the agent for the passkeys of all sites, and nobody else.
    """

    root: Path = Path("/")
    source: Path | None = None
    kiosk: bool = False

    def install(self, origins: Sequence[str]) -> list[Path]:
        """Claim exactly *origins* for everybody, and return the paths written.

        Raises:
            NothingToClaim: *origins* is empty.
            OriginNotClaimable: one of them is no origin on which passkeys work.
            PackageMissing, ExtensionMissing: there is nothing to install, or nothing that it could reach.
        """
        if not origins:
            raise NothingToClaim("name the identity provider's pages: the extension works on those only")
        if not (self.root / PACKAGED_HOST).exists():
            raise PackageMissing(f"/{PACKAGED_HOST} is not there: install the package keystead-agent first")
        version = self._next_version()
        # Both before the first file: a wrong origin leaves everything as it was.
        chromium, firefox = (self._archive(browser, origins, version) for browser in _BROWSERS)
        key = self._key()
        crx, extension = packed(chromium, key), chromium_id(public_bytes(key))
        return [*self._write_chromium(crx, extension, version), self._write(_XPI, firefox)]

    def remove(self) -> list[Path]:
        """Take away all that `install` has put there, and return what was."""
        found = [self.root / place for place in PLACES if (self.root / place).exists()]
        for path in found:
            path.unlink()
        return found

    def given(self) -> list[Path]:
        """What gives the extension to browsers, as far as it is there: one path a browser."""
        return [self.root / place for place in (*_POLICIES, _XPI) if (self.root / place).exists()]

    def _archive(self, browser: Browser, origins: Sequence[str], version: str) -> bytes:
        source = self.source or extension_source()
        manifest = {**extension_manifest(template_of(source), browser, origins), "version": version}
        if browser == "chromium" and self.kiosk:
            manifest = {**kiosk_manifest(template_of(source)), "version": version}
        scripts = scripts_of(source)
        if browser == "chromium":
            del manifest["key"]  # it is who signs the file
            scripts["host.js"] = f"export const HOST = {json.dumps(HOST_NAME)};\n"
        return _zipped({**scripts, "manifest.json": as_json(manifest)})

    def _write_chromium(self, crx: bytes, extension: str, version: str) -> list[Path]:
        updates = _UPDATES.format(extension=extension, crx=f"file:///{FOLDER}/keystead.crx", version=version)
        written = [self._write(f"{FOLDER}/keystead.crx", crx), self._write(f"{FOLDER}/updates.xml", updates)]
        forced = {"installation_mode": "force_installed", "update_url": f"file:///{FOLDER}/updates.xml"}
        policy = as_json({"ExtensionSettings": {extension: forced}})
        host = as_json(host_manifest("chromium", f"/{PACKAGED_HOST}", name=HOST_NAME, extension=extension))
        for settings in _CHROMIUM_SETTINGS:
            written.append(self._write(f"{settings}/native-messaging-hosts/{HOST_NAME}.json", host))
            written.append(self._write(f"{settings}/policies/managed/keystead.json", policy))
        return written

    def _key(self) -> rsa.RSAPrivateKey:
        path = self.root / FOLDER / "extension.pem"
        if path.exists():
            key = load_pem_private_key(path.read_bytes(), password=None)
            if not isinstance(key, rsa.RSAPrivateKey):
                raise ValueError(f"{path} is no RSA key")
            return key
        made = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
        write(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=0o600)
        return made

    def _next_version(self) -> str:
        """A browser takes a file again when its version is higher, and not otherwise."""
        updates = self.root / FOLDER / "updates.xml"
        before = re.search(r" version='[0-9.]*?\.([0-9]+)'/>", updates.read_text()) if updates.exists() else None
        revision = int(before[1]) + 1 if before else 1
        return f"{template_of(self.source or extension_source())['version']}.{min(revision, _LAST_REVISION)}"

    def _write(self, place: str, content: str | bytes) -> Path:
        return write(self.root / place, content)


_UPDATES: Final = """\
<?xml version='1.0' encoding='UTF-8'?>
<gupdate xmlns='http://www.google.com/update2/response' protocol='2.0'>
  <app appid='{extension}'>
    <updatecheck codebase='{crx}' version='{version}'/>
  </app>
</gupdate>
"""


def _zipped(files: Mapping[str, str]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packing:
        for name, text in files.items():
            packing.writestr(name, text)
    return archive.getvalue()
