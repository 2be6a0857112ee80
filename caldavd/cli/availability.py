"""`caldavd availability`: set, show, remove."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time
from typing import Final

import click

from caldavd import clock
from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.ical import hours
from caldavd.ical.hours import Hours, Span
from caldavd.ical.tznames import key_of
from caldavd.model import Principal
from caldavd.service import availability as service
from caldavd.service import named
from caldavd.store.engine import ReadTx, WriteTx

COLUMNS: Final = ("days", "from", "to", "zone")


@click.command("set")
@click.argument("user")
@click.option("--days", default="mon-fri", show_default=True, help="Such as mon-thu,sat.")
@click.option(
    "--from", "starts", multiple=True, metavar="TIME", help="Such as 09:00; repeatable, with --to."
)
@click.option("--to", "ends", multiple=True, metavar="TIME", help="Such as 17:00; repeatable.")
@click.option("--zone", required=True, help="Where these hours are, such as Europe/Berlin.")
@click.pass_obj
def set_(
    invocation: Invocation,
    user: str,
    days: str,
    starts: tuple[str, ...],
    ends: tuple[str, ...],
    zone: str,
) -> None:
    """Say when USER, or a room, can be had; whoever invites is told that all other time is taken.

    \b
    caldavd availability set ada --from 09:00 --to 17:00 --zone Europe/Berlin
    caldavd availability set ada --days mon-thu --zone Europe/Berlin \\
        --from 09:00 --to 12:00 --from 13:00 --to 17:00

    Takes the place of what was set before, here or in Apple Calendar's settings.
    """
    if not starts or len(starts) != len(ends):
        raise click.UsageError("give as many --from as --to, one of each at least")
    key = key_of(zone)
    if key is None:
        raise click.UsageError(f"there is no time zone {zone}: write it like Europe/Berlin")
    spans = [Span(_time(one), _time(other)) for one, other in zip(starts, ends, strict=True)]
    now = clock.now()
    at = datetime.fromtimestamp(now, UTC)
    today: date = at.date()
    text = hours.weekly(_days(days), spans, key, today, (str(uuid.uuid4()), at))

    async def work(tx: WriteTx) -> Principal:
        owner = await named.account(tx, user)
        await service.set_(tx, owner.id, text, now)
        return owner

    owner = run.write(run.settings(invocation), work)
    click.echo(f"{owner.name} can be had: {_told(hours.told(text))}")


@click.command()
@click.argument("user")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.option("--ics", is_flag=True, help="As it is stored: a VAVAILABILITY.")
@click.pass_obj
def show(invocation: Invocation, user: str, as_json: bool, ics: bool) -> None:
    """Show when USER can be had; nothing is shown where nothing was said."""

    async def work(tx: ReadTx) -> str | None:
        return await service.of(tx, (await named.account(tx, user)).id)

    text = run.read(run.settings(invocation), work)
    if ics:
        click.echo(text or "", nl=False)
        return
    rows = [
        {"days": one.days, "from": one.starts, "to": one.ends, "zone": one.zone}
        for one in (hours.told(text) if text else [])
    ]
    run.show(COLUMNS, rows, as_json)


@click.command()
@click.argument("user")
@click.pass_obj
def remove(invocation: Invocation, user: str) -> None:
    """Say nothing of when USER can be had: what is in the calendars alone keeps USER busy."""

    async def work(tx: WriteTx) -> Principal:
        owner = await named.account(tx, user)
        await service.set_(tx, owner.id, None, clock.now())
        return owner

    owner = run.write(run.settings(invocation), work)
    click.echo(f"nothing is said of when {owner.name} can be had")


def _told(found: list[Hours]) -> str:
    return "; ".join(f"{one.days} {one.starts}-{one.ends} {one.zone}" for one in found)


def _days(text: str) -> tuple[int, ...]:
    try:
        return hours.parse_days(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _time(text: str) -> time:
    try:
        return time() if text == "24:00" else datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007
    except ValueError:
        raise click.UsageError(f"{text!r} is no time of day: write it like 09:00") from None


availability: Final = click.Group(
    "availability",
    commands=[set_, show, remove],
    help="Say in which hours somebody can be invited (RFC 7953).",
)
