"""The policies behind one command: what `keystead policy --kind …` needs of each."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from keystead_server.domain import policy_document
from keystead_server.domain.ids import TenantId
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.flows.access_names import names_for
from keystead_server.flows.policy_kinds import PolicyKind
from keystead_server.flows.rollback_policy import RollBackPolicy
from keystead_server.main.cli import access_desk
from keystead_server.main.cli import policy_words as words
from keystead_server.main.cli.access_files import all_taken, read_files
from keystead_server.main.wiring import System
from keystead_server.policy.access import document as access_document
from keystead_server.policy.access.bundle import laid_rules, read_bundle
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.methods import document as methods_document
from keystead_server.policy.methods.differences import differences as methods_differences
from keystead_server.policy.passkeys import document as passkeys_document
from keystead_server.policy.passkeys.differences import differences as passkeys_differences

KINDS = (policy_document.PASSKEYS, policy_document.METHODS, policy_document.ACCESS)


@dataclass(frozen=True, slots=True)
class Desk:
    """One kind of policy.

    Attributes:
        read: files into a policy, when it is not one file of the policy's own form.
        takes_away: what a preview would take from anybody, in words; empty when nothing.
    """

    kind: PolicyKind[Any]
    to_json: Callable[[Any], dict[str, Any]]
    to_text: Callable[[Any], str]
    names: Callable[[TenantId, Sequence[Any]], Awaitable[Any]]
    preview: Callable[[TenantId, Any], Any]
    save: Callable[..., Awaitable[PolicyDocument]]
    roll_back: RollBackPolicy[Any]
    differences: Callable[..., tuple[str, ...]]
    data: Callable[[Any, Sequence[str]], dict[str, Any]]
    text: Callable[[Any, Sequence[str]], str]
    takes_away: Callable[[Any], str]
    read: Callable[[TenantId, Path], Awaitable[Any]] | None = None


def desk_of(system: System, kind: str) -> Desk:
    services = system.services
    names = services.explain_passkey.names
    if kind == policy_document.ACCESS:
        return _access_desk(system)
    if kind == policy_document.METHODS:
        return Desk(
            services.save_methods_policy.kind, methods_document.to_json, methods_document.to_text, names,
            services.preview_methods_policy,
            services.save_methods_policy, services.roll_back_methods_policy, methods_differences,
            words.methods_preview_data, words.methods_preview_text, words.methods_taken_away,
        )  # fmt: skip
    return Desk(
        services.save_passkey_policy.kind, passkeys_document.to_json, passkeys_document.to_text, names,
        services.preview_passkey_policy,
        services.save_passkey_policy, services.roll_back_passkey_policy, passkeys_differences,
        words.preview_data, words.preview_text, words.passkeys_taken_away,
    )  # fmt: skip


def _access_desk(system: System) -> Desk:
    services = system.services

    async def names(tenant: TenantId, policies: Sequence[AccessRules]) -> Any:
        terms = [one for each in policies for one in each.terms]
        return await names_for(services.store, tenant, *(each.set for each in policies), terms=terms)

    async def read(tenant: TenantId, path: Path) -> AccessRules:
        """What the files stand for: all of it, and nothing besides."""
        now = services.clock.now()
        before = (await services.access_policies.now(tenant, now)).rules
        new_id = partial(services.entropy.new_id, now)
        bundle = all_taken(read_bundle(read_files(path), before, new_id))
        return laid_rules(bundle, before, now, whole=True)

    return Desk(
        services.manage_access.kind, access_document.to_json, _indented, names,
        partial(access_desk.preview, system), partial(access_desk.save, system), services.roll_back_access_policy,
        access_desk.changes, access_desk.data, access_desk.text, access_desk.takes_away, read,
    )  # fmt: skip


def _indented(rules: AccessRules) -> str:
    return json.dumps(access_document.to_json(rules), indent=2)
