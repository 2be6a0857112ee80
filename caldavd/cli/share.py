"""`caldavd share`: add, list, remove, accept, decline."""

from __future__ import annotations

from typing import Final

import click

from caldavd import clock
from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.model import Answer, Collection, Level, Principal, PrincipalKind
from caldavd.service import mounts, named, notify, sharing
from caldavd.service.sharing import Wanted
from caldavd.store import collections, invitations, principals, shares
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.invitations import Invitation
from caldavd.store.shares import EVERYONE, Sharee

EVERYBODY: Final = "everyone"
"""In place of a user's or a group's name."""
LEVELS: Final = {
    "free-busy": Level.FREE_BUSY,
    "busy": Level.BUSY,
    "read": Level.READ,
    "read-write": Level.WRITE,
    "manage": Level.MANAGE,
}
COLUMNS: Final = ("owner", "calendar", "sharee", "level", "answer")
_NAMES: Final = {level: name for name, level in LEVELS.items()}
_ANSWERS: Final = {
    Answer.NONE: "not answered",
    Answer.ACCEPTED: "accepted",
    Answer.DECLINED: "declined",
}


@click.command()
@click.argument("owner")
@click.argument("calendar")
@click.argument("sharee")
@click.option(
    "--level",
    type=click.Choice(tuple(LEVELS)),
    default="read",
    help="free-busy: when the owner is busy, and no more; busy: its events without words; "
    "read (the default); read-write; manage: to share it with others too.",
)
@click.option("--accept", is_flag=True, help="Put it into their homes at once, without asking.")
@click.pass_obj
def add(
    invocation: Invocation, owner: str, calendar: str, sharee: str, level: str, accept: bool
) -> None:
    """Share OWNER's CALENDAR with SHAREE: a user, a group, or everyone.

    \b
    caldavd share add ada work bob --level read-write
    caldavd share add ada holidays everyone --accept

    Who it is shared with already gets the new level.
    """
    config = run.settings(invocation)

    async def work(tx: WriteTx) -> str:
        locked, to = await _both(tx, owner, calendar, sharee)
        group = to is None or to.is_group
        at_once = accept or (group and config.sharing.auto_accept_groups)
        await sharing.add(tx, locked, Wanted(to, LEVELS[level], accept=at_once), clock.now())
        return locked.name

    name = run.write(config, work)
    click.echo(f"{name} of {owner} is shared with {sharee}: {level}")


@click.command("list")
@click.argument("user")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def list_(invocation: Invocation, user: str, as_json: bool) -> None:
    """List what USER shares with others, and what others share with USER."""

    async def work(tx: ReadTx) -> list[dict[str, object]]:
        account = await named.account(tx, user)
        mine = await collections.calendars(tx, account.id)
        given = await shares.sharees(tx, [one.id for one in mine])
        rows = [
            _row(account.name, of.name, one, await _answer(tx, one))
            for of in mine
            for one in given.get(of.id, ())
        ]
        return rows + await _received(tx, account)

    run.show(COLUMNS, run.read(run.settings(invocation), work), as_json)


@click.command()
@click.argument("owner")
@click.argument("calendar")
@click.argument("sharee")
@click.pass_obj
def remove(invocation: Invocation, owner: str, calendar: str, sharee: str) -> None:
    """Share OWNER's CALENDAR with SHAREE no more; it leaves their homes."""

    async def work(tx: WriteTx) -> str:
        locked, to = await _both(tx, owner, calendar, sharee)
        sharee_id = EVERYONE if to is None else to.id
        if not await sharing.remove(tx, locked, sharee_id, clock.now()):
            raise click.ClickException(f"{locked.name} of {owner} is not shared with {sharee}")
        return locked.name

    name = run.write(run.settings(invocation), work)
    click.echo(f"{name} of {owner} is not shared with {sharee} any more")


@click.command()
@click.argument("user")
@click.argument("owner")
@click.argument("calendar")
@click.pass_obj
def accept(invocation: Invocation, user: str, owner: str, calendar: str) -> None:
    """Accept for USER that OWNER shares CALENDAR."""
    found = _answered(invocation, (user, owner, calendar), Answer.ACCEPTED)
    click.echo(f"{calendar} of {owner} is {found.name} in the home of {user}")


@click.command()
@click.argument("user")
@click.argument("owner")
@click.argument("calendar")
@click.pass_obj
def decline(invocation: Invocation, user: str, owner: str, calendar: str) -> None:
    """Decline for USER that OWNER shares CALENDAR; it leaves the home if it was there."""
    _answered(invocation, (user, owner, calendar), Answer.DECLINED)
    click.echo(f"{calendar} of {owner} is not in the home of {user}")


def _answered(invocation: Invocation, names: tuple[str, str, str], said: Answer) -> Invitation:
    user, owner, calendar = names

    async def work(tx: WriteTx) -> Invitation:
        account = await named.account(tx, user)
        found = await named.calendar(tx, await named.account(tx, owner), calendar)
        invited = await invitations.get(tx, account.id, found.id)
        if invited is None:
            raise click.ClickException(
                f"{account.name} is not invited to {calendar} of {owner}: "
                f"`caldavd share list {account.name}` shows what there is to answer"
            )
        now = clock.now()
        answered = await mounts.answer(tx, account, invited.uid, said, "", now)
        await notify.settle(tx, account.id, invited.uid, now)
        return answered

    return run.write(run.settings(invocation), work)


async def _both(
    tx: WriteTx, owner: str, calendar: str, sharee: str
) -> tuple[Collection, Principal | None]:
    """The locked calendar, and whom it is about; None is everyone."""
    found = await named.calendar(tx, await named.account(tx, owner), calendar)
    to = None if sharee == EVERYBODY else await named.principal(tx, sharee)
    (locked,) = await collections.lock(tx, found.id)
    return locked, to


async def _received(tx: ReadTx, account: Principal) -> list[dict[str, object]]:
    found = await invitations.of_user(tx, account.id)
    calendars = await collections.by_ids(tx, [one.collection_id for one in found])
    owners = await principals.names(tx, {one.owner_id for one in calendars.values()})
    rows: list[dict[str, object]] = []
    for one in found:
        of = calendars[one.collection_id]
        level = await shares.level_of(tx, account.id, of.id)
        if level is not None and of.trashed_at is None:
            rows.append(
                {
                    "owner": owners[of.owner_id],
                    "calendar": of.name,
                    "sharee": account.name,
                    "level": _NAMES[level],
                    "answer": _ANSWERS[Answer(one.answer)],
                    "mounted_as": one.name,
                }
            )
    return rows


async def _answer(tx: ReadTx, one: Sharee) -> str | None:
    """What a sharee said; of a group and everyone, how many accepted. Free-busy asks nobody."""
    if one.level is Level.FREE_BUSY:
        return None
    if one.kind not in ("", PrincipalKind.GROUP.value):
        return _ANSWERS[one.answer]
    accepted, invited = await invitations.answers(tx, one.collection_id, one.sharee_id)
    return f"{accepted} of {invited} accepted"


def _row(owner: str, calendar: str, one: Sharee, answer: str | None) -> dict[str, object]:
    return {
        "owner": owner,
        "calendar": calendar,
        "sharee": one.name or EVERYBODY,
        "level": _NAMES[one.level],
        "answer": answer,
        "mounted_as": None,
    }


share: Final = click.Group(
    "share",
    commands=[add, list_, remove, accept, decline],
    help="Share calendars with users and groups, and answer invitations.",
)
