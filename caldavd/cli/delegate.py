"""`caldavd delegate`: add, list, remove."""

from __future__ import annotations

from typing import Final

import click

from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.model import Principal, Proxy
from caldavd.service import delegates, named
from caldavd.store import members
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.members import Delegate

COLUMNS: Final = ("owner", "delegate", "may")
_MAY: Final = {Proxy.READ: "read", Proxy.WRITE: "read and write"}


@click.command()
@click.argument("owner")
@click.argument("delegate")
@click.option("--write", is_flag=True, help="To change the calendars too, not only to read them.")
@click.pass_obj
def add(invocation: Invocation, owner: str, delegate: str, write: bool) -> None:
    """Let DELEGATE, a user or a group, act for OWNER with all of OWNER's calendars.

    \b
    caldavd delegate add ada bob --write

    Apple Calendar shows these as delegates of an account, and sets them itself.
    """
    level = Proxy.WRITE if write else Proxy.READ

    async def work(tx: WriteTx) -> tuple[Principal, Principal]:
        of, to = await _both(tx, owner, delegate)
        await delegates.add(tx, of, level, to)
        return of, to

    of, to = run.write(run.settings(invocation), work)
    click.echo(f"{to.name} may {_MAY[level]} the calendars of {of.name}")


@click.command("list")
@click.argument("owner")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def list_(invocation: Invocation, owner: str, as_json: bool) -> None:
    """List who may act for OWNER."""

    async def work(tx: ReadTx) -> list[Delegate]:
        return await members.delegates(tx, [(await named.account(tx, owner)).id])

    found = run.read(run.settings(invocation), work)
    rows = [{"owner": one.owner, "delegate": one.name, "may": _MAY[one.level]} for one in found]
    run.show(COLUMNS, rows, as_json)


@click.command()
@click.argument("owner")
@click.argument("delegate")
@click.pass_obj
def remove(invocation: Invocation, owner: str, delegate: str) -> None:
    """Let DELEGATE act for OWNER no more."""

    async def work(tx: WriteTx) -> tuple[Principal, Principal]:
        of, to = await _both(tx, owner, delegate)
        await delegates.remove(tx, of, to)
        return of, to

    of, to = run.write(run.settings(invocation), work)
    click.echo(f"{to.name} is no delegate of {of.name} any more")


async def _both(tx: ReadTx, owner: str, delegate: str) -> tuple[Principal, Principal]:
    return await named.account(tx, owner), await named.principal(tx, delegate)


delegate: Final = click.Group(
    "delegate",
    commands=[add, list_, remove],
    help="Say who may act for a user, with all of that user's calendars.",
)
