"""`caldavd tasks`: list, retry, remove."""

from __future__ import annotations

from typing import Final

import click

from caldavd import clock
from caldavd.cli import run
from caldavd.cli.failure import FAILED
from caldavd.cli.main import Invocation
from caldavd.store import mails, queue
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.queue import Queued
from caldavd.store.tasks import State

COLUMNS: Final = ("id", "kind", "user", "method", "to", "attempts", "next", "error")
MAX_SHOWN: Final = 1_000


@click.command("list")
@click.option("--dead", is_flag=True, help="Only those that nobody tries any more.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def list_(invocation: Invocation, dead: bool, as_json: bool) -> None:
    """List what is to be delivered and sent, oldest first, at most 1,000: whose it is, to whom it
    goes, and what went wrong the last time.

    One without a time in NEXT is dead: it was refused for good, or tried for too long.
    """

    async def work(tx: ReadTx) -> list[Queued]:
        return await queue.queued(tx, dead=dead, limit=MAX_SHOWN)

    found = run.read(run.settings(invocation), work)
    run.show(COLUMNS, [_row(one) for one in found], as_json)


@click.command()
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that failed: the dead, those that wait.")
@click.pass_obj
def retry(invocation: Invocation, ids: tuple[int, ...], every: bool) -> int:
    """Try tasks again at once, as if they were new."""
    _one_way(ids, every)

    async def work(tx: WriteTx) -> int:
        now = clock.now()
        return await (queue.retry_all(tx, now) if every else queue.retry(tx, ids, now))

    return _told("to be tried again", run.write(run.settings(invocation), work), ids)


@click.command()
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
@click.option("--all-dead", "every", is_flag=True, help="All that are dead.")
@click.pass_obj
def remove(invocation: Invocation, ids: tuple[int, ...], every: bool) -> int:
    """Remove tasks: what they were to send is never sent."""
    _one_way(ids, every)

    async def work(tx: WriteTx) -> int:
        return await (queue.remove_dead(tx) if every else queue.remove(tx, ids))

    return _told("removed", run.write(run.settings(invocation), work), ids)


tasks_: Final = click.Group(
    "tasks",
    commands=[list_, retry, remove],
    help="What is to be delivered to calendars and sent by mail.",
)


def _one_way(ids: tuple[int, ...], every: bool) -> None:
    if bool(ids) == every:
        raise click.UsageError("give the ids that `caldavd tasks list` shows, or the option")


def _told(what: str, number: int, ids: tuple[int, ...]) -> int:
    """Says how many tasks it was; the status is 1 if not all that were named are there."""
    click.echo(f"{run.count(number, 'task')} {what}")
    if number >= len(set(ids)):
        return 0
    click.echo("the others are not there: `caldavd tasks list` shows those that are", err=True)
    return FAILED


def _row(one: Queued) -> dict[str, object]:
    to = mails.recipient_of(one.payload)
    dead = one.state == State.DEAD
    return {
        "id": one.id,
        "kind": one.kind,
        "user": one.owner,
        "method": one.method,
        "uid": one.uid,
        "to": to.removeprefix("mailto:"),
        "attempts": one.attempts,
        "created": run.instant(one.created_at),
        "next": None if dead else run.instant(one.due_at),
        "dead": dead,
        "error": one.error,
    }
