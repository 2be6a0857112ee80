"""`caldavd subscribe`: add, list, refresh, remove."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Final

import click

from caldavd import clock, feeds
from caldavd.cli import run
from caldavd.cli.failure import FAILED
from caldavd.cli.main import Invocation
from caldavd.model import Principal
from caldavd.service import named, subscribe
from caldavd.service.fill import Filled
from caldavd.service.import_ import Verb
from caldavd.service.subscribe import New, Subscribed
from caldavd.settings import Config
from caldavd.store import principals
from caldavd.store.engine import Database, ReadTx, WriteTx
from caldavd.workers import subscriptions
from caldavd.workers.fetch import FeedError, url_of

COLUMNS: Final = ("user", "name", "source", "every", "fetched", "next", "failures", "error")
DEFAULT_REFRESH: Final = "4h"
_SECONDS: Final = {"m": 60, "h": 3_600, "d": 86_400}
_DURATION: Final = re.compile(r"(\d{1,5})([mhd])", re.ASCII)
STDIN: Final = "-"


@click.command()
@click.argument("owner", metavar="USER")
@click.argument("url")
@click.option("--name", metavar="TEXT", help="Of the calendar; the URL's host if not given.")
@click.option("--color", metavar="#RRGGBB", help="What clients draw it in.")
@click.option(
    "--refresh",
    "every",
    metavar="TIME",
    default=DEFAULT_REFRESH,
    help="How often to look, like 30m, 4h (the default) or 1d.",
)
@click.pass_obj
def add(
    invocation: Invocation, owner: str, url: str, name: str | None, color: str | None, every: str
) -> int:
    """Make a calendar that is filled from a feed, and fetch it.

    URL is that of an .ics file; - reads it from standard input, so that no list of processes shows
    what is secret in it.

    \b
    caldavd subscribe add ada https://example.org/holidays.ics --name Holidays --refresh 1d
    caldavd subscribe add ada webcal://example.org/club.ics

    Clients read it as any other calendar and cannot change it. If the feed cannot be had now, the
    status is 1, and the server goes on trying.
    """
    config = run.settings(invocation)
    source = sys.stdin.readline().strip() if url == STDIN else url
    host = _checked(source)
    new = New(source, name or host, _duration(every), _color(color))

    async def make(tx: WriteTx) -> tuple[Principal, Subscribed]:
        account = await named.account(tx, owner)
        return account, await subscribe.add(tx, account, new, clock.now())

    async def work() -> int:
        async with run.database(config) as db:
            account, made = await db.write(make)
            click.echo(
                f"made {run.base_url(config)}/dav/calendars/{account.name}/{made.calendar.name}/"
            )
            return await _fetch(config, db, made)

    return asyncio.run(work())


@click.command("list")
@click.argument("owner", metavar="[USER]", required=False)
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def list_(invocation: Invocation, owner: str | None, as_json: bool) -> None:
    """List the feeds of a user, or of all: the last fetch, the next one, and what was wrong.

    Passwords and queries in URLs are not shown.
    """

    async def work(tx: ReadTx) -> list[dict[str, object]]:
        if owner is not None:
            accounts = [await named.account(tx, owner)]
        else:
            accounts = [account for account, _ in await principals.everyone(tx)]
        return [
            _row(account.name, one)
            for account in accounts
            for one in await subscribe.all_(tx, account)
        ]

    run.show(COLUMNS, run.read(run.settings(invocation), work), as_json)


@click.command()
@click.argument("owner", metavar="USER")
@click.argument("name")
@click.pass_obj
def refresh(invocation: Invocation, owner: str, name: str) -> int:
    """Fetch a feed now. The status is 1 if it cannot be had."""
    config = run.settings(invocation)

    async def find(tx: ReadTx) -> Subscribed:
        return await subscribe.by_name(tx, await named.account(tx, owner), name)

    async def work() -> int:
        async with run.database(config) as db:
            return await _fetch(config, db, await db.read(find))

    return asyncio.run(work())


@click.command()
@click.argument("owner", metavar="USER")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(invocation: Invocation, owner: str, name: str, yes: bool) -> None:
    """Remove a calendar that is filled from a feed; `calendar restore` brings both back."""
    config = run.settings(invocation)
    if not yes:
        run.confirm(f"Remove the subscription {name} of {owner}?")

    async def work(tx: WriteTx) -> str:
        account = await named.account(tx, owner)
        found = await subscribe.by_name(tx, account, name)
        return (await named.remove(tx, account, found.calendar.name, clock.now())).name

    click.echo(f"removed {run.write(config, work)}")


subscribe_: Final = click.Group(
    "subscribe",
    commands=[add, list_, refresh, remove],
    help="Make, list, fetch and remove calendars that are filled from feeds.",
)


async def _fetch(config: Config, db: Database, of: Subscribed) -> int:
    try:
        filled = await subscriptions.refresh(feeds.means(config, db), of.subscription)
    except FeedError as error:
        click.echo(f"not fetched: {error.reason}", err=True)
        return FAILED
    if filled is None:
        click.echo("the server is fetching it at this moment")
        return 0
    click.echo(_summary(filled))
    if filled.error:
        click.echo(filled.error, err=True)
    return 0


def _summary(filled: Filled) -> str:
    if not filled.changed:
        return "nothing has changed"
    verbs = (Verb.ADDED, Verb.UPDATED, Verb.UNCHANGED)
    counts = ", ".join(f"{filled.counts[verb]} {verb.value}" for verb in verbs)
    return f"{counts}, {filled.removed} removed, {filled.counts[Verb.REFUSED]} left out"


def _checked(source: str) -> str:
    """The host of a URL. Raises BadParameter."""
    try:
        return url_of(source).host or ""
    except FeedError as error:
        raise click.BadParameter(error.reason, param_hint="URL") from None


def _duration(text: str) -> int:
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise click.BadParameter("a time is like 30m, 4h or 1d", param_hint="--refresh")
    return int(found[1]) * _SECONDS[found[2]]


def _every(seconds: int) -> str:
    """What `_duration` reads, in the largest unit that fits."""
    unit = next(one for one in ("d", "h", "m") if seconds % _SECONDS[one] == 0 or one == "m")
    return f"{seconds // _SECONDS[unit]}{unit}"


def _color(text: str | None) -> str | None:
    found = None if text is None else run.color(text)
    if text is not None and found is None:
        raise click.BadParameter("a colour is #RRGGBB or #RRGGBBAA", param_hint="--color")
    return found


def _row(account: str, one: Subscribed) -> dict[str, object]:
    of = one.subscription
    return {
        "user": account,
        "name": one.calendar.name,
        "source": subscribe.shown(of.source),
        "every": _every(of.refresh_s),
        "fetched": run.instant(of.fetched_at),
        "next": run.instant(of.due_at),
        "failures": of.failures,
        "error": of.error,
    }
