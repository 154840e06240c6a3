"""What the daemon does for each verb of the link."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

from keystead_core.link import messages as link
from keystead_core.link.messages import Cancel, Request
from keystead_core.wire.base64url import b64url_decode
from keystead_core.wire.errors import BadBase64Url

from keystead_agent.authenticator.allow_list import Caller
from keystead_agent.authenticator.approval import Approval
from keystead_agent.authenticator.authenticator import Authenticator
from keystead_agent.authenticator.options import timeout_of
from keystead_agent.container.container import Container
from keystead_agent.container.errors import ContainerError, PasskeyUnknown
from keystead_agent.container.records import Provider
from keystead_agent.daemon.ceremonies import LONGEST, Ceremonies, allowed_time
from keystead_agent.daemon.ctap import CtapService, CtapStart
from keystead_agent.daemon.explaining import Ways, explain, no_other_ways
from keystead_agent.daemon.log import Log
from keystead_agent.daemon.offloading import OneThread
from keystead_agent.daemon.proving import Proving
from keystead_agent.daemon.unlocking import Unlocking
from keystead_agent.gesture.interface import Gesture
from keystead_agent.gesture.session import Prompters
from keystead_agent.keystore.errors import KeystoreError
from keystead_agent.keystore.interface import Clock, Keystore, Tries
from keystead_agent.keystore.private_file import FileNotPrivate
from keystead_agent.keystore.software import beware

Ok = Mapping[str, object]


@dataclass(slots=True)
class Service:
    """Serves one person's container.

    Attributes:
        open_container: blocks; may fail, and is tried again at the next request.
        ways: besides the PIN, and whether each could be used now.
        prompters: through whom the person is asked, where the daemon is not in their session.
        fetch: returns the provider at an address; blocks, on a thread of its own.
    """

    version: str
    keystore: Keystore
    open_container: Callable[[], Container]
    gesture: Gesture
    fetch: Callable[[str], Provider]
    ceremonies: Ceremonies
    log: Log
    socket_path: str
    ctap_start: CtapStart
    clock: Clock
    device_name: str
    ways: Ways = no_other_ways
    prompters: Prompters | None = None
    offload: OneThread = field(default_factory=OneThread)
    fetching: OneThread = field(default_factory=OneThread)
    unlocking: Unlocking = field(init=False)
    _container: Container | None = None

    def __post_init__(self) -> None:
        self.unlocking = Unlocking(self.gesture, self.ceremonies, self.offload, self.fetching, self.log)

    @property
    def ctap(self) -> CtapService:
        return CtapService(self.container, self.gesture, self.offload, self.ceremonies, self.log, self.ctap_start)

    async def container(self) -> Container:
        if self._container is None:
            self._container = await self.offload(self.open_container)
        return self._container

    async def answer(self, request: Request, requester: str) -> Ok:
        """Do what *request* asks.

        Raises:
            one of `refusals.EXPECTED`, or CancelledError when its sender gave up.
        """
        match request:
            case link.Hello():
                return {"agent": self.version, "protocol": link.PROTOCOL}
            case link.Status():
                return await self._status()
            case link.Providers():
                return {"providers": [_brief(provider) for provider in (await self.container()).providers]}
            case link.ListPasskeys():
                return {
                    "passkeys": [passkey.to_json() for passkey in (await self.container()).passkeys],
                    **self._beware,
                }
            case link.Accounts(_, rp_id, origin):
                authenticator = await self._authenticator()
                return {"accounts": authenticator.accounts(Caller(origin), rp_id), **self._beware}
            case link.Create() | link.Get():
                return await self._ceremony(request, requester)
            case link.SetPin() | link.ChangePin():
                return await self._pin(request, requester)
            case link.Unlock():
                return await self.unlocking.ask(await self.container(), requester)
            case link.UnlockWait():
                return await self.unlocking.wait(await self.container())
            case link.Enrol(_, url, code):
                return await self._enrol(url, code)
            case link.Unenrol(_, provider):
                return await self._unenrol(provider)
            case link.Remove(_, credential):
                return await self._remove(credential)
            case link.Rename(_, credential, name):
                return await self._rename(credential, name)
            case link.Explain(_, site):
                container = await self.container()
                return await explain(container, site, await self.ways(), self.offload)
            case link.ReadLog(_, last, skip):
                return {"lines": await self.fetching(partial(self.log.read, last, skip))}
            case link.Ctap() | Cancel() | link.Prompter() | link.Answer():
                raise AssertionError("answered where the connection is known")

    async def _ceremony(self, request: link.Create | link.Get, requester: str) -> Ok:
        authenticator = await self._authenticator()
        # What was chosen in autofill stays on offer beside the browser's own; anything else the browser asks elsewhere.
        other_ways = isinstance(request, link.Create) or request.credential is None
        caller = Caller(request.origin, request.top_origin, requester, other_ways=other_ways)
        async with self.ceremonies.one(allowed_time(timeout_of(request.options))):
            if isinstance(request, link.Create):
                await self._proving.renew_for(await self.container(), caller)
                credential = await authenticator.make_credential(caller, request.options)
                event = "passkey.created"
            else:
                credential = await authenticator.get_assertion(caller, request.options, chosen=request.credential)
                event = "passkey.used"
        self.log.event(event, credential=str(credential["id"]), origin=request.origin, requester=requester)
        return {"credential": credential}

    async def _pin(self, request: link.SetPin | link.ChangePin, requester: str) -> Ok:
        approval = Approval(await self.container(), self.gesture, self.offload)
        async with self.ceremonies.one(LONGEST):
            if isinstance(request, link.SetPin):
                await approval.set_pin(requester)
                self.log.event("pin.set", requester=requester)
            else:
                await approval.change_pin(requester)
                self.log.event("pin.changed", requester=requester)
        return {}

    async def _enrol(self, url: str, code: str | None) -> Ok:
        container = await self.container()
        provider = await self.fetching(partial(self.fetch, url))
        async with self.ceremonies.one(_NO_QUESTION):
            await self.offload(partial(container.enrolments.enrol, provider))
            self.log.event("provider.enrolled", rp_id=provider.rp_id, issuer=provider.issuer)
            known = container.enrolments.proof_of(provider.issuer)
            if code is not None:
                await self._proving.enrol(container, provider, code)
            elif known is not None:
                await self._proving.renew(container, provider, known)
        return {"provider": _brief(provider), "proof": _proof(container, provider), **self._beware}

    async def _unenrol(self, name: str) -> Ok:
        container = await self.container()
        async with self.ceremonies.one(_NO_QUESTION):
            removed = await self.offload(partial(container.enrolments.unenrol, name))
        self.log.event("provider.unenrolled", provider=name, passkeys=removed)
        return {"removed": removed}

    async def _remove(self, credential: str) -> Ok:
        container = await self.container()
        credential_id = _credential_id(credential)
        async with self.ceremonies.one(_NO_QUESTION):
            await self.offload(partial(container.remove, credential_id))
        self.log.event("passkey.removed", credential=credential)
        return {}

    async def _rename(self, credential: str, name: str) -> Ok:
        container = await self.container()
        credential_id = _credential_id(credential)
        async with self.ceremonies.one(_NO_QUESTION):
            passkey = container.passkey(credential_id)
            await self.offload(partial(container.rename, credential_id, name, passkey.display_name))
        self.log.event("passkey.renamed", credential=credential)
        return {}

    async def _status(self) -> Ok:
        status: dict[str, object] = {
            "agent": self.version,
            "socket": self.socket_path,
            "serves": "you" if self.prompters is None else "everybody",
            # Whether there is who asks: a daemon of one's own asks itself.
            "prompter": self.prompters is None or self.prompters.is_there,
        }
        try:
            container = await self.container()
        except (ContainerError, FileNotPrivate, KeystoreError) as error:
            status["keystore"] = await self._keystore_status(self.keystore.tries)
            return status | {"error": error.code, "message": str(error)}
        return status | {
            "keystore": await self._keystore_status(container.counted_tries),
            "pin_set": container.has_pin,
            "pin_guard": container.guard,
            "pin_leftovers": await self._leftovers(container),
            "gestures": {"ways": await self.ways(), "open": container.gesture_pass is not None},
            "providers": [
                {**_brief(provider), "proof": _proof(container, provider)} for provider in container.providers
            ],
            "passkeys": len(container.passkeys),
        }

    async def _leftovers(self, container: Container) -> int:
        try:
            return await self.offload(container.leftovers)
        except KeystoreError:
            # What is wrong with the chip is said of the chip.
            return 0

    async def _keystore_status(self, count: Callable[[], Tries]) -> Ok:
        try:
            described = await self.offload(self.keystore.describe)
            tries = await self.offload(count)
        except KeystoreError as error:
            return {"kind": self.keystore.kind, "error": error.code, "message": str(error)}
        return {
            "kind": described.kind,
            "label": described.label,
            "maker": described.maker,
            "firmware": described.firmware,
            "aaguid": str(self.keystore.aaguid),
            "warnings": list(described.warnings),
            "tries_left": tries.left,
            "tries_limit": tries.limit,
            "try_back_after_seconds": int(tries.back_after.total_seconds()),
        }

    @property
    def _beware(self) -> dict[str, str]:
        """What stands beside passkeys that are shown."""
        says = beware(self.keystore.kind)
        return {"beware": says} if says else {}

    @property
    def _proving(self) -> Proving:
        return Proving(self.clock, self.device_name, self.offload, self.fetching, self.log)

    async def _authenticator(self) -> Authenticator:
        return Authenticator(await self.container(), self.gesture, self.offload)

    async def open_early(self) -> None:
        """Open the container before anybody asks, so that a refusal of a stranger needs no chip at all."""
        try:
            await self.container()
        except (ContainerError, FileNotPrivate, KeystoreError) as error:
            # Not the end: status can still say what is wrong, and each request is refused with the reason.
            self.log.event("container.unopened", code=error.code, because=str(error))

    async def leave(self, because: str) -> None:
        """The session is locked, asleep or over: take back what is open, and want the PIN before anything else."""
        await self.ceremonies.end()
        if self._container is not None:
            self._container.void_approvals()
        self.log.event("session.left", because=because)

    def close(self) -> None:
        self.offload.close()
        self.fetching.close()


# Changes the container while no ceremony holds it; nobody is asked, so it is short.
_NO_QUESTION: Final = timedelta(seconds=60)


def _credential_id(credential: str) -> bytes:
    """Raises PasskeyUnknown."""
    try:
        return b64url_decode(credential)
    except BadBase64Url as error:
        raise PasskeyUnknown from error


def _brief(provider: Provider) -> Ok:
    return {
        "rp_id": provider.rp_id,
        "origins": list(provider.origins),
        "name": provider.name,
        "issuer": provider.issuer,
        "tenant": {"id": provider.tenant_id, "name": provider.tenant_name},
    }


def _proof(container: Container, provider: Provider) -> Ok | None:
    proof = container.enrolments.proof_of(provider.issuer)
    return None if proof is None else proof.to_json()
