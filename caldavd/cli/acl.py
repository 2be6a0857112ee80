"""`caldavd acl`: show, set, remove."""

from __future__ import annotations

from typing import Final

import click

from caldavd import clock
from caldavd.acl.privileges import NAMES, Privilege, from_bits, largest
from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.errors import Failed
from caldavd.model import Grantee
from caldavd.names import split
from caldavd.service import named, set_acl
from caldavd.service.set_acl import Entry
from caldavd.store.engine import ReadTx, WriteTx

COLUMNS: Final = ("who", "privileges", "on")
EVERYBODY: Final = {"all": Grantee.ALL, "authenticated": Grantee.AUTHENTICATED}
PRIVILEGES: Final = {split(name)[1]: leaves for name, leaves in NAMES.items()}
"""By their names in the RFCs, without namespaces."""

_calendar: Final = click.option(
    "--calendar", metavar="NAME", default="", help="One calendar; without it, all of OWNER's."
)


@click.command()
@click.argument("owner")
@_calendar
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def show(invocation: Invocation, owner: str, calendar: str, as_json: bool) -> None:
    """Show who may do what with OWNER's calendars.

    Delegates and shares are listed by `caldavd delegate list` and `caldavd share list`.
    """

    async def work(tx: ReadTx) -> list[Entry]:
        return await set_acl.shown(tx, await named.account(tx, owner), calendar)

    found = run.read(run.settings(invocation), work)
    rows = [
        {
            "who": one.who,
            "privileges": [split(name)[1] for name in largest(from_bits(one.ace.privileges))],
            "on": one.calendar or "all calendars",
        }
        for one in found
    ]
    run.show(COLUMNS, rows, as_json)


@click.command("set")
@click.argument("owner")
@click.argument("who")
@click.argument("privileges", nargs=-1, required=True, type=click.Choice(list(PRIVILEGES)))
@_calendar
@click.pass_obj
def set_(
    invocation: Invocation, owner: str, who: str, privileges: tuple[str, ...], calendar: str
) -> None:
    """Grant WHO, a user, a group, or "authenticated" for everybody, exactly these privileges.

    \b
    caldavd acl set ada bob read --calendar work
    caldavd acl set ada staff read-free-busy
    """
    granted = Privilege.NONE
    for name in privileges:
        granted |= PRIVILEGES[name]
    _change(invocation, owner, who, calendar, granted)
    click.echo(f"{who} has {', '.join(privileges)} on {calendar or 'all calendars'} of {owner}")


@click.command()
@click.argument("owner")
@click.argument("who")
@_calendar
@click.pass_obj
def remove(invocation: Invocation, owner: str, who: str, calendar: str) -> None:
    """Take away from WHO all that was granted there."""
    _change(invocation, owner, who, calendar, Privilege.NONE)
    click.echo(f"{who} has nothing granted on {calendar or 'all calendars'} of {owner}")


def _change(
    invocation: Invocation, owner: str, who: str, calendar: str, granted: Privilege
) -> None:
    async def work(tx: WriteTx) -> None:
        of = await named.account(tx, owner)
        grantee, id_ = EVERYBODY.get(who, Grantee.PRINCIPAL), 0
        if grantee is Grantee.PRINCIPAL:
            id_ = (await named.principal(tx, who)).id
        if id_ == of.id:
            raise Failed(409, f"{of.name} needs nobody's leave for what is {of.name}'s own")
        await set_acl.grant(tx, of, calendar, (grantee, id_), granted, clock.now())

    run.write(run.settings(invocation), work)


acl: Final = click.Group(
    "acl", commands=[show, set_, remove], help="Say who may do what with a user's calendars."
)
