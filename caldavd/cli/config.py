"""`caldavd config`: show, check."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from caldavd import clock, parts
from caldavd import config as configuration
from caldavd.cli import certificates, run
from caldavd.cli.failure import FAILED
from caldavd.cli.main import Invocation
from caldavd.store import place as store


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def show(invocation: Invocation, as_json: bool) -> None:
    """Print the settings in force, without passwords, as a settings file would hold them."""
    click.echo(configuration.show(run.settings(invocation), as_json))


@click.command()
@click.pass_obj
def check(invocation: Invocation) -> int:
    """Say whether the settings can be used, with the certificate and the database that they name.

    \b
    caldavd --config /etc/caldavd/caldavd.toml config check

    The status is 1 if they cannot, if the certificate is not valid now, or if this user cannot
    write the database's directory. It makes nothing, and does not ask PostgreSQL.
    """
    config = run.settings(invocation)
    place = parts.location(config)
    configuration.mail_password(config)
    found = certificates.look(config.server, clock.now())
    if found.warning:
        click.echo(f"caldavd: {found.warning}", err=True)
    if not found.valid:
        return FAILED
    click.echo(f"the settings are good; the database is {_described(place)}")
    return 0


def _described(place: Path | str) -> str:
    """Where the database is. Raises Unavailable where no SQLite file can be written."""
    shown = run.without_password(place)
    if isinstance(place, str):
        return shown
    store.require_writable(place)
    return shown if store.is_there(place) else f"{shown}, which the first start makes"


config: Final = click.Group("config", commands=[show, check], help="Show and check the settings.")
