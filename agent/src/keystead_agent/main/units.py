"""The systemd unit of a person's own agent; `deploy/systemd/keystead-agent.service` is this text for /usr/bin.

It is a unit of the person's session manager, for it shows windows on their screen and
reads their files. Nothing in it needs a namespace of its own: a pinentry that could not
see the display's socket would be no prompt.
"""

from typing import Final

NAME: Final = "keystead-agent.service"
PACKAGED_PROGRAM: Final = "/usr/bin/keystead-agent"

_TEMPLATE: Final = """\
[Unit]
Description=Keystead agent: passkeys kept in this computer
PartOf=graphical-session.target
After=graphical-session-pre.target

[Service]
ExecStart={command} daemon
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
    """The unit that runs *command*, quoted as systemd reads it."""
    return _TEMPLATE.format(command=command.replace("%", "%%").replace("$", "$$"))
