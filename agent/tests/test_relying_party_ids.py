"""Which relying-party ids can be enrolled: never a public suffix, a stranger's only when the stranger says so."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from keystead_agent.container.records import Provider
from keystead_agent.enrolment.description import WELL_KNOWN, Judge, read_description
from keystead_agent.enrolment.errors import DescriptionRefused
from keystead_agent.enrolment.public_suffixes import SYSTEM_LIST, PublicSuffixes, read_list, system_suffixes
from keystead_agent.enrolment.related_origins import is_related

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RULES = [
    "// a comment",
    "",
    "com",
    "org",
    "uk",
    "co.uk",
    "*.ck",
    "!www.ck",
    "github.io  and what is after it",
    "公司.cn",
]
SUFFIXES = read_list(RULES)


def enrol(
    origin: str, rp_id: str, *others: str, suffixes: PublicSuffixes | None = SUFFIXES, related: bytes = b"{}"
) -> Provider:
    said = {
        "issuer": f"{origin}/t/v2.0",
        "tenant": {"id": "t", "name": "T"},
        "rp_id": rp_id,
        "origins": [origin, *others],
        "name": "T",
    }
    judge = Judge(suffixes, lambda asked: related)
    return read_description(json.dumps(said).encode(), f"{origin}/t{WELL_KNOWN}", now=NOW, judge=judge)


@pytest.mark.parametrize(
    ("host", "suffix"),
    [
        ("id.example.org", "org"),
        ("id.example.co.uk", "co.uk"),
        ("example.uk", "uk"),
        ("a.b.ck", "b.ck"),
        ("www.ck", "ck"),
        ("me.github.io", "github.io"),
        ("x.xn--55qx5d.cn", "xn--55qx5d.cn"),
        ("a.b.unknown", "unknown"),
    ],
)
def test_the_longest_rule_tells_the_suffix_and_an_exception_before_all(host: str, suffix: str) -> None:
    assert SUFFIXES.suffix_of(host) == suffix


@pytest.mark.parametrize("suffix", ["org", "co.uk", "b.ck", "github.io", "xn--55qx5d.cn"])
def test_a_public_suffix_can_never_be_enrolled(suffix: str) -> None:
    # From a page below it, from a page at it, and when it calls that page its own.
    for host in (f"id.example.{suffix}", f"id.{suffix}", suffix):
        vouched = json.dumps({"origins": [f"https://{host}"]}).encode()
        with pytest.raises(DescriptionRefused, match="public suffix"):
            enrol(f"https://{host}", suffix, related=vouched)


def test_nor_can_what_is_above_one() -> None:
    with pytest.raises(DescriptionRefused, match="may not use"):
        enrol("https://id.shop.b.c.ck", "c.ck", suffixes=read_list(["ck", "*.c.ck"]))


@pytest.mark.skipif(not SYSTEM_LIST.exists(), reason=f"{SYSTEM_LIST} is needed: apt-get install publicsuffix")
@pytest.mark.parametrize("suffix", ["com", "co.uk", "github.io", "b.kawasaki.jp", "xn--55qx5d.cn"])
def test_the_systems_own_list_knows_the_suffixes_of_the_world(suffix: str) -> None:
    suffixes = system_suffixes()

    assert suffixes is not None
    with pytest.raises(DescriptionRefused, match="public suffix"):
        enrol(f"https://example.{suffix}", suffix, suffixes=suffixes)
    assert enrol(f"https://id.example.{suffix}", f"example.{suffix}", suffixes=suffixes)


@pytest.mark.parametrize("text", [None, "", "<html>", b"\xff\xfe"])
def test_no_list_is_no_knowledge_and_then_a_parent_domain_is_refused(tmp_path: Path, text: str | bytes | None) -> None:
    path = tmp_path / "list"
    if text is not None:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    suffixes = system_suffixes(path)

    assert suffixes is None
    assert enrol("https://id.example.org", "id.example.org", suffixes=suffixes)
    with pytest.raises(DescriptionRefused, match="apt install publicsuffix"):
        enrol("https://id.example.org", "example.org", suffixes=suffixes)


def test_a_computer_without_a_domain_may_be_a_provider() -> None:
    assert enrol("https://idp", "idp").rp_id == "idp"
    assert enrol("http://localhost:8400", "localhost").rp_id == "localhost"


@pytest.mark.parametrize(
    "rp_id", ["example.org/x", "example.org:443", "a@example.org", "example..org", "-a.org", "ex ample"]
)
def test_what_is_no_domain_is_never_asked_at(rp_id: str) -> None:
    def never(asked: str) -> bytes:
        raise AssertionError(asked)

    said = {
        "issuer": "https://id.org/t",
        "tenant": {"id": "t", "name": "T"},
        "origins": ["https://id.org"],
        "name": "T",
    }
    with pytest.raises(DescriptionRefused):
        read_description(
            json.dumps({**said, "rp_id": rp_id}).encode(),
            f"https://id.org/t{WELL_KNOWN}",
            now=NOW,
            judge=Judge(SUFFIXES, never),
        )


def test_an_origin_elsewhere_is_enrolled_when_the_relying_party_names_it() -> None:
    vouched = json.dumps({"origins": ["https://id.example.co.uk"]}).encode()

    provider = enrol("https://example.org", "example.org", "https://id.example.co.uk", related=vouched)

    assert provider.origins == ("https://example.org", "https://id.example.co.uk")
    with pytest.raises(DescriptionRefused, match=r"https://id\.example\.co\.uk may not use"):
        enrol("https://example.org", "example.org", "https://id.example.co.uk")


def test_a_provider_cannot_take_a_strangers_relying_party_id() -> None:
    theirs = json.dumps({"origins": ["https://login.bank.com"]}).encode()

    with pytest.raises(DescriptionRefused):
        enrol("https://evil.org", "bank.com", related=theirs)


LABELS = [f"https://l{number}.org" for number in range(6)]
Document = Callable[[], bytes]


@pytest.mark.parametrize(
    ("document", "origin", "verdict"),
    [
        ({"origins": LABELS}, "https://l4.org", True),
        # The sixth label is one too many, wherever else it may be said again.
        ({"origins": LABELS}, "https://l5.org", False),
        ({"origins": [*LABELS, "https://l5.com"]}, "https://l5.com", False),
        # A label counts once, under whatever suffix.
        ({"origins": [*LABELS[:5], "https://l0.co.uk", "https://a.l0.com"]}, "https://a.l0.com", True),
        # What has no label, or is no text, is skipped and not counted.
        ({"origins": ["https://co.uk", 7, None, "::", "https://[", *LABELS]}, "https://l4.org", True),
        # Exactly: scheme, host, port.
        ({"origins": ["https://a.org"]}, "https://a.org:8443", False),
        ({"origins": ["https://a.org"]}, "https://b.a.org", False),
        ({"origins": ["https://a.org/"]}, "https://a.org", False),
        ({"origins": "https://a.org"}, "https://a.org", False),
        ({"origins": {"https://a.org": 1}}, "https://a.org", False),
        ({}, "https://a.org", False),
    ],
)
def test_which_origins_a_document_names(document: object, origin: str, verdict: bool) -> None:
    assert is_related(json.dumps(document).encode(), origin, SUFFIXES) is verdict


@pytest.mark.parametrize("data", [b"", b"[]", b"<html>", b'{"origins": ["https://a.org"]', b"\xff"])
def test_what_is_no_document_names_nothing(data: bytes) -> None:
    assert not is_related(data, "https://a.org", SUFFIXES)
