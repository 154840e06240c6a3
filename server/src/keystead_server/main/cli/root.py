"""The command's root: settings come from here, verbs from their own modules.

A verb's module is only imported when the verb is typed: they know the whole server, which takes a second to
read, and `--help` should not.
"""

from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import click


class Verb(NamedTuple):
    """Where a verb is, and what `--help` says of it; a test holds that against its own words."""

    module: str
    name: str
    says: str


VERBS = {
    "app": Verb("apps", "app", "Apps that sign people in by OpenID Connect, or use our API: register, list, permit, remove."),
    "authority": Verb("devices", "authority", "The attestation authority, which certifies the keys of enrolled computers."),
    "device": Verb("devices", "device", "Enrolled computers: list, show, disable, enable, withdraw, remove."),
    "doctor": Verb("doctor", "doctor", "Check settings, data folder, master key, database and disk, and say how to mend what is wrong."),
    "emergency": Verb("emergency", "emergency", "Accounts that no Conditional Access policy is for: name, list and check them."),
    "group": Verb("groups", "group", "Groups: create, list, add and take out members."),
    "init": Verb("init", "init", "Make the database, an organisation and its first administrator."),
    "log": Verb("log", "log", "What happened: sign-ins and changes."),
    "metadata": Verb("metadata", "metadata", "FIDO metadata about authenticator models: show, refresh, verify a file."),
    "method": Verb("methods", "method", "Everything that somebody signs in with: list, and remove what is no passkey."),
    "pass": Verb("passes", "pass_", "Temporary Access Passes: the way to a first passkey."),
    "passkey": Verb("passkeys", "passkey", "Passkeys: list, check who can get one, register one for somebody, and remove."),
    "pin-rules": Verb("pin_rules", "pin_rules", "What is asked of the PIN on people's enrolled computers: show, set, history."),
    "policy": Verb("policy", "policy", "The passkey policy, that of the other methods, and Conditional Access: show, foresee, change, go back, explain."),
    "recover": Verb("recover", "recover", "Get an administrator in, whatever the policies say."),
    "risk": Verb("risk", "risk", "Who is at risk: list, show, supply what was found, insider risk, confirm, dismiss."),
    "serve": Verb("serve", "serve", "Run the identity provider until it is stopped (Ctrl-C)."),
    "terms": Verb("terms", "terms", "Terms of use that policies ask people to accept: list, show, save, remove."),
    "user": Verb("users", "user", "People: create, list, show, say where they get mail, enable, disable, remove."),
}  # fmt: skip


class Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        command: click.Command = getattr(import_module(f"keystead_server.main.cli.{verb.module}"), verb.name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, VERBS[name].says) for name in self.list_commands(ctx)])


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="keystead-server", prog_name="keystead")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="KEYSTEAD_CONFIG",
    help="Settings file (TOML); see docs/reference/settings.md.",
)
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the database and the master key."
)
@click.option("--database", help="postgresql://… instead of SQLite in the data folder.")
@click.option("--public-url", help="What people type, such as https://id.example.org.")
@click.option("--tenant", default=None, help="Which organisation; needed when there are several.")
@click.pass_context
def main(
    context: click.Context,
    config: Path | None,
    data: Path | None,
    database: str | None,
    public_url: str | None,
    tenant: str | None,
) -> None:
    """Keystead: passwordless sign-in that you run yourself."""
    from keystead_server.main.cli.frame import Frame

    context.obj = Frame(
        config_file=config,
        given={"data": data, "database": database, "public_url": public_url},
        tenant=tenant,
    )
