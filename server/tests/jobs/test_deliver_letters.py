"""The outbox is emptied: each letter at least once while it is good, by one process at a time, and nobody waits."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.letter import Letter, Occasion
from keystead_server.domain.tenant import Tenant
from keystead_server.jobs.deliver_letters import AT_ONCE, DeliverLetters, NotDelivered
from keystead_server.keys.sealer import MasterKeySealer
from keystead_server.main.asgi import deliver_forever
from keystead_server.main.wiring import deliverer
from keystead_server.ports.changes import PutOff
from keystead_server.ports.mail import MailNotSent
from keystead_testkit.loop import run
from keystead_testkit.mail_server import running_mail_server
from keystead_testkit.office import Office

from server.tests.flows.test_letters import MAIL


@dataclass
class Post:
    """A Mail that keeps what it gets, and refuses as it is told to."""

    refusal: Exception | None = None
    sent: list[tuple[Occasion, Mapping[str, str], str]] = field(default_factory=list)

    async def send(self, letter: Letter, told: Mapping[str, str], tenant: Tenant) -> None:
        await asyncio.sleep(0)
        if self.refusal is not None:
            raise self.refusal
        self.sent.append((letter.occasion, told, tenant.name))


@pytest.fixture
def posting() -> Office:
    office = Office(**MAIL)
    office.ada = office.with_mail(office.ada)
    return office


def deliver(office: Office, post: Post) -> list[NotDelivered]:
    told: list[NotDelivered] = []
    run(job(office, post)(told.append))
    return told


def job(office: Office, post: Post) -> DeliverLetters:
    return DeliverLetters(office.store, office.clock, office.sealer, post)


def test_what_waits_is_sent_and_gone(posting: Office) -> None:
    posting.register(owner=posting.session(), name="Work laptop")
    post = Post()

    assert deliver(posting, post) == []

    assert post.sent == [(Occasion.PASSKEY_REGISTERED, {"name": "Work laptop", "retired": ""}, "contoso")]
    assert posting.letters == []


def test_a_mail_server_that_is_down_delays_a_letter_and_nothing_else(posting: Office) -> None:
    posting.register(owner=posting.session())
    post = Post(MailNotSent("no answer"))

    (told,) = deliver(posting, post)
    assert (told.code, told.reason, told.given_up) == ("mail_not_sent", "no answer", False)
    assert deliver(posting, post) == []  # not due yet

    post.refusal = None
    posting.advance(minutes=1)
    deliver(posting, post)
    assert [occasion for occasion, _, _ in post.sent] == [Occasion.PASSKEY_REGISTERED]


def test_signing_in_and_registering_do_not_wait_for_the_mail_server(posting: Office) -> None:
    """The mail server of these settings does not exist, and nothing has told anybody."""
    posting.register(owner=posting.session())

    assert posting.log == ["granted"] * 2


def test_an_address_that_nobody_has_is_given_up(posting: Office) -> None:
    posting.register(owner=posting.session())

    (told,) = deliver(posting, Post(MailNotSent("550 nobody here", for_good=True)))

    assert (told.code, told.given_up) == ("mail_not_sent", True)
    assert posting.letters == []


def test_a_letter_that_is_over_is_given_up_and_not_sent(posting: Office) -> None:
    run(posting.services.issue_pass.deliver(posting.ada, by=OPERATOR, lifetime=timedelta(minutes=10)))
    posting.advance(minutes=10)
    post = Post()

    (told,) = deliver(posting, post)

    assert (told.code, told.given_up, post.sent) == ("mail_given_up", True, [])


def test_a_letter_whose_seal_is_broken_is_given_up(posting: Office) -> None:
    posting.register(owner=posting.session())
    ((letter, _),) = posting.letters
    lost_key = MasterKeySealer(bytes(32), posting.entropy)
    other = DeliverLetters(posting.store, posting.clock, lost_key, Post())

    told: list[NotDelivered] = []
    run(other(told.append))

    assert [(each.code, each.letter.id) for each in told] == [("mail_given_up", letter.id)]


def test_more_than_one_round_holds_is_sent_in_one_go(posting: Office) -> None:
    for _ in range(AT_ONCE + 3):
        posting.issue_pass()
    post = Post()

    deliver(posting, post)

    assert len(post.sent) == AT_ONCE + 3


def test_of_two_processes_one_sends_a_letter(posting: Office) -> None:
    for _ in range(3):
        posting.issue_pass()
    post = Post()

    async def together() -> None:
        await asyncio.gather(*[job(posting, post)() for _ in range(3)])

    run(together())

    assert len(post.sent) == 3


def test_a_letter_that_a_killed_process_had_in_hand_is_sent_later(posting: Office) -> None:
    posting.issue_pass()
    ((letter, _),) = posting.letters
    now = posting.clock.now()
    run(posting.store.write(PutOff(letter.tenant_id, letter.id, letter.due_at, letter.next_try(now))))
    post = Post()

    deliver(posting, post)
    assert post.sent == []

    posting.advance(minutes=1)
    deliver(posting, post)
    assert len(post.sent) == 1


def test_the_round_goes_on_after_anything(posting: Office) -> None:
    posting.issue_pass()
    post = Post(RuntimeError("a bug"))

    async def some_rounds() -> None:
        rounds = asyncio.create_task(deliver_forever(job(posting, post), 0.001))
        await asyncio.sleep(0.02)
        post.refusal = None
        posting.advance(minutes=1)
        await asyncio.sleep(0.05)
        rounds.cancel()
        with suppress(asyncio.CancelledError):
            await rounds

    run(some_rounds())

    assert len(post.sent) == 1


def test_from_the_settings_to_the_mailbox() -> None:
    with running_mail_server() as server:
        office = Office(smtp_url=server.url, mail_from="Keystead <no-reply@contoso.example>")
        office.ada = office.with_mail(office.ada)
        run(office.services.issue_pass.deliver(office.ada, by=OPERATOR))
        ((_, told),) = office.letters
        deliver_letters = deliverer(office.config, office.store, office.clock, office.sealer)
        assert deliver_letters is not None

        assert run(deliver_letters()) == 1

    (received,) = server.letters
    assert f"https://id.example.org/contoso/sign-in/link/{told['link']}" in received.get_content()
