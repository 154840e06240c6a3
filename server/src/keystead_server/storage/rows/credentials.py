"""What people sign in with: passkeys, Temporary Access Passes, passwords, apps, recovery codes, Hello keys."""

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.passkey import Passkey, Proof
from keystead_server.domain.password import Password
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.storage import schema
from keystead_server.storage.rows.columns import (
    all_but,
    over_at,
    to_list,
    to_micros,
    to_moment,
    to_optional_micros,
    to_optional_moment,
    to_tuple,
    to_uuid,
)
from keystead_server.storage.statement import Arguments, Row

_PROOFS = {proof.value: proof for proof in Proof}

PASSKEY = all_but(schema.passkeys)


def passkey_row(p: Passkey) -> Arguments:
    return (
        p.id,
        p.tenant_id,
        p.user_id,
        p.credential_id,
        p.public_key,
        p.algorithm,
        str(p.aaguid),
        p.sign_count,
        p.backup_eligible,
        p.backed_up,
        to_list(p.transports),
        p.attestation_format,
        p.attestation_kind,
        p.proof.value,
        p.name,
        to_micros(p.created_at),
        p.registered_by,
        to_optional_micros(p.last_used_at),
        to_optional_micros(p.acknowledged_at),
        p.last_used_address,
        p.last_used_agent,
        p.device_id,
        p.legacy_attestation,
    )


def passkey(row: Row) -> Passkey:
    # fmt: off
    (
        id_, tenant_id, user_id, credential_id, public_key, algorithm, aaguid, sign_count, backup_eligible, backed_up,
        transports, attestation_format, attestation_kind, proof, name, created_at, registered_by, last_used_at,
        acknowledged_at, last_used_address, last_used_agent, device_id, legacy_attestation,
    ) = row
    # fmt: on
    return Passkey(
        id_,
        tenant_id,
        user_id,
        credential_id,
        public_key,
        algorithm,
        to_uuid(aaguid),
        sign_count,
        bool(backup_eligible),
        bool(backed_up),
        to_tuple(transports),
        attestation_format,
        attestation_kind,
        _PROOFS[proof],
        name,
        to_moment(created_at),
        registered_by,
        to_optional_moment(last_used_at),
        to_optional_moment(acknowledged_at),
        last_used_address,
        last_used_agent,
        device_id,
        bool(legacy_attestation),
    )


ACCESS_PASS = all_but(schema.passes, "over_at")


def access_pass_row(p: TemporaryAccessPass) -> Arguments:
    expires_at, used_at = to_micros(p.expires_at), to_optional_micros(p.used_at)
    return (
        p.id,
        p.tenant_id,
        p.user_id,
        p.digest,
        to_micros(p.starts_at),
        expires_at,
        p.usable_once,
        to_micros(p.created_at),
        p.created_by,
        used_at,
        p.delivered_to,
        over_at(expires_at, used_at),
    )


def access_pass(row: Row) -> TemporaryAccessPass:
    # fmt: off
    (
        id_, tenant_id, user_id, digest, starts_at, expires_at, usable_once, created_at, created_by, used_at,
        delivered_to,
    ) = row
    # fmt: on
    return TemporaryAccessPass(
        id_,
        tenant_id,
        user_id,
        digest,
        to_moment(starts_at),
        to_moment(expires_at),
        bool(usable_once),
        to_moment(created_at),
        created_by,
        to_optional_moment(used_at),
        delivered_to,
    )


PASSWORD = all_but(schema.passwords)


def password_row(p: Password) -> Arguments:
    return p.id, p.tenant_id, p.user_id, p.hashed, to_micros(p.set_at)


def password(row: Row) -> Password:
    id_, tenant_id, user_id, hashed, set_at = row
    return Password(id_, tenant_id, user_id, hashed, to_moment(set_at))


TOTP = all_but(schema.totp_authenticators)


def totp_row(t: TotpAuthenticator) -> Arguments:
    return (
        t.id,
        t.tenant_id,
        t.user_id,
        t.name,
        t.sealed_secret,
        to_micros(t.created_at),
        t.registered_by,
        t.last_step,
        to_optional_micros(t.last_used_at),
    )


def totp(row: Row) -> TotpAuthenticator:
    id_, tenant_id, user_id, name, sealed_secret, created_at, registered_by, last_step, last_used_at = row
    return TotpAuthenticator(
        id_,
        tenant_id,
        user_id,
        name,
        sealed_secret,
        to_moment(created_at),
        registered_by,
        last_step,
        to_optional_moment(last_used_at),
    )


RECOVERY_CODES = all_but(schema.recovery_codes)


def recovery_codes_row(r: RecoveryCodes) -> Arguments:
    digests = to_list([digest.hex() for digest in r.digests])
    return r.id, r.tenant_id, r.user_id, digests, to_micros(r.made_at), to_optional_micros(r.last_used_at)


def recovery_codes(row: Row) -> RecoveryCodes:
    id_, tenant_id, user_id, digests, made_at, last_used_at = row
    kept = tuple(map(bytes.fromhex, to_tuple(digests)))
    return RecoveryCodes(id_, tenant_id, user_id, kept, to_moment(made_at), to_optional_moment(last_used_at))


HELLO_KEY = all_but(schema.hello_keys)


def hello_key_row(k: HelloKey) -> Arguments:
    used_at = to_optional_micros(k.last_used_at)
    return (k.id, k.tenant_id, k.user_id, k.device_id, k.public_key, k.name, to_micros(k.created_at), used_at)


def hello_key(row: Row) -> HelloKey:
    id_, tenant_id, user_id, device_id, public_key, name, created_at, last_used_at = row
    used_at = to_optional_moment(last_used_at)
    return HelloKey(id_, tenant_id, user_id, device_id, public_key, name, to_moment(created_at), used_at)
