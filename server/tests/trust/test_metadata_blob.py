"""A blob of metadata is believed for its signer's sake."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from keystead_server.ports.metadata import MetadataRefused
from keystead_server.trust.metadata import errors
from keystead_server.trust.metadata.blob import AuthenticatorMetadata, read_blob
from keystead_testkit.authority import EARLY, Authority, key_usage
from keystead_testkit.metadata_service import SIGNER, MetadataService, entry, report
from keystead_testkit.soft_passkey import SoftPasskey

KEY = UUID(int=0x11)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SERVICE = MetadataService.opened()


def read(
    blob: bytes, *, now: datetime = NOW, signer: str = SIGNER, root: Authority = SERVICE.root
) -> AuthenticatorMetadata:
    return read_blob(blob, [root.certificate], signer, now)


def refused(blob: bytes, because: type[MetadataRefused], **how: Any) -> MetadataRefused:
    with pytest.raises(because) as refusal:
        read(blob, **how)
    return refusal.value


# -- who signed it ---------------------------------------------------------------------------------


def test_a_blob_signed_under_the_chosen_root_is_believed() -> None:
    found = read(SERVICE.blob(entry(KEY, report("FIDO_CERTIFIED_L1", "2025-01-01")), no=7) + b"\n")

    assert (found.number, found.next_update, list(found.entries.models)) == (7, date(2026, 4, 1), [KEY])
    assert found.entries.models[KEY].model.name == "A security key"


def test_the_root_itself_may_stand_in_the_chain() -> None:
    assert read(SERVICE.blob(chain=[SERVICE.signer, SERVICE.between, SERVICE.root]))


def test_refuses_another_root_of_the_same_name() -> None:
    impostor = Authority.root("A root for signing")

    refused(SERVICE.blob(), errors.SignerNotTrusted, root=impostor)
    refused(SERVICE.blob(chain=[impostor.host(SIGNER), impostor]), errors.SignerNotTrusted)


def test_refuses_a_chain_with_a_link_missing() -> None:
    refused(SERVICE.blob(chain=[SERVICE.signer]), errors.SignerNotTrusted)


@pytest.mark.parametrize("late", ["signer", "between", "root"])
def test_what_has_expired_is_judged_by_the_moment_that_is_given(late: str) -> None:
    ends = {late: {"not_after": NOW + timedelta(days=1)}}
    root = Authority.root(**ends.get("root", {}))
    between = root.authority(**ends.get("between", {}))
    blob = SERVICE.blob(chain=[between.host(SIGNER, **ends.get("signer", {})), between])

    assert read(blob, root=root)
    refused(blob, errors.SignerNotTrusted, root=root, now=NOW + timedelta(days=2))
    refused(blob, errors.SignerNotTrusted, root=root, now=EARLY - timedelta(seconds=1))


def test_refuses_a_signer_whose_issuer_is_no_authority() -> None:
    customer, old = SERVICE.between.host("shop.example"), Authority.bare()

    refused(SERVICE.blob(chain=[customer.host(SIGNER), customer, SERVICE.between]), errors.SignerNotTrusted)
    refused(SERVICE.blob(chain=[old.host(SIGNER)]), errors.SignerNotTrusted, root=old)


def test_refuses_a_path_longer_than_an_authority_allows() -> None:
    last = SERVICE.root.authority("May issue signers only", path_length=0)
    below = last.authority("One too many")

    assert read(SERVICE.blob(chain=[last.host(SIGNER), last]))
    refused(SERVICE.blob(chain=[below.host(SIGNER), below, last]), errors.SignerNotTrusted)


def test_refuses_an_authority_as_the_signer() -> None:
    refused(SERVICE.blob(chain=[SERVICE.between.host(SIGNER, ca=True), SERVICE.between]), errors.SignerNotTrusted)
    refused(SERVICE.blob(chain=[SERVICE.root]), errors.SignerNotTrusted, signer="A root for signing")


def test_refuses_a_root_that_signs_by_itself_even_when_it_is_no_authority() -> None:
    own = Authority.by_itself(SoftPasskey(aaguid=KEY))
    name = own.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value

    refused(SERVICE.blob(chain=[own]), errors.SignerNotTrusted, root=own, signer=str(name))


def test_an_rsa_key_signs_if_it_is_long_enough() -> None:
    long, short = (SERVICE.between.host(SIGNER, key=rsa.generate_private_key(65537, bits)) for bits in (2048, 1024))

    assert read(SERVICE.blob(chain=[long, SERVICE.between], alg="RS256"))
    refused(SERVICE.blob(chain=[short, SERVICE.between], alg="RS256"), errors.SignerNotTrusted)


def test_refuses_a_certificate_that_is_not_for_signatures() -> None:
    signer = SERVICE.between.host(SIGNER, extension=key_usage(digital_signature=False))

    refused(SERVICE.blob(chain=[signer, SERVICE.between]), errors.SignerNotTrusted)
    assert read(
        SERVICE.blob(chain=[SERVICE.between.host(SIGNER, extension=key_usage(digital_signature=True)), SERVICE.between])
    )


def test_refuses_another_customer_of_the_same_root() -> None:
    somebody = SERVICE.between.host("shop.example")

    refusal = refused(SERVICE.blob(chain=[somebody, SERVICE.between]), errors.AnotherSigner)

    assert "shop.example" in str(refusal)
    assert read(SERVICE.blob(chain=[somebody, SERVICE.between]), signer="SHOP.example")


def test_a_common_name_counts_only_where_there_is_no_dns_name() -> None:
    no_names = x509.SubjectAlternativeName([x509.RFC822Name("a@mds.example")])
    other_names = x509.SubjectAlternativeName([x509.DNSName("shop.example")])

    assert read(SERVICE.blob(chain=[SERVICE.between.host(SIGNER, extension=no_names), SERVICE.between]))
    refused(
        SERVICE.blob(chain=[SERVICE.between.host(SIGNER, extension=other_names), SERVICE.between]), errors.AnotherSigner
    )


def test_refuses_what_the_signer_did_not_sign() -> None:
    blob = SERVICE.blob()
    head, _, signature = blob.split(b".")
    _, other, _ = SERVICE.blob(entry(KEY)).split(b".")

    refused(b".".join([head, other, signature]), errors.MetadataSignatureInvalid)
    refused(SERVICE.blob(signed_by=SERVICE.between), errors.MetadataSignatureInvalid)


def test_refuses_an_algorithm_that_is_none_or_not_the_keys() -> None:
    head, payload, signature = SERVICE.blob().decode().split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    for algorithm in ("none", "HS256", "RS256"):
        lie = base64.urlsafe_b64encode(json.dumps({**header, "alg": algorithm}).encode()).rstrip(b"=").decode()

        refused(f"{lie}.{payload}.{signature}".encode(), errors.MetadataSignatureInvalid)


@pytest.mark.parametrize("x5c", [[], "text", [1], ["not base64"], ["AAAA"], None, ["AAAA"] * 9])
def test_refuses_a_header_without_certificates(x5c: object) -> None:
    refused(SERVICE.blob(x5c=x5c), errors.MetadataMalformed)


@pytest.mark.parametrize("blob", [b"", b"{}", b"a.b", b"\xff\xfe", b"a.b.c.d"])
def test_refuses_what_is_no_blob(blob: bytes) -> None:
    assert refused(blob, errors.MetadataMalformed).code == "metadata_malformed"


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b"7",
        b"no json",
        b"[" * 100_000,
        b'{"entries":[]}',
        b'{"no":"1","entries":[]}',
        b'{"no":true,"entries":[]}',
        b'{"no":1,"entries":{}}',
        b'{"no":1,"nextUpdate":7,"entries":[]}',
        b'{"no":1,"nextUpdate":"soon","entries":[]}',
    ],
)
def test_refuses_what_is_signed_and_no_metadata(payload: bytes) -> None:
    refused(SERVICE.signed(payload), errors.MetadataMalformed)


def test_the_day_of_the_next_blob_may_be_left_out() -> None:
    assert read(SERVICE.blob(next_update=None)).next_update is None
