"""`caldavd publish`: add, list, remove."""

from __future__ import annotations

from typing import Final

import click

from caldavd import clock
from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.model import Collection, Mode, Principal
from caldavd.service import named, publish
from caldavd.service.publish import Published
from caldavd.store import collections, principals
from caldavd.store.engine import ReadTx, WriteTx

COLUMNS: Final = ("user", "label", "calendar", "mode", "created", "last_used")
MODES: Final = {"full": Mode.FULL, "busy": Mode.BUSY, "free-busy": Mode.FREE_BUSY}
_NAMES: Final = {mode: name for name, mode in MODES.items()}
_PATHS: Final = {
    Mode.FULL: "feeds/{}.ics",
    Mode.BUSY: "feeds/{}.ics",
    Mode.FREE_BUSY: "freebusy/{}.ifb",
}


@click.command()
@click.argument("owner", metavar="USER")
@click.argument("calendar", metavar="[CALENDAR]", required=False)
@click.option(
    "--mode",
    type=click.Choice(tuple(MODES)),
    default="full",
    help="full: all but what is private (the default); busy: the same times, each called Busy; "
    "free-busy: busy time alone, of all calendars if none is named.",
)
@click.option("--label", metavar="TEXT", help="What the link is called; CALENDAR if not given.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def add(
    invocation: Invocation,
    owner: str,
    calendar: str | None,
    mode: str,
    label: str | None,
    as_json: bool,
) -> None:
    """Make a link by which whoever has it reads a calendar, and print it, this once.

    \b
    caldavd publish add ada work
    caldavd publish add ada work --mode busy --label "For customers"
    caldavd publish add ada --mode free-busy

    Any calendar program can subscribe to it, without an account. Events that are private are left
    out, and of confidential ones the time alone is told.
    """
    if calendar is None and MODES[mode] is not Mode.FREE_BUSY:
        raise click.UsageError("name a calendar; of all together there is --mode free-busy only")
    config = run.settings(invocation)
    secret = publish.draw()

    async def work(tx: WriteTx) -> tuple[Principal, Published]:
        account = await named.account(tx, owner)
        of = await _place(tx, account, calendar)
        called = label or await publish.free_label(tx, account.id, of.name or "free-busy")
        return account, await publish.add(tx, of, MODES[mode], called, secret, clock.now())

    account, made = run.write(config, work)
    url = f"{run.base_url(config)}/{_PATHS[MODES[mode]].format(secret)}"
    if as_json:
        run.show_json({**_row(account.name, made), "url": url})
    else:
        click.echo(url)
        click.echo(f"{made.link.label} of {account.name}; it is not shown again", err=True)


@click.command("list")
@click.argument("owner", metavar="[USER]", required=False)
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def list_(invocation: Invocation, owner: str | None, as_json: bool) -> None:
    """List the links of a user, or of all, and when each was last used."""

    async def work(tx: ReadTx) -> list[dict[str, object]]:
        if owner is not None:
            accounts = [await named.account(tx, owner)]
        else:
            accounts = [account for account, _ in await principals.everyone(tx)]
        return [
            _row(account.name, one)
            for account in accounts
            for one in await publish.all_(tx, account.id)
        ]

    run.show(COLUMNS, run.read(run.settings(invocation), work), as_json)


@click.command()
@click.argument("owner", metavar="USER")
@click.argument("label")
@click.pass_obj
def remove(invocation: Invocation, owner: str, label: str) -> None:
    """Take a link back; it leads nowhere at once."""

    async def work(tx: WriteTx) -> str:
        account = await named.account(tx, owner)
        await publish.remove(tx, account.id, label)
        return account.name

    account = run.write(run.settings(invocation), work)
    click.echo(f"removed {label} of {account}")


publish_: Final = click.Group(
    "publish", commands=[add, list_, remove], help="Make, list and take back links to calendars."
)


async def _place(tx: ReadTx, account: Principal, name: str | None) -> Collection:
    """The calendar of that name, or the home."""
    if name is not None:
        return await named.calendar(tx, account, name)
    home = await collections.by_name(tx, account.id, "")
    if home is None:
        raise LookupError(f"principal {account.id} has no calendar home")
    return home


def _row(account: str, one: Published) -> dict[str, object]:
    return {
        "user": account,
        "label": one.link.label,
        "calendar": one.collection.name or None,
        "mode": _NAMES[Mode(one.link.mode)],
        "created": run.instant(one.link.created_at),
        "last_used": run.instant(one.link.used_at),
    }
