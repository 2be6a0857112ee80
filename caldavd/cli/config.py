"""`caldavd config`: show, check."""

from __future__ import annotations

from typing import Final

import click

from caldavd import clock, parts
from caldavd import config as configuration
from caldavd.cli import certificates, run
from caldavd.cli.failure import FAILED
from caldavd.cli.main import Invocation


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def show(invocation: Invocation, as_json: bool) -> None:
    """Print the settings in force, without passwords, as a settings file would hold them."""
    click.echo(configuration.show(run.settings(invocation), as_json))


@click.command()
@click.pass_obj
def check(invocation: Invocation) -> int:
    """Read the settings, and the certificate that they name, and say whether they can be used.

    \b
    caldavd --config /etc/caldavd/caldavd.toml config check

    The status is 1 if they cannot, or if the certificate is not valid now.
    """
    config = run.settings(invocation)
    place = parts.location(config)
    found = certificates.look(config.server, clock.now())
    if found.warning:
        click.echo(f"caldavd: {found.warning}", err=True)
    if not found.valid:
        return FAILED
    click.echo(f"the settings are good; the database is {run.without_password(place)}")
    return 0


config: Final = click.Group("config", commands=[show, check], help="Show and check the settings.")
