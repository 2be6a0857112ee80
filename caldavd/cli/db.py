"""`caldavd db`: upgrade, current, check."""

from __future__ import annotations

from typing import Final

import click

from caldavd import parts
from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.store import schema


@click.command()
@click.pass_obj
def upgrade(invocation: Invocation) -> None:
    """Bring the database to the schema of this program; make it if there is none.

    A SQLite file is copied beside itself first. On PostgreSQL make a `backup` before.
    """
    done = schema.upgrade(parts.location(run.settings(invocation)))
    if done.before == done.after:
        click.echo(f"the schema is {done.after} already")
        return
    click.echo(f"upgraded the schema from {done.before or 'none'} to {done.after}")
    if done.backup is not None:
        click.echo(f"the database as it was: {done.backup}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def current(invocation: Invocation, as_json: bool) -> None:
    """Say which schema the database has, and which one this program needs."""
    found, needed = schema.current(parts.location(run.settings(invocation))), schema.head()
    if as_json:
        run.show_json({"current": found, "needed": needed})
    else:
        click.echo(f"{found or 'none'} (this program needs {needed})")


db: Final = click.Group("db", commands=[upgrade, current], help="Upgrade and check the database.")
