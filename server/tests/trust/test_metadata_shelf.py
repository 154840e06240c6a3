"""The metadata in force: kept between starts, never taken back, and nobody's to lock others out with."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from keystead_server.trust.metadata import errors
from keystead_server.trust.metadata.root import read_metadata_root
from keystead_server.trust.metadata.shelf import KEPT, MetadataShelf
from keystead_testkit.authority import Authority
from keystead_testkit.metadata_service import SIGNER, MetadataService, entry, report

KEY = UUID(int=0x11)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SERVICE = MetadataService.opened()
REVOKED = entry(KEY, report("REVOKED", "2026-01-01"))


def shelf(folder: Path, *, root: Authority = SERVICE.root, signer: str = SIGNER) -> MetadataShelf:
    return MetadataShelf(folder / KEPT, [root.certificate], signer)


def test_what_was_accepted_is_in_force_at_once_and_after_a_restart(tmp_path: Path) -> None:
    first = shelf(tmp_path)

    first.accept(SERVICE.blob(REVOKED), NOW)

    for each in (first, shelf(tmp_path)):
        model = each.about(KEY)
        assert model is not None
        assert model.statuses_on(NOW.date()) == {"REVOKED"}
        assert each.about(UUID(int=0x99)) is None


def test_without_metadata_nothing_is_known(tmp_path: Path) -> None:
    for each in (shelf(tmp_path), MetadataShelf(None, (), SIGNER)):
        assert (each.about(KEY), each.roots_of(KEY), each.withdrawn(KEY, NOW)) == (None, (), ())
        assert each.is_due(NOW)


def test_it_is_kept_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    shelf(tmp_path).accept(SERVICE.blob(), NOW)

    assert [path.name for path in tmp_path.iterdir()] == [KEPT]
    assert stat.S_IMODE((tmp_path / KEPT).stat().st_mode) == 0o600


def test_an_older_blob_does_not_take_back_a_report(tmp_path: Path) -> None:
    kept = shelf(tmp_path)
    kept.accept(SERVICE.blob(REVOKED, no=8), NOW)

    for each in (kept, shelf(tmp_path)):
        with pytest.raises(errors.MetadataRolledBack, match="7"):
            each.accept(SERVICE.blob(no=7), NOW)
        assert each.about(KEY) is not None


def test_the_same_number_again_and_a_higher_one_are_accepted(tmp_path: Path) -> None:
    kept = shelf(tmp_path)
    for number in (8, 8, 12):
        assert kept.accept(SERVICE.blob(no=number), NOW).number == number


def test_a_blob_that_is_refused_leaves_the_last_good_one_in_force(tmp_path: Path) -> None:
    kept = shelf(tmp_path)
    kept.accept(SERVICE.blob(REVOKED), NOW)

    with pytest.raises(errors.MetadataMalformed):
        kept.accept(b"damaged on its way", NOW)

    assert kept.about(KEY) is not None
    assert shelf(tmp_path).about(KEY) is not None


def test_a_kept_blob_stays_good_when_its_signers_certificate_ends(tmp_path: Path) -> None:
    signer = SERVICE.between.host(SIGNER, not_after=NOW + timedelta(days=1))
    blob = SERVICE.blob(REVOKED, chain=[signer, SERVICE.between])
    shelf(tmp_path).accept(blob, NOW)

    late = shelf(tmp_path)

    assert late.about(KEY) is not None
    with pytest.raises(errors.SignerNotTrusted):
        late.accept(blob, NOW + timedelta(days=2))


def test_a_late_blob_is_accepted_and_due(tmp_path: Path) -> None:
    kept = shelf(tmp_path)

    kept.accept(SERVICE.blob(next_update="2026-03-02"), NOW)
    assert kept.is_due(NOW)
    kept.accept(SERVICE.blob(next_update="2026-03-03"), NOW)
    assert not kept.is_due(NOW)
    kept.accept(SERVICE.blob(next_update=None), NOW)
    assert kept.is_due(NOW)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"keystead-fido-metadata 2026-03-02T12:00:00\n", b"2026-03-02T12:00:00+00:00\n"]
)
def test_a_kept_file_that_was_damaged_stops_nobody(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEPT).write_bytes(content + SERVICE.blob(REVOKED))

    kept = shelf(tmp_path)

    assert kept.about(KEY) is None
    assert kept.problem is not None
    kept.accept(SERVICE.blob(REVOKED), NOW)
    assert kept.problem is None
    assert kept.about(KEY) is not None


def test_under_another_root_what_was_kept_does_not_count(tmp_path: Path) -> None:
    shelf(tmp_path).accept(SERVICE.blob(REVOKED, no=8), NOW)
    others = MetadataService.opened()

    moved = shelf(tmp_path, root=others.root)

    assert moved.about(KEY) is None
    assert isinstance(moved.problem, errors.SignerNotTrusted)
    assert moved.accept(others.blob(no=1), NOW).number == 1


def test_what_another_process_has_kept_is_picked_up(tmp_path: Path) -> None:
    server = shelf(tmp_path)
    assert server.about(KEY) is None
    shelf(tmp_path).accept(SERVICE.blob(REVOKED, no=8), NOW)

    server.pick_up()

    assert server.about(KEY) is not None
    shelf(tmp_path).accept(SERVICE.blob(no=9), NOW)
    with pytest.raises(errors.MetadataRolledBack):
        server.accept(SERVICE.blob(no=8), NOW)


def test_a_folder_that_is_a_file_keeps_nothing_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    kept = MetadataShelf(tmp_path / "data" / KEPT, [SERVICE.root.certificate], SIGNER)

    with pytest.raises(errors.MetadataNotKept):
        kept.accept(SERVICE.blob(REVOKED), NOW)

    assert kept.about(KEY) is not None


@pytest.mark.parametrize("content", [None, b"", b"not a certificate"])
def test_a_root_that_is_none_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "root.pem").write_bytes(content)

    with pytest.raises(errors.MetadataRootUnreadable, match=r"root\.pem"):
        read_metadata_root(tmp_path / "root.pem")
