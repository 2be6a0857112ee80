"""What it costs the owner of a calendar that many others have it in their homes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from caldavd import clock
from caldavd.model import Level
from caldavd.service import named, sharing
from caldavd.service.named import New
from caldavd.service.sharing import Wanted
from caldavd.store import collections, invitations, principals
from caldavd.store.connect import connect
from caldavd.store.engine import WriteTx
from tests.benchmarks import items, processes, puts, servers
from tests.benchmarks.client import Wrong
from tests.benchmarks.figures import Row
from tests.benchmarks.fill import fill, fill_users
from tests.benchmarks.measure import Place
from tests.benchmarks.subject import Subject

SHAREES: Final = 100
OBJECTS: Final = 200
SLICES: Final = 4


async def put(calendar: str, sharees: int, place: Place, seconds: float, row: Row) -> None:
    """PUT of changed objects by the owner of a calendar that so many others have mounted."""
    made = items.make(OBJECTS)
    await _prepare(place.server.location, calendar, sharees)
    await fill(place.server.location, servers.USER, calendar, made)
    path = servers.CALENDAR.replace("/calendar/", f"/{calendar}/")
    subject = Subject(place.subject.asker, path, made)
    source = await puts.changed_singles(subject)
    pid = place.server.process.pid
    for slice_number in range(SLICES + 1):
        used = processes.cpu_s(pid), place.database_cpu_s()
        client = place.subject.asker.client
        slice_ = await client.load(source, puts.CONNECTIONS, seconds / SLICES)
        spent = processes.cpu_s(pid) - used[0], place.database_cpu_s() - used[1]
        slice_.verify()
        await source.settle()
        if slice_number == 0:
            continue  # warms up
        row.ours.requests += slice_.requests
        row.ours.elapsed_s += slice_.elapsed_s
        row.ours.cpu_s += spent[0]
        row.ours.database_cpu_s += spent[1]
        row.ours.latencies_s += slice_.latencies_s


async def _prepare(location: Path | str, calendar: str, sharees: int) -> None:
    ids = (await fill_users(location, SHAREES, ()))[:sharees]
    db = await connect(location, pool_size=1)
    try:
        await db.write(partial(_share, calendar, ids))
    finally:
        await db.close()


async def _share(calendar: str, ids: list[int], tx: WriteTx) -> None:
    owner = await named.account(tx, servers.USER)
    made = await named.add(tx, owner, New(calendar), clock.now())
    (locked,) = await collections.lock(tx, made.id)
    for one in await principals.by_ids(tx, ids):
        await sharing.add(tx, locked, Wanted(one, Level.READ, accept=True), clock.now())
    if len(await invitations.mounted(tx, made.id)) != len(ids):
        raise Wrong(f"{calendar} is not in the homes of {len(ids)}")
