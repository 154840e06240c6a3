"""The command's root: settings come from here, verbs from their own modules."""

from pathlib import Path

import click

from keystead_server.main.cli import (
    apps,
    devices,
    doctor,
    groups,
    init,
    log,
    metadata,
    methods,
    passes,
    passkeys,
    policy,
    recover,
    serve,
    users,
)
from keystead_server.main.cli.frame import Frame


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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
    context.obj = Frame(
        config_file=config,
        given={"data": data, "database": database, "public_url": public_url},
        tenant=tenant,
    )


for verb in (
    serve.serve, init.init, users.user, groups.group, apps.app, passes.pass_, passkeys.passkey, methods.method,
    devices.device, devices.authority, policy.policy, log.log, metadata.metadata, doctor.doctor, recover.recover,
):  # fmt: skip
    main.add_command(verb)
