"""What is found wrong with a set of policies, in words: how grave, what it is called, and a sign-in that shows it."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from keystead_server.policy.access.facts import DeviceFacts, Facts
from keystead_server.policy.access.names import Names, listed
from keystead_server.policy.access.universe import OTHER_COUNTRY
from keystead_server.policy.access.vocabulary import InsiderRisk, RiskLevel, Unknown, UserAction
from keystead_server.policy.access.words_given import CLIENT_WORDS, FLOW_WORDS, PLATFORM_WORDS


class Gravity(StrEnum):
    """From what lets in or keeps out whom nobody meant, to what is only untidy."""

    GRAVE = "grave"
    DOUBTFUL = "doubtful"
    UNTIDY = "untidy"


KINDS: Final[Mapping[str, tuple[Gravity, str]]] = {
    "gap": (Gravity.GRAVE, "A way past the policies"),
    "deadlock": (Gravity.GRAVE, "Newcomers cannot get in"),
    "cannot_be_met": (Gravity.GRAVE, "Nobody can meet it"),
    "strength_out_of_reach": (Gravity.GRAVE, "Nobody it is for can meet it"),
    "excluded_from_everything": (Gravity.GRAVE, "No policy is for them"),
    "contradictory": (Gravity.DOUBTFUL, "Two policies contradict each other"),
    "relies_on_absence": (Gravity.DOUBTFUL, "Its effect hangs on what a device does not say"),
    "dangling": (Gravity.DOUBTFUL, "It names what is not there"),
    "never_applies": (Gravity.UNTIDY, "It never applies"),
    "shadowed": (Gravity.UNTIDY, "It changes nothing"),
}
"""Every kind of finding that `analyse` has, gravest first."""


def instance(facts: Facts, names: Names) -> str:
    """A sign-in as a phrase: who, what for, with what, from where."""
    return ", ".join([names.of(facts.who.id), *_aim(facts, names), *_means(facts), _place(facts), *_risks(facts)])


def _aim(facts: Facts, names: Names) -> Iterator[str]:
    if facts.apps:
        yield f"in {listed(names.of(app.id) for app in facts.apps)}"
    if facts.action is UserAction.REGISTER_SECURITY_INFO:
        yield "registering security information"
    if facts.action is UserAction.REGISTER_DEVICE:
        yield "registering a device"
    if facts.contexts:
        yield f"reaching what {listed(sorted(facts.contexts))} protects"


def _means(facts: Facts) -> Iterator[str]:
    if not isinstance(facts.client, Unknown):
        yield f"with {CLIENT_WORDS[facts.client]}"
    if facts.platform is not None and not isinstance(facts.platform, Unknown):
        yield f"on {PLATFORM_WORDS[facts.platform]}"
    if isinstance(facts.device, DeviceFacts):
        yield _device(facts.device)
    if facts.flow is not None and not isinstance(facts.flow, Unknown):
        yield f"by {FLOW_WORDS[facts.flow]}"


def _device(device: DeviceFacts) -> str:
    said = listed(
        f"{name} {value if isinstance(value, str) else ' '.join(value)}" for name, value in device.attributes.items()
    )
    return f"on a registered device ({said or 'that says nothing of itself'})"


def _place(facts: Facts) -> str:
    country = "a country that no policy names" if facts.country == OTHER_COUNTRY else facts.country
    places = [str(one) for one in (facts.address, country) if one is not None and not isinstance(one, Unknown)]
    return f"from {listed(places)}" if places else "from anywhere"


def _risks(facts: Facts) -> Iterator[str]:
    for words, level in (("sign-in", facts.sign_in_risk), ("user", facts.user_risk), ("insider", facts.insider_risk)):
        if not isinstance(level, Unknown) and level not in (RiskLevel.NONE, InsiderRisk.NONE):
            yield f"at {level} {words} risk"
