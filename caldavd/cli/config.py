"""`caldavd config`: show, check."""

from __future__ import annotations

from typing import Final

import click

from caldavd import config as configuration
from caldavd import parts
from caldavd.cli import run
from caldavd.cli.main import Invocation


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def show(invocation: Invocation, as_json: bool) -> None:
    """Print the settings in force, without passwords, as a settings file would hold them."""
    click.echo(configuration.show(run.settings(invocation), as_json))


@click.command()
@click.pass_obj
def check(invocation: Invocation) -> None:
    """Read the settings and say whether they can be used.

    \b
    caldavd --config /etc/caldavd/caldavd.toml config check
    """
    config = run.settings(invocation)
    place = parts.location(config)
    click.echo(f"the settings are good; the database is {run.without_password(place)}")


config: Final = click.Group("config", commands=[show, check], help="Show and check the settings.")
