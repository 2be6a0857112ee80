"""`caldavd group`: add, list, remove, and their members."""

from __future__ import annotations

from typing import Final

import click

from caldavd import clock
from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.model import Principal
from caldavd.service import accounts, groups, named
from caldavd.store.engine import ReadTx, WriteTx

COLUMNS: Final = ("name", "display_name", "members")


@click.command()
@click.argument("name")
@click.option("--display-name", metavar="TEXT", default="", help="What people call it.")
@click.pass_obj
def add(invocation: Invocation, name: str, display_name: str) -> None:
    """Make a group.

    \b
    caldavd group add staff --display-name "All staff"
    caldavd group member add staff ada
    """
    config = run.settings(invocation)
    made = run.write(config, lambda tx: groups.create(tx, name, display_name, clock.now()))
    click.echo(f"made the group {made.name}")


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def list_(invocation: Invocation, as_json: bool) -> None:
    """List all groups with their members."""
    found = run.read(run.settings(invocation), groups.all_)
    run.show(COLUMNS, [_row(group, members) for group, members in found], as_json)


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(invocation: Invocation, name: str, yes: bool) -> None:
    """Remove a group, and all that it was granted; its members stay."""
    config = run.settings(invocation)
    group = run.read(config, lambda tx: named.group(tx, name))
    if not yes:
        run.confirm(f"Remove the group {group.name}, and what its members see by it?")
    run.write(config, lambda tx: accounts.remove(tx, group, clock.now()))
    click.echo(f"removed {group.name}")


@click.command("add")
@click.argument("group")
@click.argument("name")
@click.pass_obj
def add_member(invocation: Invocation, group: str, name: str) -> None:
    """Put a user, or another group, into a group."""
    config = run.settings(invocation)

    async def work(tx: WriteTx) -> tuple[Principal, Principal]:
        into, member = await _both(tx, group, name)
        accept = config.sharing.auto_accept_groups
        await groups.require_no_circle(tx, into, member)
        await groups.add(tx, into, member, clock.now(), accept=accept)
        return into, member

    into, member = run.write(config, work)
    click.echo(f"{member.name} is in {into.name}")


@click.command("remove")
@click.argument("group")
@click.argument("name")
@click.pass_obj
def remove_member(invocation: Invocation, group: str, name: str) -> None:
    """Take a member out of a group."""

    async def work(tx: WriteTx) -> tuple[Principal, Principal]:
        from_, member = await _both(tx, group, name)
        await groups.remove(tx, from_, member, clock.now())
        return from_, member

    from_, member = run.write(run.settings(invocation), work)
    click.echo(f"{member.name} is not in {from_.name} any more")


async def _both(tx: ReadTx, group: str, name: str) -> tuple[Principal, Principal]:
    return await named.group(tx, group), await named.principal(tx, name)


def _row(group: Principal, members: list[str]) -> dict[str, object]:
    return {
        "name": group.name,
        "display_name": group.display_name,
        "members": members,
        "created": run.instant(group.created_at),
        "uuid": group.uuid,
    }


member: Final = click.Group(
    "member", commands=[add_member, remove_member], help="Add and remove members."
)
group: Final = click.Group(
    "group",
    commands=[add, list_, remove, member],
    help="Make, list and remove groups, and say who is in them.",
)
