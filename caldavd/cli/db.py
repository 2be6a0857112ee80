"""`caldavd db`: upgrade, current, check, index, reindex."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Final

import click

from caldavd import clock, parts, zonedata
from caldavd.cli import run
from caldavd.cli.failure import FAILED
from caldavd.cli.main import Invocation
from caldavd.service import check as service
from caldavd.service import reindex as indexing
from caldavd.service.reindex import Waiting
from caldavd.settings import Config
from caldavd.store import schema
from caldavd.workers.reindex import Progress, Reindexer


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
    present = indexing.present(zonedata.version())
    findings = run.read(
        run.settings(invocation), lambda tx: service.check(tx, clock.now(), present)
    )
    if as_json:
        run.show_json([{"rule": one.rule, "what": one.what} for one in findings])
    else:
        for one in findings:
            click.echo(f"{one.rule}: {one.what}")
        for line in _said(_waiting(run.settings(invocation))):
            click.echo(f"index: {line}")
        found = run.count(len(findings), "finding")
        click.echo(found if findings else "the database is well")
    return FAILED if findings else 0


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def index(invocation: Invocation, as_json: bool) -> None:
    """Say what the index of occurrences is computed with, and how many objects wait.

    A running server indexes them anew by itself.
    """
    waiting = _waiting(run.settings(invocation))
    if as_json:
        present = indexing.present(zonedata.version())
        run.show_json({**asdict(waiting), "present": asdict(present)})
    else:
        for line in _said(waiting):
            click.echo(line)


@click.command()
@click.option("--all", "everything", is_flag=True, help="Every object, not only those that wait.")
@click.pass_obj
def reindex(invocation: Invocation, everything: bool) -> int:
    """Index now the objects that wait, instead of leaving them to the server.

    Objects stay as they are: clients notice nothing. It can be interrupted and begun again.
    """
    done, progress = asyncio.run(_reindexed(run.settings(invocation), everything=everything))
    if not done:
        click.echo("a server or another command is at it: see `caldavd db index`", err=True)
        return FAILED
    looked_at = run.count(progress.outcomes.total(), "object")
    click.echo(f"looked at {looked_at}, made the index of {progress.outcomes['changed']} anew")
    if progress.outcomes["failed"]:
        click.echo(
            f"{progress.outcomes['failed']} cannot be read: see `caldavd db check`", err=True
        )
    return 0


async def _reindexed(config: Config, *, everything: bool) -> tuple[bool, Progress]:
    async with run.database(config) as opened:
        reindexer = Reindexer(opened, clock.now, zonedata.version, rest=0)
        showing = asyncio.create_task(_show(reindexer.progress))
        try:
            done = await reindexer.at_once(everything=everything, near=True)
        finally:
            showing.cancel()
        return done, reindexer.progress


async def _show(progress: Progress) -> None:
    """A line now and then, for whoever waits."""
    while True:
        await asyncio.sleep(5)
        click.echo(f"{progress.outcomes.total()} done, {progress.waiting} left", err=True)


def _waiting(config: Config) -> Waiting:
    present = indexing.present(zonedata.version())
    return run.read(config, lambda tx: indexing.waiting(tx, present, clock.now()))


def _said(waiting: Waiting) -> list[str]:
    present = indexing.present(zonedata.version())
    version, lines = waiting.noted.version, []
    if version == present:
        lines.append(f"computed with zone database {present.zones}")
    elif version is None and not waiting.objects:
        return ["nothing is indexed yet"]
    else:
        if version is None:
            lines.append(f"new: a running server compares it with zone database {present.zones}")
        else:
            lines.append(f"computed with zone database {version.zones}, {present.zones} is present")
        verb = "waits" if waiting.rebuild == 1 else "wait"
        of = run.count(waiting.objects, "object")
        lines.append(f"{waiting.rebuild} of {of} {verb} to be computed anew")
    lines.append(_said_of_near(waiting.near))
    if waiting.noted.looked_at:
        lines.append(f"last looked at {run.instant(waiting.noted.looked_at)}")
    return lines


def _said_of_near(near: int) -> str:
    """A dense series fills what one object may have in the index: it stays near for ever."""
    days = indexing.NEAR_S // indexing.DAY_S
    if not near:
        return f"every object is indexed for {days} days at least, or to its end"
    verb = "is" if near == 1 else "are"
    return (
        f"{run.count(near, 'object')} {verb} indexed for less than {days} days: dense series, "
        "whose text is searched beyond, or series that the server extends within a day"
    )


db: Final = click.Group(
    "db",
    commands=[upgrade, current, check, index, reindex],
    help="Upgrade and check the database.",
)
