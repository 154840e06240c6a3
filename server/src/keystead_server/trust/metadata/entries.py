"""The entries of a blob, read one at a time: a bad one is left out and counted, and the rest stand.

Of a FIDO2 entry everything is kept that can be read: a root or an icon that is damaged must not
take the report with it that the model is compromised.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from cryptography import x509
from keystead_core.webauthn import NO_AAGUID

from keystead_server.domain.authenticator import AuthenticatorModel, StatusReport

MAX_NAME_CHARACTERS = 128
MAX_ICON_CHARACTERS = 64 * 1024
_ICONS = {"data:image/png;base64,": b"\x89PNG\r\n\x1a\n", "data:image/jpeg;base64,": b"\xff\xd8\xff"}
_KEY_COMPROMISED = "ATTESTATION_KEY_COMPROMISE"
_STATUS = re.compile(r"[A-Za-z0-9_]{1,64}")


@dataclass(frozen=True, slots=True)
class MetadataEntry:
    """What a blob says about one model.

    Attributes:
        roots: may vouch for this model; certificate authorities, or attestation certificates themselves.
        withdrawn: attestation certificates whose key is compromised, and since when.
    """

    aaguid: UUID
    model: AuthenticatorModel
    roots: tuple[x509.Certificate, ...]
    withdrawn: tuple[tuple[date | None, x509.Certificate], ...] = ()


@dataclass(frozen=True, slots=True)
class Entries:
    """Attributes:
    others: how many are about U2F and UAF authenticators, which are not known by an AAGUID.
    skipped: how many could not be read.
    damaged: how many parts (roots, reports, icons) could not be read, of entries that were kept.
    """

    models: Mapping[UUID, MetadataEntry]
    others: int
    skipped: int
    damaged: int


class _Unreadable(Exception):
    """This entry cannot be used."""


def read_entries(written: Iterable[object]) -> Entries:
    reading = _Reading()
    for each in written:
        try:
            reading.take(each)
        except _Unreadable:
            reading.skipped += 1
    return Entries(reading.models, reading.others, reading.skipped, reading.damaged)


@dataclass(slots=True)
class _Reading:
    models: dict[UUID, MetadataEntry] = field(default_factory=dict)
    others: int = 0
    skipped: int = 0
    damaged: int = 0
    # Makers list one root for many models: it is parsed once.
    certificates: dict[str, x509.Certificate | None] = field(default_factory=dict)

    def take(self, written: object) -> None:
        entry = _object(written)
        if "aaguid" not in entry and ("aaid" in entry or "attestationCertificateKeyIdentifiers" in entry):
            self.others += 1
            return
        aaguid = _aaguid(entry.get("aaguid"))
        if aaguid in self.models:
            raise _Unreadable("a second entry for the same model")
        statement = _object(entry.get("metadataStatement", {}))
        reports, withdrawn = self._reports(_list(entry.get("statusReports", [])))
        model = AuthenticatorModel(_name(statement.get("description")), reports, self._icon(statement.get("icon")))
        roots = self._roots(_list(statement.get("attestationRootCertificates", [])))
        self.models[aaguid] = MetadataEntry(aaguid, model, roots, withdrawn)

    def _reports(
        self, written: list[object]
    ) -> tuple[tuple[StatusReport, ...], tuple[tuple[date | None, x509.Certificate], ...]]:
        reports, withdrawn = [], []
        for each in written:
            status = each.get("status") if isinstance(each, dict) else None
            if not isinstance(each, dict) or not isinstance(status, str) or not _STATUS.fullmatch(status):
                self.damaged += 1
                continue
            since = self._day(each.get("effectiveDate"))
            # "The relying party SHOULD check the certificate field and use it to identify the compromised
            # authenticator batch": then that batch is no longer vouched for, and the others are not refused.
            batch = each.get("batchCertificate") or each.get("certificate")
            certificate = self._certificate(batch) if batch and status == _KEY_COMPROMISED else None
            if certificate is None:
                reports.append(StatusReport(status, since))
            else:
                withdrawn.append((since, certificate))
        return tuple(reports), tuple(withdrawn)

    def _day(self, written: object) -> date | None:
        if written is None:
            return None
        try:
            return date.fromisoformat(str(written))
        except ValueError:
            # Without its day the report counts from now on, which is the safe reading of a compromise.
            self.damaged += 1
            return None

    def _roots(self, written: list[object]) -> tuple[x509.Certificate, ...]:
        return tuple(root for each in written if (root := self._certificate(each)) is not None)

    def _certificate(self, written: object) -> x509.Certificate | None:
        """A certificate in base64, in which makers leave white space; None, counted, when it cannot be read."""
        text = written if isinstance(written, str) else ""
        if text not in self.certificates:
            try:
                der = base64.b64decode("".join(text.split()), validate=True)
                self.certificates[text] = x509.load_der_x509_certificate(der)
            except ValueError:
                self.certificates[text] = None
        certificate = self.certificates[text]
        self.damaged += certificate is None
        return certificate

    def _icon(self, written: object) -> str | None:
        """A PNG or JPEG as it was written. Never an SVG, which is a program for whatever shows it."""
        if not isinstance(written, str) or not written.startswith(tuple(_ICONS)):
            return None
        head, _, content = written.partition(",")
        try:
            start = base64.b64decode(content, validate=True)
        except (ValueError, binascii.Error):
            start = b""
        if len(written) > MAX_ICON_CHARACTERS or not start.startswith(_ICONS[f"{head},"]):
            self.damaged += 1
            return None
        return written


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Unreadable("not an object")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise _Unreadable("not a list")
    return value


def _aaguid(value: object) -> UUID:
    try:
        aaguid = UUID(str(value))
    except ValueError:
        raise _Unreadable("not an AAGUID") from None
    # Zero stands for "no model given": an entry for it would speak for everybody who does not say.
    if aaguid == NO_AAGUID:
        raise _Unreadable("an entry for no model")
    return aaguid


def _name(written: object) -> str | None:
    """Printable and short: it stands on pages and in logs."""
    if not isinstance(written, str):
        return None
    printable = "".join(" " if c.isspace() else c for c in written if c.isspace() or unicodedata.category(c)[0] != "C")
    return unicodedata.normalize("NFC", " ".join(printable.split()))[:MAX_NAME_CHARACTERS].strip() or None
