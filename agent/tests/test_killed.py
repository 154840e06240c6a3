"""The daemon is killed (SIGKILL) while it makes a passkey or changes the PIN, and the chip runs on.

Where it is then is counted in frames on the bus: before the chip has heard a command, or after it has carried one out
and the daemon has not heard so. At each, what there was is there, what was half made is nowhere, and the next daemon
needs nobody's help. That the power goes for the chip too is in `test_create_dies` and `test_tpm_gate`.
"""

import os
import random
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from keystead_agent.client.client import AgentUnreachable
from keystead_core.link import messages as link
from keystead_core.link.messages import Get, Request
from keystead_testkit.passkey_page import PasskeyPages
from keystead_testkit.running_agent import RunningAgent
from keystead_testkit.software_tpm import BusTap, SoftwareTpm
from keystead_testkit.tpm_container import flush_as_the_kernel, nv_indices

from .test_full_disk import creation, names, pages

__all__ = ["pages"]

pytestmark = pytest.mark.tpm

PIN, NEW = "137946", "864209"
PLACES = 3
# After the last frame the file is written: nobody can count there, so it is a matter of luck.
FILE_WRITTEN_WITHIN_SECONDS = 0.02


@dataclass
class Killer:
    """Counts the frames of one request, and kills the daemon at one of them."""

    agent: RunningAgent
    bus: BusTap
    tpm: SoftwareTpm

    def frames_of(self, request: Request) -> int:
        before = len(self.bus.frames)
        self.agent.client.ask(request)
        return len(self.bus.frames) - before

    def kill_during(self, request: Request, *, at: int, delay: float = 0) -> None:
        """SIGKILL at frame number *at* of *request*, or *delay* after it; then a new daemon."""
        pid, last = self.agent.pid, len(self.bus.frames) + at
        later = threading.Timer(delay, os.kill, (pid, signal.SIGKILL))

        def strike() -> None:
            if len(self.bus.frames) == last:
                if delay:
                    later.start()
                else:
                    os.kill(pid, signal.SIGKILL)

        self.bus.watch = strike
        try:
            self.agent.client.ask(request)
        except AgentUnreachable:
            pass
        finally:
            self.bus.watch = lambda: None
        if later.is_alive():
            later.join()
        self.agent.kill()
        flush_as_the_kernel(self.tpm)
        self.agent.start()


@pytest.fixture
def killer(tmp_path: Path, tpm: SoftwareTpm, bus: BusTap, pages: PasskeyPages) -> Iterator[Killer]:
    with RunningAgent(tmp_path, bus.address) as agent:
        agent.client.ask(link.Enrol("1", url=pages.provider))
        agent.pinentry.answer({"pin": PIN})
        agent.client.ask(link.SetPin("1"))
        agent.pinentry.answer({"pin": PIN, "forever": True})
        agent.client.ask(creation(pages, "ada"))
        yield Killer(agent, bus, tpm)


def places(frames: int, dice: random.Random) -> list[tuple[int, float]]:
    """Some of the frames, one from each part of the way; and a moment after the last one."""
    part = frames // PLACES
    among = [(number * part + dice.randint(1, part), 0.0) for number in range(PLACES)]
    return [*among, (frames, dice.uniform(0.0001, FILE_WRITTEN_WITHIN_SECONDS))]


def signs_in(agent: RunningAgent, pages: PasskeyPages, *typed: str) -> None:
    agent.pinentry.answer(*({"pin": pin} for pin in typed))
    allowed = [{"type": "public-key", "id": _id_of(agent, "ada")}]
    agent.client.ask(Get("1", origin=pages.origin, options={"challenge": "AAAA", "allowCredentials": allowed}))


def _id_of(agent: RunningAgent, name: str) -> str:
    listed = agent.client.ask(link.ListPasskeys("1"))["passkeys"]
    return str(next(passkey["credential"] for passkey in listed if passkey["name"] == name))


def tries_left(agent: RunningAgent) -> object:
    return agent.client.ask(link.Status("1"))["keystore"]["tries_left"]


def test_a_passkey_whose_maker_is_killed_is_there_or_is_not_and_nothing_else_has_changed(
    killer: Killer, pages: PasskeyPages
) -> None:
    dice, agent = random.Random(), killer.agent
    frames = killer.frames_of(creation(pages, "whole"))
    before, indices, files = names(agent), nv_indices(killer.tpm), sorted(os.listdir(agent.state))

    for number, (place, delay) in enumerate(places(frames, dice)):
        agent.pinentry.answer({"pin": PIN, "forever": True})
        killer.kill_during(creation(pages, f"killed {number}"), at=place, delay=delay)
        where = f"killed at frame {place} of {frames}, after {delay} s"
        made = [name for name in names(agent) if name not in before]
        assert made in ([], [f"killed {number}"]), where
        assert delay or not made, where
        before += made
        assert tries_left(agent) == 10, where
        signs_in(agent, pages, PIN)
        assert nv_indices(killer.tpm) == indices, where
        assert sorted(os.listdir(agent.state)) == files, where


def test_a_pin_change_that_is_killed_leaves_one_pin_that_opens_every_key(killer: Killer, pages: PasskeyPages) -> None:
    dice, agent, pin, other = random.Random(), killer.agent, PIN, NEW
    agent.pinentry.answer({"pin": pin}, {"pin": other})
    frames = killer.frames_of(link.ChangePin("1"))
    pin, other = other, pin

    for place, delay in places(frames, dice):
        agent.pinentry.answer({"pin": pin}, {"pin": other})
        killer.kill_during(link.ChangePin("1"), at=place, delay=delay)
        where = f"killed at frame {place} of {frames}, after {delay} s"
        agent.pinentry.answer()
        assert len(nv_indices(killer.tpm)) in (1, 2), where
        signs_in(agent, pages, other, pin)
        if agent.pinentry.left:
            pin, other = other, pin
        assert tries_left(agent) == 10, where

    agent.pinentry.answer({"pin": pin}, {"pin": other})
    agent.client.ask(link.ChangePin("1"))
    assert len(nv_indices(killer.tpm)) == 1, "what a killed change left is gone with the next one"
    signs_in(agent, pages, other)
    assert names(agent) == ["ada"]
