"""Ready-made policies, by what they are for; each opens the editor filled in, to report only."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.pages.admin.access_desk import standing
from keystead_server.http.pages.render import page
from keystead_server.policy.access.names import Names
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.templates import TEMPLATES, Scenario, Template, body
from keystead_server.policy.access.words import Sentence, sentence

_TITLES: Mapping[Scenario, str] = {
    Scenario.SECURE_FOUNDATION: "Secure foundation",
    Scenario.ZERO_TRUST: "Zero Trust",
    Scenario.REMOTE_WORK: "Remote work",
    Scenario.PROTECT_ADMINS: "Protect administrators",
    Scenario.EMERGING_THREATS: "Emerging threats",
    Scenario.AI_AGENTS: "AI agents",
    Scenario.KEYSTEAD: "Keystead",
}


@dataclass(frozen=True, slots=True)
class Ready:
    """Attributes:
    taken: the names of policies that were made from it.
    """

    template: Template
    sentence: Sentence
    taken: tuple[str, ...]


async def show(call: Call) -> Response:
    now = await standing(call)
    taken: dict[str, list[str]] = {}
    for policy in now.rules.set.policies:
        if policy.template_id is not None:
            taken.setdefault(policy.template_id, []).append(policy.name)
    ready = [Ready(one, _sentence(one, now.names), tuple(taken.get(one.id, ()))) for one in TEMPLATES]
    # One that is in several categories stands in the first, and is named in no other: a page of repetitions helps nobody.
    by_title = {
        title: [one for one in ready if _first(one.template) is scenario] for scenario, title in _TITLES.items()
    }
    return page(
        call, "admin/access-templates.html", categories={k: v for k, v in by_title.items() if v}, titles=_TITLES
    )


def _first(template: Template) -> Scenario:
    return next(scenario for scenario in _TITLES if scenario in template.scenarios)


def _sentence(template: Template, names: Names) -> Sentence:
    return sentence(read_policy(body(template), new_id=template.id).policy, names)
