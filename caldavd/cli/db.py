"""`caldavd db`: upgrade, current, check."""

from __future__ import annotations

from typing import Final

import click

from caldavd import clock, parts
from caldavd.cli import run
from caldavd.cli.failure import FAILED
from caldavd.cli.main import Invocation
from caldavd.service import check as service
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


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def check(invocation: Invocation, as_json: bool) -> int:
    """Look for rows that cannot be right; mends nothing.

    It reads one state of the database; the server may run meanwhile. The status is 0 if it found
    nothing.
    """
    findings = run.read(run.settings(invocation), lambda tx: service.check(tx, clock.now()))
    if as_json:
        run.show_json([{"rule": one.rule, "what": one.what} for one in findings])
    else:
        for one in findings:
            click.echo(f"{one.rule}: {one.what}")
        click.echo(f"{len(findings)} findings" if findings else "the database is well", err=True)
    return FAILED if findings else 0


db: Final = click.Group(
    "db", commands=[upgrade, current, check], help="Upgrade and check the database."
)
