"""The PIN of a container: set, changed, wrong, used up, given back. All of it goes one way: `gestured`."""

import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final, TypeVar

from keystead_core.tpm.pin_index import UnlockRequest

from keystead_agent.container.errors import PinAlreadySet, PinDue, PinExpired, PinOutgrown, PinUnfit
from keystead_agent.container.ladder import NO_FAILURES, PHRASE, Ladder, is_phrase
from keystead_agent.container.pin import hash_pin
from keystead_agent.container.pin_rules import PinRules
from keystead_agent.container.records import Contents, PinFacts
from keystead_agent.container.vault import Vault
from keystead_agent.keystore.errors import (
    GesturePassVoid,
    GestureRefused,
    KeystoreError,
    PhraseTyped,
    PhraseWanted,
    PinBlocked,
    PinLocked,
    PinPaused,
)
from keystead_agent.keystore.values import Clock, Gate, GesturePass, Opening, PinHash, Tries, UnlockKey

T = TypeVar("T")

_HISTORY: Final = b"PIN history"


class Pins:
    def __init__(self, vault: Vault, rules: PinRules, clock: Clock) -> None:
        self._vault = vault
        self._own_rules = rules
        self._clock = clock
        self._changes = 0
        self._pass: GesturePass | None = None

    @property
    def _rules(self) -> PinRules:
        contents = self._vault.contents
        return contents.pin_rules(self._own_rules) if contents else self._own_rules

    @property
    def minimum(self) -> int:
        return self._rules.minimum

    @property
    def changes(self) -> int:
        return self._changes

    @property
    def gesture_pass(self) -> GesturePass | None:
        """What a verified finger or face opens the gate with; None until a PIN has done so."""
        return self._pass

    def admit_gestures(self, typed: str) -> None:
        """From now on a verified gesture does in the PIN's place. Raises PinNotSet, GestureRefused, PinLocked."""
        contents, gate = self._vault.gated()
        self._pass = self._vault.keystore.pass_for_gestures(contents.foundation, gate, hash_pin(typed))

    def void_approvals(self) -> None:
        """A PIN has to be typed before anything else is approved; what was approved before is void."""
        self._pass = None
        self._changes += 1

    @property
    def is_set(self) -> bool:
        contents = self._vault.contents
        return contents is not None and contents.gate is not None

    def admit(self, typed: str) -> None:
        """Raises PinUnfit if the rules do not allow *typed* as a new PIN."""
        self._rules.admit(typed)

    def set(self, typed: str) -> None:
        """Raises PinAlreadySet, PinUnfit."""
        if self.is_set:
            raise PinAlreadySet
        pin = self._rules.admit(typed)
        contents = self._vault.begun()
        unlock = contents.unlock_wanted or contents.pin.unlock
        gate = self._vault.keystore.make_gate(contents.foundation, pin, unlock)
        former = self._remembered(contents, gate, pin, ())
        self.void_approvals()
        self._vault.save(
            contents.with_gate(gate, replace(contents.pin, set_at=self._clock(), former=former, unlock=unlock))
        )

    def change(self, *, old: str | PinHash, new: str) -> None:
        """Raises PinNotSet, PinUnfit, and GestureRefused or PinLocked if *old* is not the PIN."""
        pin = self._rules.admit(new)

        def change(contents: Contents, gate: Gate, present: PinHash) -> Gate:
            self._admit_anew(contents, gate, present, pin)
            unlock = contents.pin.unlock
            return self._vault.keystore.change_gate(contents.foundation, gate, old=present, new=pin, unlock=unlock)

        changed = self.gestured(old, change)
        contents, former_gate = self._vault.gated()
        former = self._remembered(contents, changed, pin, contents.pin.former)
        self.void_approvals()
        facts = replace(contents.pin, set_at=self._clock(), former=former, ladder=NO_FAILURES)
        self._exchange_gate(contents, former_gate, changed, facts)

    def entrust(self, unlock: UnlockKey | None, typed: str) -> None:
        """Let an identity provider give tries back, or nobody any more; the PIN stays what it is.

        Raises:
            PinNotSet, GestureRefused, PinLocked: nothing has changed.
        """

        def hand_over(contents: Contents, gate: Gate, pin: PinHash) -> Gate:
            return self._vault.keystore.change_gate(contents.foundation, gate, old=pin, new=pin, unlock=unlock)

        changed = self.gestured(typed, hand_over)
        contents, former_gate = self._vault.gated()
        self._exchange_gate(contents, former_gate, changed, replace(contents.pin, unlock=unlock, ladder=NO_FAILURES))

    def settle_unlock(self, typed: str) -> None:
        """Entrust the count to who should have it by now; *typed* was the right PIN just now.

        Raises as `entrust`.
        """
        contents, _ = self._vault.gated()
        if contents.unlock_wanted != contents.pin.unlock:
            self.entrust(contents.unlock_wanted, typed)

    def check(self, typed: str | PinHash) -> None:
        """Return if *typed* is the PIN. Raises PinNotSet, GestureRefused, PinLocked."""

        def check(contents: Contents, gate: Gate, pin: PinHash) -> None:
            self._vault.keystore.check(contents.foundation, gate, pin)

        self.gestured(typed, check)
        self.forget_failures()

    def forget_failures(self) -> None:
        """After the right PIN, where nothing else is to be saved."""
        contents, _ = self._vault.gated()
        if contents.pin.ladder != NO_FAILURES:
            self._vault.save(contents.with_ladder(NO_FAILURES))

    def remove(self, contents: Contents) -> None:
        """Save *contents* without a PIN. Who may give tries back stays."""
        former = contents.gate
        self._vault.save(replace(contents, gate=None, pin=PinFacts(unlock=contents.pin.unlock)))
        self.void_approvals()
        if former is not None:
            with suppress(KeystoreError):
                self._vault.keystore.retire_gate(contents.foundation, former)

    def _exchange_gate(self, contents: Contents, former: Gate, changed: Gate, facts: PinFacts) -> None:
        self._vault.save(contents.with_gate(changed, facts))
        # Only now: until the file was written, the former gate was the one that opens. If this fails,
        # what stays behind in the chip is found and used again at the next change.
        with suppress(KeystoreError):
            self._vault.keystore.retire_gate(contents.foundation, former)

    def _admit_anew(self, contents: Contents, gate: Gate, present: PinHash, pin: PinHash) -> None:
        """Raises PinUnfit if *pin* was the PIN before."""
        recent = contents.pin.former[-self._rules.history :] if self._rules.history else ()
        if not recent:
            return
        key = self._vault.keystore.gated_secret(contents.foundation, gate, present, _HISTORY)
        if any(hmac.compare_digest(_digest(key, pin), known) for known in recent):
            raise PinUnfit(f"That PIN is one of your last {self._rules.history}: choose one that was not.")

    def _remembered(self, contents: Contents, gate: Gate, pin: PinHash, former: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """The former PINs with *pin* after them, as many as the rules ask for."""
        if not self._rules.history:
            return ()
        key = self._vault.keystore.gated_secret(contents.foundation, gate, pin, _HISTORY)
        return (*former, _digest(key, pin))[-self._rules.history :]

    def require_good(self, opening: str | Opening) -> None:
        """Return if the PIN needs no other in its place.

        Raises:
            PinDue: it is too old, or no longer what the rules ask for. What was *typed* was the right PIN.
            GestureRefused, PinLocked: it was not, and is counted.
        """
        due = self._due(opening)
        if due is not None:
            if isinstance(opening, str):
                # To who does not know the PIN, nothing is said about it.
                self.check(opening)
            raise due

    def _due(self, opening: str | Opening) -> PinDue | None:
        contents = self._vault.contents
        set_at = contents.pin.set_at if contents else None
        if set_at is not None and self._rules.expired(self._clock() - set_at):
            return PinExpired()
        if not isinstance(opening, str):
            # A finger says nothing about the PIN, and one that was typed elsewhere comes without its letters.
            return None
        try:
            self._rules.admit(opening)
        except PinUnfit as unfit:
            return PinOutgrown(str(unfit))
        return None

    def tries(self) -> Tries:
        """How many wrong PINs are still possible.

        Raises:
            PinNotSet
            PinPaused: none at this moment, and the keystore need not be asked.
            PinBlocked: none until the identity provider gives some back.
        """
        contents, gate = self._vault.gated()
        pause = contents.pin.ladder.wait(self._clock())
        if pause:
            raise PinPaused(pause)
        tries = self._vault.keystore.tries(gate)
        if not tries.left and self._vault.keystore.guard(gate) == "provider":
            raise PinBlocked
        return tries

    def opened(self, opening: str | Opening, act: Callable[[Contents, Gate, Opening], T]) -> T:
        """Return what *act* makes of the right PIN, or of the pass that stands for a verified gesture.

        Raises:
            GesturePassVoid: it is not the one of this moment, or the keystore does not know it any more.
            PinPaused: while no PIN is looked at, no finger is either.
        """
        if not isinstance(opening, GesturePass):
            return self.gestured(opening, act)
        contents, gate = self._vault.gated()
        pause = contents.pin.ladder.wait(self._clock())
        if pause:
            raise PinPaused(pause)
        if opening is not self._pass:
            raise GesturePassVoid
        try:
            return act(contents, gate, opening)
        except GesturePassVoid:
            self._pass = None
            raise

    def ladder_after(self, opening: str | Opening) -> Ladder:
        """The right PIN forgets the wrong ones before it; a finger says nothing about who guesses PINs."""
        contents, _ = self._vault.gated()
        return contents.pin.ladder if isinstance(opening, GesturePass) else NO_FAILURES

    def gestured(self, typed: str | PinHash, act: Callable[[Contents, Gate, PinHash], T]) -> T:
        """Return what *act* makes of the right PIN; a wrong one is a step on the ladder.

        The caller saves what came of it, with a new ladder.
        """
        contents, gate = self._vault.gated()
        self._admit_attempt(contents, typed)
        try:
            return act(contents, gate, hash_pin(typed))
        except (GestureRefused, PinLocked):
            self._vault.save(contents.with_ladder(contents.pin.ladder.failed(self._clock())))
            raise

    def _admit_attempt(self, contents: Contents, typed: str | PinHash) -> None:
        """Raises PinPaused, PhraseWanted, PhraseTyped: *typed* is not to be tried."""
        ladder = contents.pin.ladder
        pause = ladder.wait(self._clock())
        if pause:
            raise PinPaused(pause)
        # A PIN that arrives hashed was typed into another program, which cannot ask for a phrase.
        if ladder.wants_phrase and isinstance(typed, str):
            left = self.tries().left
            if not is_phrase(typed):
                raise PhraseWanted(PHRASE, left)
            self._vault.save(contents.with_ladder(ladder.with_phrase()))
            raise PhraseTyped(left)

    def begin_unlock(self, typed: str | None = None) -> UnlockRequest:
        """Ask for what the identity provider has to sign; *typed* is the PIN, if the chip has lost its count.

        Raises:
            PinNotSet, NoChip, UnlockRefused, PinIndexLost
        """
        contents, gate = self._vault.gated()
        pin = None if typed is None else hash_pin(typed)
        return self._vault.keystore.begin_unlock(contents.foundation, gate, pin)

    def finish_unlock(self, signature: bytes) -> None:
        """Raises UnlockRefused."""
        contents, _ = self._vault.gated()
        self._vault.keystore.finish_unlock(signature)
        self._vault.save(contents.with_ladder(NO_FAILURES))


def _digest(key: bytes, pin: PinHash) -> bytes:
    return hmac.digest(key, pin, "sha256")
