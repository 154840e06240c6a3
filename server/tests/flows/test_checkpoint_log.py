"""Checkpoints: signed, numbered, and over every chain that moved, whoever wrote it."""

import json
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from keystead_core.jose import parse_public_jwk_set
from keystead_server.domain.access_ruling import AccessRuling
from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.log_chain import CHECKPOINT_TYP, Head, LogCheckpoint, line_of, row_line
from keystead_server.domain.log_proof import Verdict
from keystead_server.domain.sign_in import Attempt
from keystead_server.domain.tenant import Tenant
from keystead_server.flows import checkpoint_log
from keystead_server.flows.checkpoint_log import CheckpointLog
from keystead_server.flows.verify_log import VerifyLog
from keystead_server.keys import signer
from keystead_server.keys.sealer import MasterKeySealer
from keystead_server.keys.signer import KeySigner
from keystead_server.storage.chains import Chains
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.loop import run
from keystead_testkit.memory_store import MemoryStore
from keystead_testkit.store_suite.world import World


@dataclass
class Logging:
    store: MemoryStore
    world: World
    signer: KeySigner
    tenant: Tenant

    def log(self) -> None:
        self.world.add(self.world.attempt(self.tenant))

    def new_process(self) -> None:
        """The one before was killed; its chain ends where it stands."""
        self.store._chains = Chains(SeededEntropy(self.world.entropy.token(4)[0] + 1000))

    def checkpoint(self) -> LogCheckpoint | None:
        return run(CheckpointLog(self.store, self.world.clock, self.signer)())

    def claims(self, checkpoint: LogCheckpoint | None) -> dict[str, Any]:
        assert checkpoint is not None
        return dict(self.signer.verify(checkpoint.token, typ=CHECKPOINT_TYP))

    def verdict(self) -> Verdict:
        return run(VerifyLog(self.store)(parse_public_jwk_set(self.signer.jwks())))


@pytest.fixture
def logging() -> Logging:
    store = MemoryStore()
    world = World(store, run)
    signs = run(signer.load(store, MasterKeySealer(bytes(32), SeededEntropy()), world.clock.now()))
    return Logging(store, world, signs, world.add_tenant())


def test_nothing_logged_is_nothing_to_sign(logging: Logging) -> None:
    assert logging.checkpoint() is None


def test_a_checkpoint_says_where_the_chains_stand_and_follows_the_one_before(logging: Logging) -> None:
    logging.log()
    first = logging.checkpoint()
    logging.world.clock.advance(timedelta(minutes=5))
    logging.log()
    (head,) = run(logging.store.chains.unbound(limit=9))
    second = logging.checkpoint()

    assert first is not None
    assert logging.claims(second) == {
        "v": 1,
        "number": 2,
        "previous": first.digest.hex(),
        "iat": int(logging.world.clock.now().timestamp()),
        "heads": {head.chain_id: [2, head.digest.hex()]},
    }
    assert run(logging.store.chains.unbound(limit=9)) == []
    assert (logging.verdict().whole, logging.verdict().unbound_links) == (True, 0)


def test_where_nothing_moved_the_last_checkpoint_stands(logging: Logging) -> None:
    logging.log()

    assert logging.checkpoint() == logging.checkpoint()
    assert logging.verdict().checkpoints == 1


def test_the_chain_of_a_process_that_died_is_bound_by_the_next_checkpoint_of_anybody(logging: Logging) -> None:
    for _ in range(3):
        logging.log()
        logging.log()
        logging.new_process()

    heads = logging.claims(logging.checkpoint())["heads"]

    assert [number for number, _ in heads.values()] == [2, 2, 2]
    assert logging.verdict().unbound_links == 0


def test_more_chains_than_one_token_takes_are_bound_by_several(
    logging: Logging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_log, "MOST_HEADS", 2)
    for process in range(5):
        logging.store._chains = Chains(SeededEntropy(2000 + process))
        logging.log()

    last = logging.checkpoint()

    assert logging.claims(last)["number"] == 3
    verdict = logging.verdict()
    assert (verdict.faults, verdict.checkpoints, verdict.unbound_links) == ((), 3, 0)


def test_two_processes_that_sign_at_once_make_one_sequence(logging: Logging) -> None:
    """The other one is faster, between our reading the last checkpoint and our adding the next."""
    logging.log()
    us = CheckpointLog(logging.store, logging.world.clock, logging.signer)
    raced = False
    signs = logging.signer.sign

    class Slow:
        def sign(self, alg: str, typ: str, claims: Any) -> str:
            nonlocal raced
            if not raced:
                raced = True
                other = LogCheckpoint(1, logging.world.clock.now(), signs(alg, typ, claims))
                logging.store._tables.checkpoints[1] = other
            return signs(alg, typ, claims)

        verify, jwks = logging.signer.verify, logging.signer.jwks

    last = run(CheckpointLog(us.store, us.clock, Slow())())

    assert logging.claims(last)["number"] == 2
    assert (logging.verdict().faults, logging.verdict().checkpoints) == ((), 2)


def test_the_largest_checkpoint_can_be_read_again(logging: Logging) -> None:
    heads = [Head(logging.world.new_id(), 10**9, b"\xff" * 32) for _ in range(checkpoint_log.MOST_HEADS)]

    made = CheckpointLog(logging.store, logging.world.clock, logging.signer)._over(heads, None)

    assert len(logging.claims(made)["heads"]) == checkpoint_log.MOST_HEADS


def test_a_checkpoint_exchanged_for_another_that_we_signed_is_named(logging: Logging) -> None:
    logging.log()
    first = logging.claims(logging.checkpoint())
    logging.log()
    logging.checkpoint()
    token = logging.signer.sign("ES256", CHECKPOINT_TYP, first | {"heads": {}})

    logging.store._tables.checkpoints[1] = LogCheckpoint(1, logging.world.clock.now(), token)

    (fault,) = logging.verdict().faults
    assert (fault.code, fault.text) == ("log_checkpoint_changed", "checkpoint 2 follows another one than is there")


def test_an_access_token_is_no_checkpoint(logging: Logging) -> None:
    logging.log()
    made = logging.checkpoint()
    assert made is not None
    token = logging.signer.sign("ES256", "at+jwt", logging.claims(made))

    logging.store._tables.checkpoints[1] = LogCheckpoint(1, made.at, token)

    assert logging.verdict().faults[0].code == "log_checkpoint_forged"


def test_a_retired_key_still_proves_what_it_signed(logging: Logging) -> None:
    logging.log()
    logging.checkpoint()
    sealer = MasterKeySealer(bytes(32), SeededEntropy())
    run(signer.add_key(logging.store, sealer, "ES256", logging.world.clock.advance(timedelta(days=1))))
    logging.signer = run(signer.load(logging.store, sealer, logging.world.clock.now()))
    logging.log()
    logging.checkpoint()

    assert (logging.verdict().faults, logging.verdict().checkpoints) == ((), 2)


def test_every_field_of_the_logs_is_proven() -> None:
    """A column that is forgotten in the line could be changed unseen."""
    world = World(MemoryStore(), run)
    tenant, x = Tenant(world.new_id(), "c", "C", world.clock.now()), world.new_id()
    full = {
        "user_id": x, "username": "ada", "app_id": x, "credential_id": b"\xff", "aaguid": UUID(x), "proof": "p",
        "profile": "q", "challenge_id": x, "access": AccessRuling("allow"),
    }  # fmt: skip
    event = world.event(tenant)
    rows = {
        Attempt: world.attempt(tenant, **full),
        AuditEvent: AuditEvent(event.id, tenant.id, event.at, "x", x, x, {"a": "b"}),
    }

    for kind, row in rows.items():
        members = json.loads(row_line(row))
        assert set(members) == {field.name for field in fields(kind)}
        assert row_line(row) == line_of(members)
