"""Fills calendars of a running server through the store, beside the server."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from caldavd import clock
from caldavd.ical.parse import Document, parse
from caldavd.service import accounts, calendars, named
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.service.put import Place, put
from caldavd.store import principals
from caldavd.store.connect import connect
from caldavd.store.engine import WriteTx
from tests.benchmarks.items import Item

BATCH: Final = 250


async def fill(location: Path | str, login: str, calendar: str, items: Sequence[Item]) -> None:
    """Puts all objects into a calendar, as the server would, many in a transaction."""
    db = await connect(location, pool_size=2)
    try:
        for start in range(0, len(items), BATCH):
            batch = items[start : start + BATCH]
            parsed = [(item.name, parse(item.text().encode())) for item in batch]
            await db.write(partial(_put, login, calendar, parsed))
    finally:
        await db.close()


async def fill_users(location: Path | str, users: int, items: Sequence[Item]) -> list[int]:
    """The ids of that many users who all have these objects; they are made if there are none."""
    parsed = [(item.name, parse(item.text().encode())) for item in items]
    db = await connect(location, pool_size=1)
    try:
        return [await db.write(partial(_user, f"user{number}", parsed)) for number in range(users)]
    finally:
        await db.close()


async def _user(login: str, parsed: Sequence[tuple[str, Document]], tx: WriteTx) -> int:
    if (found := await principals.by_name(tx, login)) is not None:
        return found.id
    made = await accounts.create(tx, NewAccount(login), None, Defaults(), clock.now())
    await _put(login, "calendar", parsed, tx)
    return made.id


async def _put(
    login: str, calendar: str, parsed: Sequence[tuple[str, Document]], tx: WriteTx
) -> None:
    account = await named.account(tx, login)
    found = await named.calendar(tx, account, calendar)
    _, locked = await calendars.lock_with_home(tx, account.id, found.id)
    if locked is None:
        raise LookupError(f"the calendar {calendar} was deleted")
    for name, document in parsed:
        await put(tx, Place(locked, name, None), document, clock.now(), 0)
