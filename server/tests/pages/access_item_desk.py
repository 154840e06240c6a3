"""The editors of named locations, strengths and contexts as a browser reads and sends them."""

from dataclasses import replace
from typing import Any

from keystead_server.domain.actor import OPERATOR
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.reading import read_policy
from keystead_testkit.loop import run

BASE = "/example/admin/access"
PLACES, STRENGTHS, CONTEXTS = f"{BASE}/locations", f"{BASE}/strengths", f"{BASE}/contexts"


def rules(office: Any) -> AccessRules:
    return run(office.services.access_policies.now(office.tenant.id, office.clock.now())).rules


def add(browser: Any, where: str, *fields: tuple[str, str]) -> Any:
    return browser.submit(f"{where}/new", f"{where}/new", list(fields))


def edit(browser: Any, page: str, *fields: tuple[str, str]) -> Any:
    seen = browser.get(page).text.partition('name="seen" value="')[2].partition('"')[0]
    return browser.submit(page, page, [("seen", seen), *fields])


def keep(office: Any, **changes: Any) -> None:
    office.advance(milliseconds=1)
    change = office.services.manage_access.change
    run(
        change(office.tenant.id, lambda now: replace(now, set=replace(now.set, **changes)), by=OPERATOR, about="a test")
    )


def under_policy(office: Any, body: dict[str, Any]) -> tuple[str, ...]:
    keep(office, policies=(read_policy(body, new_id="policy-0").policy,))
    return tuple(policy.name for policy in rules(office).set.policies)
