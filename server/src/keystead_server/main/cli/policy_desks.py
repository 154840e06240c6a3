"""The two policies behind one command: what `keystead policy --kind …` needs of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from keystead_server.domain import policy_document
from keystead_server.domain.ids import TenantId
from keystead_server.flows.policy_kinds import PolicyKind
from keystead_server.flows.rollback_policy import RollBackPolicy
from keystead_server.flows.save_policy import SavePolicy
from keystead_server.main.cli import policy_words as words
from keystead_server.main.wiring import System
from keystead_server.policy.methods import document as methods_document
from keystead_server.policy.methods.differences import differences as methods_differences
from keystead_server.policy.passkeys import document as passkeys_document
from keystead_server.policy.passkeys.differences import differences as passkeys_differences

KINDS = (policy_document.PASSKEYS, policy_document.METHODS)


@dataclass(frozen=True, slots=True)
class Desk:
    """One kind of policy.

    Attributes:
        takes_away: what a preview would take from anybody, in words; empty when nothing.
    """

    kind: PolicyKind[Any]
    to_json: Callable[[Any], dict[str, Any]]
    preview: Callable[[TenantId, Any], Any]
    save: SavePolicy[Any]
    roll_back: RollBackPolicy[Any]
    differences: Callable[..., tuple[str, ...]]
    data: Callable[[Any, Sequence[str]], dict[str, Any]]
    text: Callable[[Any, Sequence[str]], str]
    takes_away: Callable[[Any], str]


def desk_of(system: System, kind: str) -> Desk:
    services = system.services
    if kind == policy_document.METHODS:
        return Desk(
            services.save_methods_policy.kind, methods_document.to_json, services.preview_methods_policy,
            services.save_methods_policy, services.roll_back_methods_policy, methods_differences,
            words.methods_preview_data, words.methods_preview_text, words.methods_taken_away,
        )  # fmt: skip
    return Desk(
        services.save_passkey_policy.kind, passkeys_document.to_json, services.preview_passkey_policy,
        services.save_passkey_policy, services.roll_back_passkey_policy, passkeys_differences,
        words.preview_data, words.preview_text, words.passkeys_taken_away,
    )  # fmt: skip
