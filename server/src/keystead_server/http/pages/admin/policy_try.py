"""Ask the passkey policy about one person and one passkey, real or only supposed."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from keystead_core.cose import ES256
from keystead_core.webauthn import NO_AAGUID
from starlette.responses import Response

from keystead_server.domain.ids import PasskeyId
from keystead_server.domain.passkey import Passkey, PasskeyType, Proof
from keystead_server.domain.user import User
from keystead_server.flows.explain_passkey import Explained
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import NO_ERRORS, Errors
from keystead_server.http.pages.admin.policy_choices import SUPPOSED
from keystead_server.http.pages.next_page import printable
from keystead_server.http.pages.render import page
from keystead_server.policy.passkeys.explain import not_asked, verdict
from keystead_server.policy.passkeys.rules import Operation, PasskeyFacts


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed, all of it text; an empty username means that nothing was asked yet."""

    user: str
    passkey: str
    operation: str
    aaguid: str
    type: str
    proof: str
    attestation: str
    algorithm: str
    legacy: bool

    @classmethod
    def typed(cls, call: Call) -> "Asked":
        def one_of(name: str, choices: Sequence[tuple[str, str]]) -> str:
            typed = call.query(name)
            return typed if typed in dict(choices) else choices[0][0]

        return cls(
            user=printable(call.query("user")).strip(),
            passkey=printable(call.query("passkey")).strip(),
            operation=one_of("operation", SUPPOSED["operations"]),
            aaguid=printable(call.query("aaguid")).strip(),
            type=one_of("type", SUPPOSED["types"]),
            proof=one_of("proof", SUPPOSED["proofs"]),
            attestation=one_of("attestation", SUPPOSED["attestations"]),
            algorithm=call.query("algorithm") or str(ES256),
            legacy=call.query("legacy") == "yes",
        )

    def supposed(self) -> PasskeyFacts:
        """The passkey that was described.

        Raises:
            ValueError: the model is no AAGUID, or the algorithm none that we know.
        """
        aaguid = UUID(self.aaguid.split()[0]) if self.aaguid else NO_AAGUID
        if self.algorithm not in dict(SUPPOSED["algorithms"]):
            raise ValueError(self.algorithm)
        facts = PasskeyType(self.type), aaguid, Proof(self.proof), int(self.algorithm), self.attestation
        return PasskeyFacts(*facts, legacy_attestation=self.legacy)


async def show(call: Call) -> Response:
    asked = Asked.typed(call)
    if not asked.user:
        return _page(call, asked)
    user = await call.services.store.users.by_username(call.tenant.id, asked.user)
    if user is None:
        return _page(call, asked, errors=Errors({"user": "There is nobody with this username."}))
    every = await call.services.store.passkeys.of_user(call.tenant.id, user.id)
    passkey = next((p for p in every if p.id == PasskeyId(asked.passkey)), None)
    try:
        asked_about = passkey or asked.supposed()
    except ValueError:
        wrong = "An AAGUID looks like 20263fe7-97ae-4bb6-b3b9-a7b5dae6614f."
        return _page(call, asked, every, errors=Errors({"aaguid": wrong}))
    explained = await call.services.explain_passkey(call.tenant.id, user, asked_about, Operation(asked.operation))
    return _page(call, asked, every, answer=Answer(user, passkey, explained))


@dataclass(frozen=True, slots=True)
class Answer:
    """Attributes:
    passkey: the real one that was asked about; None when it was supposed.
    """

    user: User
    passkey: Passkey | None
    explained: Explained

    @property
    def verdict(self) -> str:
        return verdict(self.explained.explanation, self.explained.names)

    @property
    def outside(self) -> list[tuple[str, str]]:
        """The profiles that were not asked, and why."""
        explanation, names = self.explained.explanation, self.explained.names
        return [(p.name, not_asked(explanation, meant, names)) for p, meant in explanation.out_of_scope]


def _page(
    call: Call,
    asked: Asked,
    passkeys: Sequence[Passkey] = (),
    *,
    errors: Errors = NO_ERRORS,
    answer: Answer | None = None,
) -> Response:
    return page(
        call,
        "admin/policy-try.html",
        status=422 if errors.by_field else 200,
        asked=asked,
        errors=errors,
        choices=SUPPOSED,
        own=[("", "One that I describe"), *((p.id, p.name) for p in passkeys)],
        answer=answer,
    )
