"""Requests that race each other: nothing is lost, nothing hangs, readers miss nothing."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from caldavd.dav.server import Server
from caldavd.store.engine import Database
from tests.protocol.client import Client, NamesAsPasswords
from tests.protocol.conftest import add_user
from tests.protocol.mirror import Mirror
from tests.protocol.state import members
from tests.unit.builders import event

RACERS = 8
ROUNDS = 4


@pytest.fixture
async def ann(db: Database) -> Client:
    await add_user(db, "ann", "Ann Example")
    return Client(Server(db, NamesAsPasswords(db)), "ann")


@pytest.fixture
async def calendars(ann: Client) -> tuple[str, str]:
    """The URLs of two empty calendars."""
    paths = ann.home + "one/", ann.home + "two/"
    for path in paths:
        assert (await ann("MKCALENDAR", path)).status == 201
    return paths


@pytest.fixture
def calendar(calendars: tuple[str, str]) -> str:
    return calendars[0]


@pytest.mark.rfc("9110 13.1.1")
async def test_one_of_eight_racing_puts_with_one_if_match_wins(ann: Client, calendar: str):
    for number in range(ROUNDS):
        path = f"{calendar}{number}.ics"
        tag = (await ann.put(path, event(uid=str(number)))).etag

        answers = await asyncio.gather(
            *(
                ann.put(path, event(uid=str(number), summary=f"by {racer}"), If_Match=tag)
                for racer in range(RACERS)
            )
        )

        assert Counter(answer.status for answer in answers) == {204: 1, 412: RACERS - 1}
        (winner,) = [answer for answer in answers if answer.status == 204]
        assert (await ann("GET", path)).etag == winner.etag


@pytest.mark.rfc("9110 13.1.2")
async def test_one_of_eight_racing_puts_with_if_none_match_makes_the_object(
    ann: Client, calendar: str
):
    for number in range(ROUNDS):
        answers = await asyncio.gather(
            *(
                ann.put(
                    f"{calendar}{number}.ics",
                    event(uid=str(number), summary=f"by {racer}"),
                    If_None_Match="*",
                )
                for racer in range(RACERS)
            )
        )

        assert Counter(answer.status for answer in answers) == {201: 1, 412: RACERS - 1}


@pytest.mark.rfc("4791 5.3.2.1")
async def test_one_uid_that_races_under_eight_names_lands_under_one(ann: Client, calendar: str):
    for number in range(ROUNDS):
        answers = await asyncio.gather(
            *(
                ann.put(f"{calendar}{number}-{racer}.ics", event(uid=str(number)))
                for racer in range(RACERS)
            )
        )

        assert Counter(answer.status for answer in answers) == {201: 1, 409: RACERS - 1}
    assert len(await members(ann, calendar)) == ROUNDS


async def test_opposite_moves_neither_hang_nor_lose_anything(
    ann: Client, calendars: tuple[str, str]
):
    one, two = calendars
    for number in range(RACERS):
        await ann.put(f"{one}a{number}.ics", event(uid=f"a{number}"))
        await ann.put(f"{two}b{number}.ics", event(uid=f"b{number}"))
    pairs = [
        (f"{from_}{name}{number}.ics", f"{to}{name}{number}.ics")
        for number in range(RACERS)
        for from_, to, name in ((one, two, "a"), (two, one, "b"))
    ]

    async with asyncio.timeout(60):
        answers = await asyncio.gather(*(ann("MOVE", from_, Destination=to) for from_, to in pairs))

    assert [answer.status for answer in answers] == [201] * len(pairs)
    for path, name in ((one, "b"), (two, "a")):
        expected = {f"{path}{name}{number}.ics" for number in range(RACERS)}
        assert set(await members(ann, path)) == expected


async def test_calendars_that_take_each_others_place_neither_hang_nor_vanish(
    ann: Client, calendars: tuple[str, str]
):
    one, two = calendars
    await ann.put(one + "a.ics", event(uid="a"))
    await ann.put(two + "b.ics", event(uid="b"))

    async with asyncio.timeout(60):
        answers = await asyncio.gather(
            ann("MOVE", one, Destination=two),
            ann("MOVE", two, Destination=one),
            ann("MOVE", one + "a.ics", Destination=two + "a.ics"),
            ann("MOVE", two + "b.ics", Destination=one + "b.ics"),
        )

    assert {answer.status for answer in answers} <= {201, 204, 403, 404, 409}
    left = [path for path in calendars if (await ann.propfind(path)).status == 207]
    assert len(left) >= 1


@pytest.mark.rfc("6578 3.1")
async def test_a_reader_under_concurrent_writes_ends_with_the_full_listing(
    ann: Client, calendar: str
):
    done = asyncio.Event()

    async def write(writer: int) -> None:
        for number in range(12):
            path = f"{calendar}{writer}-{number % 5}.ics"
            if number % 4 == 3:
                await ann("DELETE", path)
            else:
                text = event(uid=f"{writer}-{number % 5}", summary=str(number))
                await ann.put(path, text)

    async def read() -> dict[str, str]:
        mirror = Mirror(ann, calendar, limit=3)
        while not done.is_set():
            await mirror.read_page()
            await asyncio.sleep(0)
        await mirror.catch_up()
        return mirror.known

    reader = asyncio.create_task(read())
    await asyncio.gather(*(write(writer) for writer in range(RACERS)))
    done.set()

    assert await asyncio.wait_for(reader, 60) == await members(ann, calendar)


async def test_a_put_that_races_the_deletion_of_its_calendar_is_whole_or_refused(
    ann: Client,
):
    for number in range(ROUNDS):
        path = f"{ann.home}short{number}/"
        await ann("MKCALENDAR", path)

        deleted, *puts = await asyncio.gather(
            ann("DELETE", path),
            *(ann.put(f"{path}{name}.ics", event(uid=str(name))) for name in range(3)),
        )

        assert deleted.status == 204
        assert {put.status for put in puts} <= {201, 404, 409}
        assert (await ann.propfind(path)).status == 404


@pytest.mark.rfc("4791 5.3.1")
@pytest.mark.parametrize("method", ["MKCALENDAR", "MKCOL"])
async def test_one_of_eight_racing_calendars_of_one_name_is_made(ann: Client, method: str):
    body = (
        '<D:mkcol xmlns:D="DAV:"><D:set><D:prop><D:resourcetype><D:collection/>'
        '<calendar xmlns="urn:ietf:params:xml:ns:caldav"/></D:resourcetype></D:prop></D:set>'
        "</D:mkcol>"
    )
    lost = 403 if method == "MKCALENDAR" else 405

    answers = await asyncio.gather(
        *(ann(method, ann.home + "new/", body if method == "MKCOL" else "") for _ in range(RACERS))
    )

    assert Counter(answer.status for answer in answers) == {201: 1, lost: RACERS - 1}
    assert (await ann.propfind(ann.home, depth="1")).hrefs.count(ann.home + "new/") == 1


async def test_a_calendar_copied_while_it_is_written_to_is_a_whole_state(
    ann: Client, calendar: str
):
    await asyncio.gather(
        *(ann.put(f"{calendar}{number}.ics", event(uid=str(number))) for number in range(RACERS)),
        ann("COPY", calendar, Destination=ann.home + "copy/"),
    )

    copied = await members(ann, ann.home + "copy/")
    synced = await ann.sync(ann.home + "copy/")
    assert set(synced.hrefs) == set(copied)
    assert len(copied) <= RACERS
