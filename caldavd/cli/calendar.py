"""`caldavd calendar`: add, list, remove, restore."""

from __future__ import annotations

from collections import Counter
from typing import Final

import click

from caldavd import clock, parts
from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.service import named
from caldavd.service.calendars import COMPONENTS
from caldavd.service.invite_again import Became, invite_again
from caldavd.service.named import Named, New
from caldavd.store import principals
from caldavd.store.engine import ReadTx, WriteTx

COLUMNS: Final = ("user", "name", "display_name", "color", "components", "objects")


@click.command()
@click.argument("owner", metavar="USER")
@click.argument("name")
@click.option("--display-name", metavar="TEXT", help="What clients show; NAME if not given.")
@click.option("--color", metavar="#RRGGBB", help="What clients draw it in.")
@click.option(
    "--component",
    "components",
    multiple=True,
    type=click.Choice(COMPONENTS, case_sensitive=False),
    help="What it takes, repeatable; events, tasks and journal entries if not given.",
)
@click.pass_obj
def add(
    invocation: Invocation,
    owner: str,
    name: str,
    display_name: str | None,
    color: str | None,
    components: tuple[str, ...],
) -> None:
    """Make a calendar.

    NAME becomes the last part of its URL; what does not fit there becomes hyphens.

    \b
    caldavd calendar add ada work
    caldavd calendar add ada "Family & friends" --color "#3B82F6"
    caldavd calendar add ada shopping --component VTODO
    """
    new = New(name, display_name, _color(color), components or COMPONENTS)
    config = run.settings(invocation)

    async def work(tx: WriteTx) -> tuple[str, str]:
        account = await named.account(tx, owner)
        return account.name, (await named.add(tx, account, new, clock.now())).name

    account, made = run.write(config, work)
    click.echo(f"made {run.base_url(config)}/dav/calendars/{account}/{made}/")


@click.command("list")
@click.argument("owner", metavar="[USER]", required=False)
@click.option("--trash", is_flag=True, help="Those that were deleted and can be restored.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def list_(invocation: Invocation, owner: str | None, trash: bool, as_json: bool) -> None:
    """List the calendars of a user, or of all.

    \b
    caldavd calendar list ada
    caldavd calendar list --trash --json
    """

    async def work(tx: ReadTx) -> list[dict[str, object]]:
        if owner is not None:
            accounts = [await named.account(tx, owner)]
        else:
            everyone = await principals.everyone(tx)
            accounts = [account for account, _ in everyone if not account.is_group]
        return [
            _row(account.name, one)
            for account in accounts
            for one in await named.all_(tx, account, trash=trash)
        ]

    rows = run.read(run.settings(invocation), work)
    columns = (*COLUMNS, "deleted") if trash else COLUMNS
    run.show(columns, rows, as_json)


@click.command()
@click.argument("owner", metavar="USER")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(invocation: Invocation, owner: str, name: str, yes: bool) -> None:
    """Delete a calendar; `calendar restore` brings it back.

    Its meetings are cancelled, or declined.

    NAME is the last part of its URL, or what clients show.
    """
    config = run.settings(invocation)
    if not yes:
        run.confirm(f"Delete the calendar {name} of {owner}?")

    async def work(tx: WriteTx) -> str:
        account = await named.account(tx, owner)
        sender = parts.sender(config)
        return (await named.remove(tx, account, name, clock.now(), sender)).name

    removed = run.write(config, work)
    days = config.calendars.trash_days
    click.echo(f"deleted {removed}; for {days} days `caldavd calendar restore` brings it back")


@click.command()
@click.argument("owner", metavar="USER")
@click.argument("name")
@click.pass_obj
def restore(invocation: Invocation, owner: str, name: str) -> None:
    """Bring a deleted calendar back; `calendar list --trash` shows what there is.

    Where its name was given away meanwhile it gets a number. Who was invited to its meetings is
    invited again; what the user had answered is answered again.
    """
    config = run.settings(invocation)

    async def work(tx: WriteTx) -> tuple[str, Counter[Became]]:
        account = await named.account(tx, owner)
        back = await named.restore(tx, account, name, clock.now())
        sender = parts.sender(config)
        if sender is None:
            return back.name, Counter()
        return back.name, await invite_again(tx, sender, account, back, clock.now())

    restored, counts = run.write(config, work)
    told = [
        said.format(run.count(counts[became], "meeting"))
        for became, said in _TOLD.items()
        if counts[became]
    ]
    click.echo("; ".join([f"restored {restored}", *told]))


_TOLD: Final = {
    Became.INVITED: "invited again to {}",
    Became.ANSWERED: "answered {} of others again",
    Became.CALLED_OFF: "{} of others cancelled meanwhile",
    Became.COPY: "{} that another calendar has already, of which nobody is told",
}

calendar: Final = click.Group(
    "calendar",
    commands=[add, list_, remove, restore],
    help="Make, list, delete, restore calendars.",
)


def _row(account: str, one: Named) -> dict[str, object]:
    return {
        "user": account,
        "name": one.calendar.name,
        "display_name": one.label.display_name,
        "color": one.label.color,
        "components": one.calendar.components,
        "objects": one.objects,
        "created": run.instant(one.calendar.created_at),
        "deleted": run.instant(one.calendar.trashed_at),
    }


def _color(text: str | None) -> str | None:
    if text is None:
        return None
    found = run.color(text)
    if found is None:
        raise click.BadParameter("a colour is #RRGGBB or #RRGGBBAA", param_hint="--color")
    return found
