"""Enrolled computers, and what administrators do about them."""

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from keystead_server.domain.device import Device
from keystead_server.domain.ids import DeviceId
from keystead_server.domain.invalid import Invalid
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import NO_ERRORS, PAGE_SIZE, Errors
from keystead_server.http.pages.lines import device_line
from keystead_server.http.pages.next_page import named, printable
from keystead_server.http.pages.render import page, see_other
from keystead_server.http.problems import NOT_FOUND, Refuse

_NOTICES = {
    "disabled": "The computer is disabled; its passkeys are refused from now on.",
    "enabled": "The computer is enabled; its passkeys sign in again.",
    "withdrawn": "The computer's key is withdrawn for good.",
    "chip_withdrawn": "The security chip is withdrawn for good, with every enrolment on it.",
}


async def show_all(call: Call) -> Response:
    after = DeviceId(printable(call.query("after"))) if call.query("after") else None
    store = call.services.store
    found = await store.devices.page(call.tenant.id, limit=PAGE_SIZE + 1, after=after)
    return page(
        call,
        "admin/devices.html",
        devices=[device_line(device) for device in found[:PAGE_SIZE]],
        more=found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None,
        count=await store.devices.count(call.tenant.id),
        removed=call.query("done") == "removed",
    )


async def show(call: Call) -> Response:
    return await _device(call, await _the_device(call))


async def disable(call: Call) -> Response:
    return await _act(call, call.services.manage_device.disable, "disabled")


async def enable(call: Call) -> Response:
    return await _act(call, call.services.manage_device.enable, "enabled")


async def withdraw(call: Call) -> Response:
    return await _act(call, call.services.manage_device.withdraw_attestation_key, "withdrawn")


async def withdraw_chip(call: Call) -> Response:
    return await _act(call, call.services.manage_device.withdraw_endorsement_key, "chip_withdrawn")


async def remove(call: Call) -> Response:
    device = await _the_device(call)
    try:
        await call.services.manage_device.remove(call.tenant.id, device.id, by=call.actor)
    except Invalid as invalid:
        return await _device(call, device, Errors.of(invalid), status=422)
    return see_other(f"/{call.tenant.name}/admin/devices?done=removed")


async def _act(call: Call, verb: Callable[..., Awaitable[Device | None]], done: str) -> Response:
    device = await _the_device(call)
    try:
        if await verb(call.tenant.id, device.id, by=call.actor) is None:
            raise Refuse(NOT_FOUND)
    except Invalid as invalid:
        return await _device(call, device, Errors.of(invalid), status=422)
    return see_other(f"/{call.tenant.name}/admin/devices/{device.id}?done={done}")


async def _the_device(call: Call) -> Device:
    device = await call.services.store.devices.get(call.tenant.id, DeviceId(named(call, "device")))
    if device is None:
        raise Refuse(NOT_FOUND)
    return device


async def _device(call: Call, device: Device, errors: Errors = NO_ERRORS, *, status: int = 200) -> Response:
    store = call.services.store
    others = await store.devices.with_endorsement_key(call.tenant.id, device.endorsement_digest)
    return page(
        call,
        "admin/device.html",
        status=status,
        line=device_line(device),
        person=await store.users.get(call.tenant.id, device.enrolled_by),
        others=[each for each in others if each.id != device.id],
        errors=errors,
        notice=_NOTICES.get(call.query("done")),
    )
