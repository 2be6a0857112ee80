"""The law of index and filter: a query by both finds what the filter finds in every text.

What the filter matches, the index has among its candidates, and what the index decides, the
filter confirms. CALDAVD_HYPOTHESIS_PROFILE=long draws thousands of calendars.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caldavd.ical import parse
from caldavd.ical.filter import matches
from caldavd.ical.filter_elements import Filter
from caldavd.model import Collection, Kind
from caldavd.service import save, views
from caldavd.service.accounts import Defaults, NewAccount, create
from caldavd.service.calendars import new_collection
from caldavd.service.query import query
from caldavd.store import collections, principals
from caldavd.store.connect import connect
from caldavd.store.engine import Database, WriteTx
from tests.property import objects as drawn
from tests.property.test_recurrence_oracle import PROFILE

ZONES = (UTC, *map(ZoneInfo, ("Europe/Berlin", "America/New_York", "Pacific/Kiritimati")))


@dataclass(frozen=True)
class Case:
    """A calendar, when it was written, and what is asked of it."""

    texts: dict[str, str]
    """By UID."""
    now: int
    asked: list[Filter]
    zone: tzinfo


@st.composite
def cases(draw: st.DrawFn) -> Case:
    uids = [f"uid-{number}" for number in range(draw(st.integers(1, 5)))]
    texts = {uid: draw(drawn.objects(uid)) for uid in uids}
    now = drawn.FIRST + timedelta(days=draw(st.integers(-400, 2_000)))
    asked = draw(st.lists(drawn.filters(uids), min_size=3, max_size=8))
    return Case(texts, int(now.timestamp()), asked, draw(st.sampled_from(ZONES)))


class _Undone(Exception):
    """Carries what was found out of a transaction that is to leave nothing behind."""

    def __init__(self, found: list[set[str]]) -> None:
        self.found = found


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def open_db(sqlite_template: Path, runner: asyncio.Runner, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "caldavd.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    opened = runner.run(connect(path, pool_size=1, synchronous="off"))
    yield opened
    runner.run(opened.close())


@pytest.mark.rfc("4791 9.7")
def test_a_query_finds_what_the_filter_matches_in_the_texts(
    open_db: Database, runner: asyncio.Runner
) -> None:
    async def new_account(tx: WriteTx) -> int:
        await create(tx, NewAccount("ann", "Ann", ("ann@example.org",)), None, Defaults(), 0)
        found = await principals.by_name(tx, "ann")
        assert found is not None
        return found.id

    owner_id = runner.run(open_db.write(new_account))

    @PROFILE
    @given(cases())
    def check(case: Case) -> None:
        with pytest.raises(_Undone) as undone:
            runner.run(open_db.write(lambda tx: _ask(tx, owner_id, case)))

        documents = {uid: parse.stored(text) for uid, text in case.texts.items()}
        assert undone.value.found == [
            {uid for uid, document in documents.items() if matches(filter, document, case.zone)}
            for filter in case.asked
        ]

    check()


async def _ask(tx: WriteTx, owner_id: int, case: Case) -> None:
    components = ("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY")
    calendar: Collection = new_collection(owner_id, Kind.CALENDAR, "drawn", components, 0)
    await collections.create(tx, calendar)
    for uid, text in case.texts.items():
        document = parse.parse(text.encode())
        await save.save(tx, calendar, None, f"{uid}.ics", document, case.now)

    reader = views.owner(calendar)

    async def zone() -> tzinfo:
        return case.zone

    raise _Undone(
        [
            {one.uid for one in await query(tx, calendar, reader, filter, zone)}
            for filter in case.asked
        ]
    )
