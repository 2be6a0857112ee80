"""What is measured without a protocol and with nothing beside it: functions, and a command."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from caldavd.ical.freebusy import BusyPeriod
from caldavd.model import Window
from caldavd.service import freebusy
from caldavd.store.connect import connect
from tests.benchmarks import items, meetings, processes, servers, shared
from tests.benchmarks.client import Wrong
from tests.benchmarks.figures import Figures, Row
from tests.benchmarks.fill import fill_users
from tests.benchmarks.items import Item
from tests.benchmarks.measure import Place

USERS: Final = 100
EACH: Final = 200
"""Objects of each user's calendar at most: those that a month has its share of."""
LIMIT: Final = 1_000_000
TIMEOUT_S: Final = 600
_CALENDAR: Final = "imported"


@dataclass(frozen=True, slots=True)
class Run:
    """How long, and how much."""

    seconds: float
    imported: int
    invited: int


@dataclass(frozen=True, slots=True)
class Alone:
    """A row of the table; `once` says that the size of the calendar does not matter."""

    key: str
    title: str
    measure: Callable[[Place, Run, Row], Awaitable[None]]
    once: bool = False


async def free_busy(users: int, place: Place, run: Run, row: Row) -> None:
    """Free/busy of many users for five weeks: the service, in this process, on the same database.

    The users are made when the first of these rows is measured, and stay.
    """
    of_each = place.subject.items[:EACH]
    ids = (await fill_users(place.server.location, USERS, of_each))[:users]
    weeks = items.ranges(5)
    db = await connect(place.server.location, pool_size=1)

    async def ask(start: date, end: date) -> dict[int, list[BusyPeriod]]:
        window = Window(_instant(start), _instant(end))
        return await db.read(lambda tx: freebusy.of_users(tx, ids, window, LIMIT), snapshot=True)

    try:
        for start, end in weeks:  # warms up, too
            _verify(await ask(start, end), ids, of_each, (start, end))
        await _timed(partial(_next, ask, cycle(weeks)), run.seconds, place, row.ours)
    finally:
        await db.close()


async def import_(place: Place, run: Run, row: Row) -> None:
    """`caldavd import` of one file; a request is an event. The processor time is the command's."""
    row.title = f"import of {run.imported:,} events, an event"
    with tempfile.TemporaryDirectory(prefix="caldavd-bench-") as directory:
        file = Path(directory) / "calendar.ics"
        file.write_text(items.as_one_calendar(items.make(run.imported)), newline="")
        database = place.database_cpu_s()
        began = time.perf_counter()
        said, used = await asyncio.to_thread(_import, place.server, file)
        row.ours.elapsed_s = time.perf_counter() - began
    row.ours.requests, row.ours.cpu_s = run.imported, used
    row.ours.database_cpu_s = place.database_cpu_s() - database
    if json.loads(said)["added"] != run.imported:
        raise Wrong(f"an import of {run.imported} events said: {said}")


async def outbox(users: int, place: Place, run: Run, row: Row) -> None:
    """Free/busy as clients ask for it."""
    await meetings.free_busy(users, place, run.seconds, row)


async def invite_few(place: Place, run: Run, row: Row) -> None:
    """PUT of a meeting of a few, who have it when that is answered."""
    await meetings.invite(meetings.FEW, place, run.seconds, row)


async def invite_many(place: Place, run: Run, row: Row) -> None:
    """PUT of a meeting of very many."""
    row.title = f"invite {run.invited:,}: PUT of a meeting, changed"
    await meetings.invite(run.invited, place, 0, row)


async def deliver_many(place: Place, run: Run, row: Row) -> None:
    """The same, until all have it."""
    await meetings.deliver(run.invited, place, row)


async def put(calendar: str, sharees: int, place: Place, run: Run, row: Row) -> None:
    """PUT of what is shared with so many."""
    await shared.put(calendar, sharees, place, run.seconds, row)


ALONE: Final = (
    Alone("freebusy10", "free/busy of 10 users, five weeks", partial(free_busy, 10)),
    Alone("freebusy100", "free/busy of 100 users, five weeks", partial(free_busy, 100)),
    Alone("putunshared", "PUT, changed, by an owner", partial(put, "unshared", 0), once=True),
    Alone(
        "putshared",
        f"the same, of a calendar that {shared.SHAREES} others have",
        partial(put, "shared", shared.SHAREES),
        once=True,
    ),
    Alone("outbox10", "POST to the outbox: 10 users, two weeks", partial(outbox, 10), once=True),
    Alone("outbox100", "POST to the outbox: 100 users, two weeks", partial(outbox, 100), once=True),
    Alone("invite10", "invite 10: PUT of a meeting, changed", invite_few, once=True),
    Alone("invite1000", "invite", invite_many, once=True),
    Alone("deliver1000", "deliver", deliver_many, once=True),
    Alone("import", "import", import_, once=True),
)


async def measure(alone: Alone, places: Sequence[Place], run: Run) -> list[Row]:
    """One row for each place, or for the smallest. Raises Wrong if an answer is wrong."""
    rows = []
    for place in places[:1] if alone.once else places:
        row = Row(place.database, alone.key, alone.title, len(place.subject.items))
        await alone.measure(place, run, row)
        row.resident_mb = processes.resident_mb(place.server.process.pid)
        rows.append(row)
    return rows


async def _next(ask: Callable[..., Awaitable[Any]], weeks: Any) -> None:
    await ask(*next(weeks))


async def _timed(
    work: Callable[[], Awaitable[None]], seconds: float, place: Place, figures: Figures
) -> None:
    """One after the other for a while, without this program's garbage in the figures."""
    gc.collect()
    gc.disable()
    database, cpu = place.database_cpu_s(), time.process_time()
    began = time.perf_counter()
    try:
        while (asked := time.perf_counter()) < began + seconds or not figures.latencies_s:
            await work()
            figures.latencies_s.append(time.perf_counter() - asked)
    finally:
        gc.enable()
    figures.elapsed_s = time.perf_counter() - began
    figures.requests = len(figures.latencies_s)
    figures.cpu_s = time.process_time() - cpu
    figures.database_cpu_s = place.database_cpu_s() - database


def _verify(
    found: dict[int, list[BusyPeriod]],
    ids: Sequence[int],
    of_each: Sequence[Item],
    weeks: tuple[date, date],
) -> None:
    expected = [
        (int(begins.timestamp()), int(ends.timestamp()))
        for begins, ends in items.busy(of_each, *weeks)
    ]
    for id_ in ids:
        if [(one.starts, one.ends) for one in found[id_]] != expected:
            raise Wrong(f"free/busy of {len(ids)} users in the weeks from {weeks[0]}")


def _instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _import(server: servers.Caldavd, file: Path) -> tuple[str, float]:
    """What the command said, and its processor time in seconds."""
    arguments = ["import", str(file), "--user", servers.USER, "--calendar", _CALENDAR]
    command = [sys.executable, "-m", "caldavd", "--data", str(server.data), *arguments]
    command += ["--create", "--json"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, env=server.environ, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise Wrong(f"an import ended with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
