"""`caldavd app-password`: add, list, revoke."""

from __future__ import annotations

from typing import Final

import click

from caldavd import clock
from caldavd.auth import passwords
from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.errors import Failed
from caldavd.service import named
from caldavd.store import ids, principals
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.principals import AppPassword

COLUMNS: Final = ("user", "label", "created", "last_used")


@click.command()
@click.argument("owner", metavar="USER")
@click.argument("label")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def add(invocation: Invocation, owner: str, label: str, as_json: bool) -> None:
    """Make a password for one device and print it, this once.

    \b
    caldavd app-password add ada "Ada's phone"
    """
    password = passwords.draw()
    hashed = passwords.hash_drawn(password)

    async def work(tx: WriteTx) -> str:
        account = await named.account(tx, owner)
        if any(one.label == label for one in await principals.app_passwords(tx, account.id)):
            raise Failed(
                409, f"{account.name} has an app password {label} already: revoke it first"
            )
        new = AppPassword(ids.new(), label, hashed, clock.now(), None)
        await principals.add_app_password(tx, account.id, new)
        return account.name

    account = run.write(run.settings(invocation), work)
    if as_json:
        run.show_json({"user": account, "label": label, "password": password})
    else:
        click.echo(password)
        click.echo(f"for {label} of {account}; it is not shown again", err=True)


@click.command("list")
@click.argument("owner", metavar="USER")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def list_(invocation: Invocation, owner: str, as_json: bool) -> None:
    """List the devices that have a password, and when each used it last."""

    async def work(tx: ReadTx) -> list[dict[str, object]]:
        account = await named.account(tx, owner)
        return [_row(account.name, one) for one in await principals.app_passwords(tx, account.id)]

    run.show(COLUMNS, run.read(run.settings(invocation), work), as_json)


@click.command()
@click.argument("owner", metavar="USER")
@click.argument("label")
@click.pass_obj
def revoke(invocation: Invocation, owner: str, label: str) -> None:
    """Take a device's password away; it is refused at once."""

    async def work(tx: WriteTx) -> str:
        account = await named.account(tx, owner)
        if not await principals.revoke_app_password(tx, account.id, label):
            raise Failed(404, f"{account.name} has no app password {label}")
        return account.name

    account = run.write(run.settings(invocation), work)
    click.echo(f"revoked {label} of {account}")


app_password: Final = click.Group(
    "app-password", commands=[add, list_, revoke], help="Make, list and revoke device passwords."
)


def _row(account: str, one: AppPassword) -> dict[str, object]:
    return {
        "user": account,
        "label": one.label,
        "created": run.instant(one.created_at),
        "last_used": run.instant(one.used_at),
    }
