"""`make demo`"""

import tempfile
import time
from pathlib import Path

from keystead_testkit.browser import Chromium

from tools.demo import finger, refusals, story
from tools.demo.stage import (
    PICTURES,
    Laptop,
    Narrator,
    clean_pictures,
    free_port,
    identity_provider,
    made_chip,
    relying_party,
)


def main() -> None:
    tell, began = Narrator(), time.monotonic()
    clean_pictures()
    with tempfile.TemporaryDirectory(prefix="keystead-demo-") as name:
        _play(tell, Path(name))
    pictures = len(list(PICTURES.glob("*.png")))
    print(f"\nThe whole story took {time.monotonic() - began:.0f} s; {pictures} pictures are under demo/.")
    if tell.failures:
        raise SystemExit(1)


def _play(tell: Narrator, folder: Path) -> None:
    port, app_port = free_port(), free_port()
    origin = f"http://localhost:{port}"
    base = f"{origin}/home"
    tell.chapter("An empty folder")
    chip, makers = made_chip(folder)
    with (
        finger.reader_if_any() as reader,
        identity_provider(folder, port, makers=makers) as link,
        Chromium() as office,
    ):
        tell.done(f"keystead serve: an identity provider at {origin}")
        admin = office.new_page()
        story.administrator_arrives(tell, admin, link)
        client_id, secret = story.administrator_registers_app(
            tell, admin, base, f"http://localhost:{app_port}/callback"
        )
        invitation = story.administrator_invites(tell, admin, base)
        with (
            relying_party(folder, app_port, f"{base}/v2.0", client_id, secret) as app,
            Laptop(folder / "grace", chip, bus=finger.bus_of(reader)) as laptop,
        ):
            story.grace_sets_up_her_laptop(tell, laptop, base)
            with laptop.browser() as browser:
                page = story.grace_signs_in_with_her_pass(tell, browser.context, invitation)
                story.grace_proves_her_laptop(tell, laptop, page, base)
                story.grace_registers(tell, laptop, page, base)
                story.grace_signs_in_to_the_app(tell, laptop, page, app)
                finger.grace_touches_the_reader(tell, reader, laptop, page, base)
                tell.chapter("Grace mistypes her PIN")
                browser.context.clear_cookies()
                refusals.wrong_pin(tell, laptop, page, base)
                with Laptop(folder / "henry", shared=laptop) as henrys:
                    story.henry_uses_the_same_computer(tell, henrys, laptop, base)
                tell.chapter("What else must not work")
                refusals.another_site(tell, laptop)
                refusals.copied_key_file(tell, laptop, folder, origin)
                refusals.cloned_machine(tell, laptop, folder, origin)
                refusals.disabled_computer(tell, laptop, page, admin, base)
                refusals.same_assertion_twice(tell, laptop, page, base)
                refusals.synced_passkey(tell, admin, base, invitation.link)
                refusals.in_the_log(tell, admin, base)


if __name__ == "__main__":
    main()
