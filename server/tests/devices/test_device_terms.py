"""What a device is told with its certificate: whose it is, who unlocks it, what is asked of its PIN."""

from keystead_core.link.pin_policy import PinPolicy
from keystead_server.domain.actor import OPERATOR
from keystead_server.flows.renew_device import Renewed
from keystead_testkit.device_desk import DeviceDesk, Laptop
from keystead_testkit.loop import run


def test_a_device_learns_in_whose_name_it_was_enrolled(desk: DeviceDesk, laptop: Laptop) -> None:
    assert laptop.terms.user_handle == desk.office.ada.handle
    assert laptop.terms.pin is None, "nobody has said anything of PINs"


def test_rules_for_pins_reach_a_device_with_its_next_renewal(desk: DeviceDesk, laptop: Laptop) -> None:
    rules = PinPolicy(minimum=8, history=5)
    run(desk.office.services.save_pin_policy(desk.office.tenant.id, rules, by=OPERATOR))

    renewed = desk.renew(laptop)

    assert isinstance(renewed, Renewed)
    assert renewed.terms.pin == rules
    assert desk.enrol(desk.tpm()).terms.pin == rules
    assert "pin_rules.changed" in desk.office.audit
