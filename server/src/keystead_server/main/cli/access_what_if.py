"""keystead policy what-if"""

from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from keystead_server.domain.ids import TenantId
from keystead_server.domain.passkey import Proof
from keystead_server.flows.access_facts import OWN_APPS
from keystead_server.flows.access_names import names_for
from keystead_server.flows.what_if_access import Supposed, address_of, country_of, device_of
from keystead_server.main.cli import access_words as words
from keystead_server.main.cli.access_options import asked, draft_option, enforce_option, kind_option
from keystead_server.main.cli.frame import Failed, Frame, as_json, tell
from keystead_server.main.wiring import System
from keystead_server.policy.access.vocabulary import (
    ClientApp,
    InsiderRisk,
    Platform,
    RiskLevel,
    TransferMethod,
    UserAction,
)
from keystead_server.policy.strengths.model import MethodMode


def _choice(kind: type[StrEnum]) -> click.Choice[str]:
    return click.Choice([each.value for each in kind])


@click.command(
    "what-if", epilog="Example:  keystead policy what-if grace@contoso.example --method password --country FR"
)
@click.argument("username")
@click.option("--app", "apps", multiple=True, help="An app by id or name; without any, one's own account.")
@click.option(
    "--action",
    type=click.Choice(["register-security-info", "register-device"]),
    help="Register something, instead of reaching an app.",
)
@click.option("--context", "contexts", multiple=True, help="An authentication context that is asked for, c1 to c99.")
@click.option("--method", "methods", multiple=True, type=_choice(MethodMode), help="What they sign in with.")
@click.option("--aaguid", type=click.UUID, help="The passkey's model.")
@click.option("--proof", type=_choice(Proof), default=Proof.NONE.value, help="That the passkey is bound to its device.")
@click.option("--ip", help="From this address; its country is looked up.")
@click.option("--country", help="From this country, two letters.")
@click.option("--platform", type=_choice(Platform), help="On this; none that anybody knows when left out.")
@click.option("--client", type=_choice(ClientApp), default=ClientApp.BROWSER.value, help="With this kind of program.")
@click.option("--device", multiple=True, help="An attribute of a registered device, such as isCompliant=True.")
@click.option("--sign-in-risk", type=_choice(RiskLevel), help="Of the sign-in; as it is now when left out.")
@click.option("--user-risk", type=_choice(RiskLevel), help="Of the person; as it is now when left out.")
@click.option("--insider-risk", type=_choice(InsiderRisk), help="Of the person; as it is now when left out.")
@click.option("--transfer", type=_choice(TransferMethod), help="By device code, or from another device.")
@draft_option
@enforce_option
@kind_option
@as_json
@click.pass_obj
def what_if(
    frame: Frame, /, username: str, draft: Path | None, enforce: bool, kind: str, json_output: bool, **said: Any
) -> None:
    """Decide a sign-in as you suppose it: the verdict, what is asked for, and of every policy why."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        person = await frame.user_of(system, tenant, username)
        rules = await asked(system, tenant.id, draft, enforce=enforce)
        supposed = await _supposed(system, tenant.id, said)
        explanation = await system.services.what_if_access(person, supposed, rules.set)
        names = await names_for(system.store, tenant.id, rules.set, terms=rules.terms)
        tell(
            words.explanation_data(explanation, names),
            words.explanation_text(explanation, names),
            json_output=json_output,
        )

    frame.run(work, json_output=json_output)


_ACTIONS = {
    "register-security-info": UserAction.REGISTER_SECURITY_INFO,
    "register-device": UserAction.REGISTER_DEVICE,
}


async def _supposed(system: System, tenant: TenantId, said: dict[str, Any]) -> Supposed:
    apps = tuple([await _app(system, tenant, named) for named in said["apps"]])
    action = _ACTIONS.get(said["action"] or "")
    aaguid: UUID | None = said["aaguid"]
    return Supposed(
        apps=apps or (() if action else tuple(OWN_APPS)[:1]),
        action=action,
        contexts=frozenset(map(_context, said["contexts"])),
        methods=tuple(MethodMode(each) for each in said["methods"]),
        aaguid=aaguid,
        proof=Proof(said["proof"]),
        address=address_of(said["ip"] or ""),
        country=country_of(said["country"] or ""),
        platform=None if said["platform"] is None else Platform(said["platform"]),
        client=ClientApp(said["client"]),
        device=device_of(said["device"]) if said["device"] else None,
        sign_in_risk=None if said["sign_in_risk"] is None else RiskLevel(said["sign_in_risk"]),
        user_risk=None if said["user_risk"] is None else RiskLevel(said["user_risk"]),
        insider_risk=None if said["insider_risk"] is None else InsiderRisk(said["insider_risk"]),
        flow=None if said["transfer"] is None else TransferMethod(said["transfer"]),
    )


def _context(typed: str) -> str:
    number = typed.casefold().removeprefix("c")
    if not (number.isascii() and number.isdecimal() and 1 <= int(number) <= 99):
        raise Failed("not_a_choice", f"an authentication context is one of c1 to c99, not {typed!r}")
    return f"c{int(number)}"


async def _app(system: System, tenant: TenantId, named: str) -> str:
    every = {app.id: app.name for app in await system.store.apps.all(tenant)} | dict(OWN_APPS)
    found = [one for one, name in every.items() if named in (one, name)]
    if len(found) != 1:
        raise Failed("app_unknown", f"there is {'no' if not found else 'more than one'} app {named!r}")
    return found[0]
