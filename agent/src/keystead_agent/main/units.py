"""The systemd units of a person's session: their own agent, or what asks them for the computer's service.

`deploy/systemd/user` has these texts for /usr/bin. They are units of the person's session
manager, for they show windows on their screen and read their files. Nothing in them needs
a namespace of its own: a pinentry that could not see the display's socket would be no prompt.
"""

from typing import Final

NAME: Final = "keystead-agent.service"
SESSION_NAME: Final = "keystead-session.service"
PACKAGED_PROGRAM: Final = "/usr/bin/keystead-agent"

_TEMPLATE: Final = """\
[Unit]
Description={description}
PartOf=graphical-session.target
After=graphical-session-pre.target

[Service]
ExecStart={command} {verb}
Restart=on-failure
RestartSec=2
UMask=0077
# A core of it would hold what a PIN has opened.
LimitCORE=0
NoNewPrivileges=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=default.target
"""


def agent_unit(command: str = PACKAGED_PROGRAM) -> str:
    """The unit that runs *command*, quoted as systemd reads it, as a person's own agent."""
    return _unit(command, "daemon", "Keystead agent: passkeys kept in this computer")


def session_unit(command: str = PACKAGED_PROGRAM) -> str:
    """The unit that asks a person what the service of the computer has to ask."""
    return _unit(command, "session", "Keystead: questions of the service that keeps passkeys")


def _unit(command: str, verb: str, description: str) -> str:
    return _TEMPLATE.format(command=command.replace("%", "%%").replace("$", "$$"), verb=verb, description=description)
