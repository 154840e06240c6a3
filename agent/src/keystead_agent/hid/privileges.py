"""Give up root for good, between opening the device and reading the first byte from anybody."""

import os
import pwd
from pathlib import Path


class PersonUnknown(Exception):
    """`--user` names nobody, or root."""

    code = "person_unknown"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is no person of this computer whose passkeys could be offered.")


class NotRoot(Exception):
    """`--user` was given by somebody who cannot become another."""

    code = "not_root"

    def __init__(self) -> None:
        super().__init__("Only root can serve another person: leave --user out, or start it as root.")


def person_named(name: str) -> pwd.struct_passwd:
    """Raises PersonUnknown."""
    try:
        person = pwd.getpwnam(name)
    except KeyError as error:
        raise PersonUnknown(name) from error
    if person.pw_uid == 0:
        raise PersonUnknown(name)
    return person


def become(person: pwd.struct_passwd) -> None:
    """Be *person*, with no way back.

    The kernel then lets no other process of that person look into this one or
    take its file descriptors, which is what keeps the device from them.

    Raises:
        NotRoot
    """
    if os.geteuid() != 0:
        raise NotRoot
    os.setgroups([])
    os.setresgid(person.pw_gid, person.pw_gid, person.pw_gid)
    os.setresuid(person.pw_uid, person.pw_uid, person.pw_uid)


def environment_of(person: pwd.struct_passwd, inherited: dict[str, str]) -> dict[str, str]:
    """Where that person's settings and socket are; what else was inherited stays."""
    runtime = Path(f"/run/user/{person.pw_uid}")
    own = {"HOME": person.pw_dir, "XDG_RUNTIME_DIR": str(runtime)}
    roots = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")
    return {name: value for name, value in inherited.items() if name not in roots} | own
