"""Whatever users do, and however tasks are delivered, all copies of a meeting agree in the end.

As `test_itip_convergence`, on both databases, by requests and the tasks that they leave.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caldavd.service.check import check
from caldavd.store.connect import connect
from caldavd.store.engine import Database
from tests.property.itip_clients import ATTENDEE_ACTS, DELEGATE, ORGANIZER, ORGANIZER_ACTS, OTHERS
from tests.property.scheduling_world import BEGIN, EVERYBODY, Step, World
from tests.property.test_itip_convergence import invitations

EXAMPLES: Final = {"sqlite": 120, "postgresql": 12}
"""These take some ten seconds each."""
MORE: Final = int(os.environ.get("CALDAVD_SCHEDULING_EXAMPLES", "0"))
"""For who has more time."""
DAY_S: Final = 86_400

numbers = st.integers(0, 11)
invited = st.sampled_from((*OTHERS, DELEGATE))
processes = st.integers(0, 1)
working = st.one_of(
    st.tuples(st.sampled_from(("claim", "claim", "work", "work", "work", "forget")), processes),
    st.tuples(st.sampled_from(("claim", "work", "work", "work", "work")), processes),
    st.tuples(st.just("wait"), st.sampled_from((1, 61))),
)
doing = st.one_of(
    st.tuples(
        st.just("act"),
        st.just(ORGANIZER),
        st.sampled_from(list(ORGANIZER_ACTS)),
        numbers,
        st.booleans(),
    ),
    st.tuples(
        st.just("act"), invited, st.sampled_from([*ATTENDEE_ACTS, "alarm"]), numbers, st.booleans()
    ),
    st.tuples(
        st.just("act"), invited, st.sampled_from(("answer", "answer one")), numbers, st.booleans()
    ),
    st.tuples(st.sampled_from(("move", "delete", "delete silently")), st.sampled_from(EVERYBODY)),
    st.tuples(st.just("delete"), st.just(ORGANIZER)),
    st.tuples(st.sampled_from(("trash", "restore")), st.sampled_from(EVERYBODY)),
    st.just(("synchronise",)),
)
histories = st.lists(st.one_of(working, doing), min_size=8, max_size=24)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def open_db(location: Path | str, runner: asyncio.Runner) -> Iterator[Database]:
    opened = runner.run(connect(location, pool_size=2, synchronous="off"))
    yield opened
    runner.run(opened.close())


@pytest.mark.rfc("6638 3.2")
@pytest.mark.rfc("6638 3.2.10")
def test_all_copies_agree_once_all_tasks_are_done(
    open_db: Database, backend: str, runner: asyncio.Runner
):
    worlds = itertools.count(1)

    @settings(
        max_examples=MORE or EXAMPLES[backend],
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(invitations(), st.booleans(), histories)
    def play(text: str, delivered: bool, history: list[Step]) -> None:
        world = World(open_db, next(worlds))
        assert runner.run(_play(world, text, delivered, history)) == []

    play()

    assert runner.run(open_db.read(lambda tx: check(tx, BEGIN + DAY_S))) == []


async def _play(world: World, text: str, delivered: bool, history: list[Step]) -> list[str]:
    await world.begin(text, delivered)
    for step in history:
        await _take(world, step)
    await world.drain()
    return await world.disagreements()


async def _take(world: World, step: Step) -> None:
    match step:
        case ("act", str(who), str(act), int(number), bool(stale)):
            await world.act(who, act, number, stale=stale)
        case ("claim", int(process)):
            await world.claim(process)
        case ("work", int(process)):
            await world.work(process)
        case ("forget", int(process)):
            world.hands[process].clear()
        case ("wait", int(seconds)):
            world.now += seconds
        case _:
            await _take_more(world, step)


async def _take_more(world: World, step: Step) -> None:
    match step:
        case ("trash", str(who)):
            await world.trash(who)
        case ("restore", str(who)):
            await world.restore(who)
        case ("synchronise",):
            for mirror in world.mirrors:
                await mirror.read_page()
        case (str(do), str(who)):
            await world.elsewhere(who, do)
