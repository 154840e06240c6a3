"""The ASGI application with its start and stop: open the store, sweep what expired, sign the logs, close cleanly."""

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable

import structlog
from starlette.types import Receive, Scope, Send

from keystead_server.geo.country_file import CountryFile
from keystead_server.http.dispatch import Dispatch
from keystead_server.http.pages.render import compile_pages
from keystead_server.jobs.deliver_letters import DeliverLetters, NotDelivered
from keystead_server.jobs.refresh_metadata import NotDue, NotRefreshed, Outcome, RefreshMetadata
from keystead_server.main.config import Config
from keystead_server.main.wiring import System, build_app, open_system

_log = structlog.get_logger("keystead.server")
TRIAL_SECONDS = 60
SWEEP_SECONDS = 600
EMERGENCY_SECONDS = 3600
ROUND_SECONDS = 600
ROUNDS_A_DAY, ROUNDS_AN_HOUR = 144, 6
CHECKPOINT_SECONDS = 300
DELIVERY_SECONDS = 5.0


class Application:
    """Attributes:
    failure: why it did not start; None as long as nothing is wrong.
    """

    def __init__(self, config: Config, *, on_ready: Callable[[System], Awaitable[None]] | None = None) -> None:
        """*on_ready* is called with the open system when requests are about to be answered."""
        self.failure: Exception | None = None
        self._config = config
        self._on_ready = on_ready
        self._dispatch: Dispatch | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            assert self._dispatch is not None  # noqa: S101  the server answers nothing before start-up ended
            await self._dispatch(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            system = await open_system(self._config)
            if self._on_ready is not None:
                await self._on_ready(system)
        except Exception as error:
            self.failure = error
            _log.error("server.not_started", reason=str(error), code=getattr(error, "code", "internal_error"))
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        compile_pages()
        self._dispatch = build_app(system.services, self._config)
        workers = [
            asyncio.create_task(each(system))
            for each in (_sweep_forever, _checkpoint_forever, _end_trials_forever, _check_emergency_forever)
        ]
        if system.refresh_metadata is not None:
            # What was kept is in force from the first request on; what is new comes when it comes.
            await system.refresh_metadata.pick_up()
            if system.metadata.problem is not None:
                _log.warning(
                    "metadata.not_used", code=system.metadata.problem.code, reason=str(system.metadata.problem)
                )
            workers.append(asyncio.create_task(refresh_forever(system.refresh_metadata)))
        if system.places is not None:
            workers.append(asyncio.create_task(pick_up_places_forever(system.places)))
        if system.deliver_letters is not None:
            workers.append(asyncio.create_task(deliver_forever(system.deliver_letters)))
        # What lives as long as the server need not be looked at by every collection.
        gc.collect()
        gc.freeze()
        # A request leaves hardly any cycles; looking for them every 700 objects is a waste.
        gc.set_threshold(20_000, 25, 25)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for worker in workers:
            worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await worker
        await _checkpoint(system)
        await system.close()
        await send({"type": "lifespan.shutdown.complete"})


async def _sweep_forever(system: System) -> None:
    while True:
        try:
            removed = await system.store.sweep(system.services.clock.now())
            if removed:
                _log.info("store.swept", removed=removed)
        except Exception as error:  # the next round may find the database back
            _log.warning("store.sweep_failed", error=str(error))
        await asyncio.sleep(SWEEP_SECONDS)


async def refresh_forever(refresh: RefreshMetadata, round_seconds: float = ROUND_SECONDS) -> None:
    """Refresh the FIDO metadata at once and then daily, hourly after a failure; see each round what others kept."""
    rounds_left, only_if_due = 0, False
    while True:
        try:
            if rounds_left > 0:
                await refresh.pick_up()
            else:
                outcome = await refresh(only_if_due=only_if_due)
                only_if_due = True
                rounds_left = ROUNDS_AN_HOUR if isinstance(outcome, NotRefreshed) else ROUNDS_A_DAY
                _tell(outcome)
        except Exception as error:  # a bug here must not end the refreshing
            _log.warning("metadata.not_refreshed", code="internal_error", reason=str(error))
        rounds_left -= 1
        await asyncio.sleep(round_seconds)


async def pick_up_places_forever(places: CountryFile, round_seconds: float = ROUND_SECONDS) -> None:
    """See each round whether there is a newer file of places; each trouble with it is said once."""
    told: Exception | None = None
    while True:
        # Reading takes long enough to keep people waiting, so it is done beside the loop.
        if await asyncio.to_thread(places.pick_up):
            _log.info("places.read", built_at=str(places.built_at))
        if places.problem is not None and places.problem is not told:
            _log.warning("places.not_read", code=places.problem.code, reason=str(places.problem))
        told = places.problem
        await asyncio.sleep(round_seconds)


async def deliver_forever(deliver: DeliverLetters, round_seconds: float = DELIVERY_SECONDS) -> None:
    """Send letters as they come; a mail server that is down is tried again later, letter by letter."""
    while True:
        try:
            sent = await deliver(_tell_undelivered)
            if sent:
                _log.info("mail.sent", letters=sent)
        except Exception as error:  # the next round may find the database back
            _log.warning("mail.not_sent", code="internal_error", reason=str(error))
        await asyncio.sleep(round_seconds)


def _tell_undelivered(told: NotDelivered) -> None:
    _log.warning(
        "mail.given_up" if told.given_up else "mail.not_sent",
        code=told.code,
        reason=told.reason,
        letter=told.letter.id,
        occasion=told.letter.occasion.value,
    )


def _tell(outcome: Outcome) -> None:
    match outcome:
        case NotRefreshed(code, reason):
            _log.warning("metadata.not_refreshed", code=code, reason=reason)
        case NotDue():
            pass
        case _:
            _log.info("metadata.refreshed", number=outcome.blob.number, next_update=str(outcome.blob.next_update))


async def _end_trials_forever(system: System) -> None:
    while True:
        try:
            ended = await system.end_trials()
            if ended:
                _log.info("trials.ended", ended=ended)
            over = await system.end_exclusions()
            if over:
                _log.info("exclusions.ended", ended=over)
        except Exception as error:  # the next round may find the database back
            _log.warning("trials.not_ended", code="internal_error", reason=str(error))
        await asyncio.sleep(TRIAL_SECONDS)


async def _check_emergency_forever(system: System) -> None:
    while True:
        try:
            checked = await system.check_emergency()
            if checked:
                _log.info("emergency.checked", organisations=checked)
        except Exception as error:  # the next round may find the database back
            _log.warning("emergency.not_checked", code="internal_error", reason=str(error))
        await asyncio.sleep(EMERGENCY_SECONDS)


async def _checkpoint_forever(system: System) -> None:
    while True:
        # At once, for the chains of a process that was killed: the time in which nothing binds them ends here.
        await _checkpoint(system)
        await asyncio.sleep(CHECKPOINT_SECONDS)


async def _checkpoint(system: System) -> None:
    try:
        await system.checkpoint_log()
    except Exception as error:  # the next round may find the database back
        _log.warning("log.checkpoint_failed", error=str(error))
