"""What the verbs of Conditional Access share: options, and the rules that a verb is asked about."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from keystead_server.domain.ids import TenantId
from keystead_server.flows.replay_access import switched_on
from keystead_server.main.cli.access_files import (
    all_taken,
    read_files,
)
from keystead_server.main.wiring import System
from keystead_server.policy.access.bundle import Bundle, laid_rules, read_bundle
from keystead_server.policy.access.document import AccessRules

draft_option = click.option(
    "--draft",
    type=click.Path(path_type=Path),
    help="Files to look at, as `apply` would take them, instead of what is in force.",
)
enforce_option = click.option("--enforce", is_flag=True, help="As if report-only policies were enforced.")
# Beside the passkey policy's verbs these take the option too, and know one kind only.
kind_option = click.option(
    "--kind", type=click.Choice(["access"]), default="access", help="Conditional Access; nothing else."
)


async def in_force(system: System, tenant: TenantId) -> AccessRules:
    version = await system.services.access_policies.now(tenant, system.services.clock.now())
    return replace(version.rules, pending=None)


async def asked(system: System, tenant: TenantId, draft: Path | None, *, enforce: bool) -> AccessRules:
    """What is in force, or would be after `apply`."""
    rules = await in_force(system, tenant)
    if draft is not None:
        rules = laid_rules(all_taken(bundle_of(system, draft, rules)), rules, system.services.clock.now(), whole=True)
    return replace(rules, set=switched_on(rules.set)) if enforce else rules


def bundle_of(system: System, path: Path, known: AccessRules) -> Bundle:
    new_id = partial(system.services.entropy.new_id, system.services.clock.now())
    return read_bundle(read_files(path), known, new_id)
