"""What must be unique about a value in MemoryStore, and what must be there before it."""

from collections.abc import Hashable
from typing import Any

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.app import App
from keystead_server.domain.authority import Authority
from keystead_server.domain.device import Device
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.keys import SigningKey
from keystead_server.domain.letter import Letter
from keystead_server.domain.log_chain import LogCheckpoint
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.password import Password
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.domain.user import Group, User, fold

from keystead_testkit.memory_tables import Tables


def key_of(value: Any) -> Hashable:
    match value:
        case Tenant():
            return value.id
        case SigningKey():
            return value.kid
        case LogCheckpoint():
            return value.number
        case PolicyDocument():
            return value.tenant_id, value.kind, value.version
        case TemporaryAccessPass():
            return value.tenant_id, value.user_id
        case _:
            return value.tenant_id, value.id


def name_of(value: Any) -> Hashable:
    """What must be unique besides the key, or None."""
    match value:
        case Tenant():
            return Tenant, value.name
        case User():
            return User, value.tenant_id, fold(value.username)
        case Group():
            return Group, value.tenant_id, fold(value.name)
        case Passkey():
            return Passkey, value.tenant_id, value.credential_id
        case TemporaryAccessPass():
            return TemporaryAccessPass, value.tenant_id, value.id
        case Password() | RecoveryCodes():
            return type(value), value.tenant_id, value.user_id
        case HelloKey():
            return HelloKey, value.tenant_id, value.user_id, value.device_id
        case Device():
            return Device, value.tenant_id, value.attestation_digest
        case _:
            return None


def has_parent(tables: Tables, value: Any) -> bool:
    match value:
        case User() | Group() | App() | PolicyDocument() | Device() | Authority():
            return value.tenant_id in tables.tenants
        case Passkey() | TemporaryAccessPass() | Password() | TotpAuthenticator() | RecoveryCodes() | Letter():
            return (value.tenant_id, value.user_id) in tables.users
        case HelloKey():
            tenant = value.tenant_id
            return (tenant, value.user_id) in tables.users and (tenant, value.device_id) in tables.devices
        case _:
            return True
