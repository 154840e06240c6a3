"""Which database a setting means."""

from pathlib import Path

import pytest
from keystead_server.storage.errors import StorageUrlInvalid
from keystead_server.storage.url import PostgresLocation, SqliteLocation, locate


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("sqlite:///keystead.db", SqliteLocation(Path("keystead.db"))),
        ("sqlite:////var/lib/keystead/a b.db", SqliteLocation(Path("/var/lib/keystead/a b.db"))),
        ("postgresql://u@h/d?sslmode=require", PostgresLocation("postgresql://u@h/d?sslmode=require")),
    ],
)
def test_a_url_names_a_file_or_a_server(url: str, location: object) -> None:
    assert locate(url) == location


@pytest.mark.parametrize(
    "url", ["", "keystead.db", "mysql://u:hush@h/d", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://h/a.db"]
)
def test_anything_else_is_refused_with_what_may_be_written(url: str) -> None:
    with pytest.raises(StorageUrlInvalid) as refused:
        locate(url)

    assert refused.value.code == "storage_url_invalid"
    assert "sqlite:///keystead.db" in str(refused.value)
    assert "hush" not in str(refused.value)
