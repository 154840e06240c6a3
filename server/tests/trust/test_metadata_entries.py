"""Entries of a blob: a bad one costs itself only, and the latest report about a model counts."""

import base64
import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from keystead_server.trust.metadata.blob import AuthenticatorMetadata, read_blob
from keystead_testkit.authority import Authority
from keystead_testkit.metadata_service import SIGNER, MetadataService, base64_of, entry, report

KEY, OTHER_KEY = UUID(int=0x11), UUID(int=0x22)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = NOW.date()
SERVICE = MetadataService.opened()


def read(blob: bytes) -> AuthenticatorMetadata:
    return read_blob(blob, [SERVICE.root.certificate], SIGNER, NOW)


BAD_ENTRIES: list[object] = [
    "text",
    None,
    {},
    {"aaguid": "not an aaguid", "statusReports": []},
    {"aaguid": str(UUID(int=0)), "statusReports": [report("REVOKED")]},
    {"aaguid": str(OTHER_KEY), "statusReports": "REVOKED"},
    {"aaguid": str(OTHER_KEY), "metadataStatement": []},
    {"aaguid": str(OTHER_KEY), "metadataStatement": {"attestationRootCertificates": "all"}},
]


@pytest.mark.parametrize("bad", BAD_ENTRIES, ids=repr)
def test_a_bad_entry_is_skipped_and_counted_and_the_others_stand(bad: object) -> None:
    found = read(SERVICE.blob(bad, entry(KEY, report("REVOKED", "2026-01-01")), bad)).entries

    assert (list(found.models), found.skipped) == ([KEY], 2)


def test_an_entry_of_broken_text_is_skipped_too() -> None:
    good = json.dumps(entry(KEY, report("\ud800"), description="A \ud800 key")).encode()
    payload = b'{"no":1,"entries":[{"aaguid":"\\ud800"},{"aaguid":"\xff"},' + good + b"]}"

    found = read(SERVICE.signed(payload)).entries

    assert (list(found.models), found.skipped, found.damaged) == ([KEY], 2, 1)
    assert found.models[KEY].model.name == "A key"


def test_of_two_entries_for_one_model_the_first_stands() -> None:
    found = read(SERVICE.blob(entry(KEY, name="First"), entry(KEY, name="Second"))).entries

    assert (found.models[KEY].model.name, found.skipped) == ("First", 1)


def test_older_kinds_of_authenticators_are_counted_and_left_out() -> None:
    found = read(SERVICE.blob({"aaid": "4e4e#4005"}, {"attestationCertificateKeyIdentifiers": ["00" * 20]}, entry(KEY)))

    assert (found.entries.others, found.entries.skipped, len(found.entries.models)) == (2, 0, 1)


def test_a_damaged_part_does_not_take_a_report_with_it() -> None:
    damaged = entry(KEY, report("REVOKED", "2026-01-01"), {"status": 7}, attestationRootCertificates=["AAAA", 7])

    found = read(SERVICE.blob(damaged)).entries

    assert found.models[KEY].model.statuses_on(NOW.date()) == {"REVOKED"}
    assert (found.models[KEY].roots, found.skipped, found.damaged) == ((), 0, 3)


def test_white_space_in_a_root_is_what_makers_write() -> None:
    root = Authority.root()
    text = "\n".join([base64_of(root.certificate)[:64], " " + base64_of(root.certificate)[64:]])

    assert read(SERVICE.blob(entry(KEY, attestationRootCertificates=[text]))).entries.models[KEY].roots == (
        root.certificate,
    )


PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(30)).decode()
JPEG = "data:image/jpeg;base64," + base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(30)).decode()


@pytest.mark.parametrize(
    ("icon", "kept"),
    [
        (PNG, True),
        (JPEG, True),
        ("data:image/svg+xml;base64,PHN2Zz4=", False),
        ("data:image/png;base64," + base64.b64encode(b"<svg onload=alert(1)>").decode(), False),
        ("data:image/png;base64,!!!!", False),
        ("data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64 * 1024)).decode(), False),
        ("https://maker.example/icon.png", False),
        (7, False),
    ],
)
def test_an_icon_is_a_small_picture_or_nothing(icon: object, kept: bool) -> None:
    model = read(SERVICE.blob(entry(KEY, icon=icon))).entries.models[KEY].model

    assert model.icon == (icon if kept else None)


@pytest.mark.parametrize(
    ("written", "shown"),
    [("  A \n key ", "A key"), ("\u202eyek", "yek"), ("\x00", None), (7, None), ("x" * 500, "x" * 128)],
)
def test_a_name_can_stand_on_a_page(written: object, shown: str | None) -> None:
    assert read(SERVICE.blob(entry(KEY, description=written))).entries.models[KEY].model.name == shown


# -- what is reported ------------------------------------------------------------------------------


def statuses(*reports: dict[str, Any], today: date = TODAY) -> set[str]:
    return set(read(SERVICE.blob(entry(KEY, *reports))).entries.models[KEY].model.statuses_on(today))


def test_the_latest_report_counts_wherever_it_stands_in_the_list() -> None:
    certified, revoked = report("FIDO_CERTIFIED_L1", "2024-01-01"), report("REVOKED", "2025-01-01")

    assert statuses(certified, revoked) == statuses(revoked, certified) == {"REVOKED"}


def test_a_later_report_takes_the_place_of_an_earlier_one() -> None:
    assert statuses(report("USER_VERIFICATION_BYPASS", "2024-01-01"), report("UPDATE_AVAILABLE", "2025-01-01")) == {
        "UPDATE_AVAILABLE"
    }


def test_reports_of_one_day_all_count() -> None:
    assert statuses(report("REVOKED", "2025-01-01"), report("UPDATE_AVAILABLE", "2025-01-01")) == {
        "REVOKED", "UPDATE_AVAILABLE",
    }  # fmt: skip


def test_a_report_counts_from_its_day_on() -> None:
    coming = report("REVOKED", "2026-03-02")

    assert statuses(coming, today=date(2026, 3, 1)) == set()
    assert statuses(coming, today=date(2026, 3, 2)) == {"REVOKED"}


@pytest.mark.parametrize("since", [None, "some day"])
def test_a_report_without_a_day_counts_while_it_is_there(since: str | None) -> None:
    assert statuses(report("REVOKED", since), report("FIDO_CERTIFIED", "2026-01-01")) >= {"REVOKED"}


def test_a_certificate_beside_another_report_than_a_leaked_attestation_key_limits_nothing() -> None:
    revoked = report("REVOKED", "2026-01-01", certificate=base64_of(SERVICE.root.certificate))

    assert statuses(revoked) == {"REVOKED"}


def test_a_certification_is_the_one_last_reported() -> None:
    reports = [
        report("FIDO_CERTIFIED_L2", "2020-01-01"), report("FIDO_CERTIFIED", "2024-01-01"),
        report("FIDO_CERTIFIED_L1plus", "2024-01-01"), report("FIDO_CERTIFIED_L3", "2030-01-01"),
        report("REVOKED", "2025-01-01"),
    ]  # fmt: skip
    model = read(SERVICE.blob(entry(KEY, *reports), entry(OTHER_KEY))).entries.models

    assert model[KEY].model.certification_on(NOW.date()) == "FIDO_CERTIFIED_L1plus"
    assert model[OTHER_KEY].model.certification_on(NOW.date()) is None
