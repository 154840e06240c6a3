"""Put the extension and the native host where the browsers of one person look.

    <extension_dir>/keystead-browser-host       what the browsers start
    <extension_dir>/chromium, …/firefox         the extension, one folder a browser
    <home>/.config/chromium/NativeMessagingHosts/keystead.agent.json, and Google Chrome's
    <home>/.mozilla/native-messaging-hosts/keystead.agent.json

Installing again is how the claimed origins change: after it they are exactly
the ones given.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias

from keystead_agent.browser_host.manifests import HOST_NAME, Browser, extension_manifest, host_manifest

Browsers: TypeAlias = Literal["chromium", "firefox", "all"]

_HOST_MANIFESTS: Final[Mapping[Browser, tuple[str, ...]]] = {
    "chromium": (".config/chromium/NativeMessagingHosts", ".config/google-chrome/NativeMessagingHosts"),
    "firefox": (".mozilla/native-messaging-hosts",),
}
_TEMPLATE = "manifest.template.json"
_EXECUTABLE = "keystead-browser-host"


class NothingToClaim(ValueError):
    """No identity provider is enrolled, so there is no site for the extension to work on."""

    code = "nothing_to_claim"


class ExtensionMissing(FileNotFoundError):
    """The extension's files came neither with the package nor with a checkout."""

    code = "extension_missing"


def install(
    browser: Browsers,
    origins: list[str],
    *,
    home: Path,
    extension_dir: Path,
    host_command: str,
    source: Path | None = None,
) -> list[Path]:
    """Write everything *browser* needs and return the paths, in the order written.

    Args:
        origins: of the enrolled identity providers; the extension does nothing elsewhere.
        host_command: a shell command that runs the host, quoted as a shell needs it.
        source: the extension's files; those of the package or the checkout when None.

    Raises:
        NothingToClaim: *origins* is empty.
        OriginNotClaimable: one of them is no origin on which passkeys work.
        ExtensionMissing: there is nothing to install from.
    """
    if not origins:
        raise NothingToClaim("enrol an identity provider first: the extension works on its pages only")
    source = source or extension_source()
    chosen: tuple[Browser, ...] = ("chromium", "firefox") if browser == "all" else (browser,)
    # All manifests before the first file: a wrong origin leaves everything as it was.
    template = template_of(source)
    manifests = {each: extension_manifest(template, each, origins) for each in chosen}
    executable = _write_executable(extension_dir.absolute() / _EXECUTABLE, host_command)
    written = [executable]
    for each in chosen:
        written += _write_extension(source, extension_dir.absolute() / each, manifests[each])
        written += _write_host_manifests(home, each, executable)
    return written


def host_files(home: Path) -> list[Path]:
    """Where browsers look for who answers them, whether anything is there or not."""
    return [home / folder / f"{HOST_NAME}.json" for folders in _HOST_MANIFESTS.values() for folder in folders]


def extension_source() -> Path:
    """The folder with the extension's files: beside this module in a wheel, `browser/` in a checkout."""
    here = Path(__file__).resolve()
    shipped = here.parent / "extension"
    return shipped if shipped.is_dir() else here.parents[4] / "browser"


def template_of(source: Path) -> dict[str, object]:
    try:
        return dict(json.loads((source / _TEMPLATE).read_text()))
    except FileNotFoundError as error:
        raise ExtensionMissing(f"no {_TEMPLATE} in {source}") from error


def _write_executable(path: Path, command: str) -> Path:
    return write(path, f'#!/bin/sh\nexec {command} "$@"\n', mode=0o755)


def _write_extension(source: Path, folder: Path, manifest: Mapping[str, object]) -> list[Path]:
    written = [write(folder / name, text) for name, text in scripts_of(source).items()]
    return [*written, write(folder / "manifest.json", as_json(manifest))]


def _write_host_manifests(home: Path, browser: Browser, executable: Path) -> list[Path]:
    text = as_json(host_manifest(browser, str(executable)))
    return [write(home / folder / f"{HOST_NAME}.json", text) for folder in _HOST_MANIFESTS[browser]]


def scripts_of(source: Path) -> dict[str, str]:
    return {script.name: script.read_text() for script in sorted(source.glob("*.js"))}


def write(path: Path, content: str | bytes, *, mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A browser that starts meanwhile finds the old file or the new one, never half of one.
    fresh = path.with_name(f"{path.name}.new")
    fresh.touch(mode=mode)
    fresh.chmod(mode)
    fresh.write_bytes(content.encode() if isinstance(content, str) else content)
    fresh.replace(path)
    return path


def as_json(value: Mapping[str, object]) -> str:
    return json.dumps(value, indent=2) + "\n"
