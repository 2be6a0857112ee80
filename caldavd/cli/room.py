"""`caldavd room`: add, set, list, remove."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import click

from caldavd import clock, parts
from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.model import Principal, PrincipalKind
from caldavd.service import accounts, rooms
from caldavd.service.rooms import Changes, Shown
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.rooms import AUTOMATIC, MANUAL

COLUMNS: Final = (
    *("name", "kind", "capacity", "location", "features", "policy", "bookers"),
    *("ahead", "longest", "conflicts"),
)
_SECONDS: Final = {"m": 60, "h": 3_600, "d": 86_400}
_DURATION: Final = re.compile(r"(\d{1,6})([mhd])", re.ASCII)


def _longest(context: click.Context, parameter: click.Parameter, text: str | None) -> int | None:
    """Seconds of a time like 90m, 8h or 2d; 0 of `any`."""
    if text is None or text.strip().lower() == "any":
        return None if text is None else 0
    found = _DURATION.fullmatch(text.strip())
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not 0 < seconds <= rooms.MAX_LONGEST_S:
        raise click.BadParameter("a time is like 90m, 8h or 2d, of at most 366 days, or `any`")
    return seconds


def _ahead(context: click.Context, parameter: click.Parameter, text: str | None) -> int | None:
    """A number of days; 0 of `any`."""
    if text is None or text.strip().lower() == "any":
        return None if text is None else 0
    digits = text.strip().removesuffix("d")
    if not re.fullmatch(r"[1-9]\d{0,3}", digits, re.ASCII) or int(digits) > rooms.MAX_AHEAD_DAYS:
        raise click.BadParameter(f"write a number of days up to {rooms.MAX_AHEAD_DAYS}, or `any`")
    return int(digits)


_OPTIONS: Final = (
    click.option(
        "--capacity",
        type=click.IntRange(0, rooms.MAX_CAPACITY),
        help="For how many people; 0 if nobody knows.",
    ),
    click.option("--location", metavar="TEXT", help="Where it is."),
    click.option(
        "--feature",
        "features",
        metavar="TEXT",
        multiple=True,
        help="What is in it; repeatable. They take the place of those before, and '' of all.",
    ),
    click.option(
        "--policy",
        type=click.Choice((AUTOMATIC, MANUAL)),
        help="Whether it answers by itself (unless said otherwise), or whoever manages it.",
    ),
    click.option(
        "--bookers", metavar="WHO", help="The user or group that can book it, or `everyone`."
    ),
    click.option(
        "--ahead",
        "ahead_days",
        metavar="DAYS",
        callback=_ahead,
        help="How long before it begins it can be booked, such as 90, or `any`.",
    ),
    click.option(
        "--longest",
        "longest_s",
        metavar="TIME",
        callback=_longest,
        help="For how long it can be booked, such as 90m, 8h or 2d, or `any`.",
    ),
    click.option(
        "--conflicts",
        "conflicts_percent",
        metavar="PERCENT",
        type=click.IntRange(0, 99),
        help="Of a series, how much may be taken already: those times are declined, the rest not.",
    ),
)


def _described(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command with the options that say what a room is and does."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice((PrincipalKind.ROOM.value, PrincipalKind.RESOURCE.value)),
    default=PrincipalKind.ROOM.value,
    help="A room (unless said otherwise), or a resource such as a car.",
)
@click.option("--email", "addresses", metavar="ADDRESS", multiple=True, help="Repeatable.")
@click.option("--display-name", metavar="TEXT", default="", help="What people call it.")
@_described
@click.pass_obj
def add(
    invocation: Invocation,
    /,
    name: str,
    kind: str,
    addresses: tuple[str, ...],
    display_name: str,
    **said: Any,
) -> None:
    """Make a room or a resource, which answers invitations by itself.

    \b
    caldavd room add lab --capacity 12 --location "Building 2" --feature projector
    caldavd room add van --kind resource --bookers staff --longest 2d
    """
    config = run.settings(invocation)
    new = accounts.NewAccount(name, display_name, addresses, PrincipalKind(kind))
    defaults = parts.defaults(config)
    accounts.require_sound(new, defaults)

    async def work(tx: WriteTx) -> Principal:
        return await rooms.add(tx, new, _changes(said), defaults, clock.now())

    made = run.write(config, work, make=True)
    click.echo(f"made the {kind} {made.name} ({', '.join(made.addresses)})")


@click.command("set")
@click.argument("name")
@_described
@click.pass_obj
def set_(invocation: Invocation, /, name: str, **said: Any) -> None:
    """Change what is said of a room or resource; what is not named stays.

    \b
    caldavd room set lab --bookers staff --ahead 90 --longest 8h --conflicts 20
    caldavd room set lab --policy manual && caldavd delegate add lab ada --write

    Bookings that were accepted before stay.
    """
    changes = _changes(said)
    if changes == Changes():
        raise click.UsageError("say what is to be changed: --help lists it")

    async def work(tx: WriteTx) -> Principal:
        room = await rooms.named_room(tx, name)
        await rooms.change(tx, room, changes)
        return room

    room = run.write(run.settings(invocation), work)
    click.echo(f"changed {room.name}")


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def list_(invocation: Invocation, as_json: bool) -> None:
    """List all rooms and resources, and how they answer."""
    found = run.read(run.settings(invocation), rooms.all_)
    run.show(COLUMNS, [_row(one, as_json) for one in found], as_json)


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(invocation: Invocation, name: str, yes: bool) -> None:
    """Remove a room or resource with all its bookings, for good. Nobody is told."""
    config = run.settings(invocation)

    async def find(tx: ReadTx) -> Principal:
        return await rooms.named_room(tx, name)

    room = run.read(config, find)
    if not yes:
        run.confirm(f"Remove {room.name} and all its bookings? Nothing brings them back.")
    run.write(config, lambda tx: accounts.remove(tx, room, clock.now()))
    click.echo(f"removed {room.name}")


def _changes(said: dict[str, Any]) -> Changes:
    """What the options say; no --feature at all leaves the features as they are."""
    return Changes(**{**said, "features": said["features"] or None})


def _row(of: Shown, as_json: bool) -> dict[str, object]:
    room = of.room
    features = room.features.split("\n") if room.features else []
    row: dict[str, object] = {
        "name": of.principal.name,
        "kind": of.principal.kind,
        "capacity": room.capacity or None,
        "location": room.location or None,
        "features": features,
        "policy": room.policy,
        "bookers": of.bookers,
    }
    if as_json:
        return row | {
            "display_name": of.principal.display_name,
            "addresses": of.principal.addresses,
            "ahead_days": room.ahead_days or None,
            "longest_s": room.longest_s or None,
            "conflicts_percent": room.conflicts_percent,
        }
    return row | {
        "features": ", ".join(features) or None,
        "ahead": f"{room.ahead_days}d" if room.ahead_days else "any",
        "longest": _length(room.longest_s) if room.longest_s else "any",
        "conflicts": f"{room.conflicts_percent}%",
    }


def _length(seconds: int) -> str:
    """What `--longest` reads, in the largest unit that fits."""
    unit = next(one for one in ("d", "h", "m") if seconds % _SECONDS[one] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


room: Final = click.Group(
    "room",
    commands=[add, set_, list_, remove],
    help="Make, describe, list and remove rooms and resources, which answer by themselves.",
)
