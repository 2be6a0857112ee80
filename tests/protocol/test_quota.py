"""How much a user may store (RFC 4331)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from caldavd.dav.server import DavLimits
from caldavd.ical.parse import parse
from caldavd.service import import_, named
from caldavd.service.check import check
from caldavd.service.import_ import Verb
from caldavd.store import quota
from caldavd.store.engine import Database, ReadTx, WriteTx
from tests.protocol.client import Client
from tests.protocol.state import everything
from tests.unit.builders import event

EXCEEDED = (507, "{DAV:}quota-not-exceeded")
AVAILABLE, USED = "{DAV:}quota-available-bytes", "{DAV:}quota-used-bytes"
SMALL = event(uid="a")
LARGE = event(uid="a", summary="x" * 500)
TEXT = {"Content_Type": "text/calendar"}


def bounded(client: Client, bytes_: int) -> Client:
    """The client, at a server whose users may store so much."""
    return replace(client, server=replace(client.server, limits=DavLimits(quota_bytes=bytes_)))


async def give(db: Database, name: str, bytes_: int | None) -> None:
    """Gives a user a quota of their own."""

    async def work(tx: WriteTx) -> None:
        await quota.set_(tx, (await named.account(tx, name)).id, bytes_)

    await db.write(work)


async def used(db: Database, name: str) -> int:
    """The octets that are counted for a user."""

    async def work(tx: ReadTx) -> int:
        account = await named.account(tx, name)
        return (await quota.of(tx, [account.id]))[account.id].used_bytes

    return await db.read(work)


async def told(client: Client, path: str) -> tuple[int | None, int | None]:
    """What is used and available, as a client is told."""
    props = (await client.propfind(path, "D:quota-used-bytes", "D:quota-available-bytes")).props()
    used, available = (
        int(element.text or "") if status == 200 else None
        for status, element in (props[USED], props[AVAILABLE])
    )
    return used, available


@pytest.mark.rfc("4331 3")
@pytest.mark.rfc("4331 4")
async def test_home_and_calendars_tell_what_is_used_and_left(ann: Client, calendar: str):
    client = bounded(ann, 10_000)
    await client.put(calendar + "a.ics", LARGE)
    size = len(LARGE.encode())

    assert await told(client, ann.home) == (size, 10_000 - size)
    assert await told(client, calendar) == (size, 10_000 - size)
    assert await told(bounded(ann, 1), ann.home) == (size, 0)


@pytest.mark.rfc("4331 3")
async def test_without_a_quota_what_is_left_is_not_told(ann: Client, calendar: str):
    assert await told(ann, calendar) == (0, None)


@pytest.mark.rfc("4331 3")
async def test_an_account_of_its_own_quota_goes_before_the_setting(
    ann: Client, calendar: str, db: Database
):
    client = bounded(ann, 1_000)

    seen = []
    for own in (None, 5_000, 0):
        await give(db, "ann", own)
        seen.append(await told(client, calendar))

    assert seen == [(0, 1_000), (0, 5_000), (0, None)]


@pytest.mark.rfc("4331 3")
async def test_quotas_are_told_when_they_are_asked_for(ann: Client, calendar: str):
    found = (await bounded(ann, 1_000).propfind(calendar)).props()

    assert not {AVAILABLE, USED} & found.keys()


@pytest.mark.rfc("4331 3")
async def test_a_quota_is_not_set_by_clients(ann: Client, calendar: str):
    body = (
        '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:quota-available-bytes>9'
        "</D:quota-available-bytes></D:prop></D:set></D:propertyupdate>"
    )

    assert (await ann("PROPPATCH", calendar, body)).props()[AVAILABLE][0] == 403


@pytest.mark.rfc("4331 6")
@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("PUT", "new.ics", LARGE.replace("UID:a", "UID:new"), TEXT),
        ("PUT", "a.ics", LARGE, TEXT),
        ("POST", "", LARGE.replace("UID:a", "UID:new"), TEXT),
        ("COPY", "a.ics", "", {"Destination": "/dav/calendars/ann/other/a.ics"}),
        ("COPY", "", "", {"Destination": "/dav/calendars/ann/copy/"}),
        ("COPY", "", "", {"Destination": "/dav/calendars/ann/other/"}),
    ],
)
async def test_what_is_too_much_is_refused_and_changes_nothing(
    ann: Client, calendar: str, stored: str, method, path, body, headers
):
    await ann("MKCALENDAR", ann.home + "other/")
    before = await everything(ann)

    answer = await bounded(ann, len(SMALL.encode()) + 10)(method, calendar + path, body, **headers)

    assert (answer.status, answer.condition) == EXCEEDED
    assert await everything(ann) == before


@pytest.mark.rfc("4331 6")
@pytest.mark.parametrize("room", [0, -1])
async def test_a_quota_can_be_used_up_and_not_more(ann: Client, calendar: str, room: int):
    client = bounded(ann, len(SMALL.encode()) + room)

    answer = await client.put(calendar + "a.ics", SMALL)

    assert answer.status == (201 if room == 0 else 507)


@pytest.mark.rfc("4331 6")
async def test_above_the_quota_all_that_makes_nothing_larger_is_done(
    ann: Client, calendar: str, db: Database
):
    await ann.put(calendar + "a.ics", LARGE)
    client = bounded(ann, 1)

    statuses = [
        (await client.put(calendar + "a.ics", LARGE.replace("xx", "yy"))).status,
        (await client.put(calendar + "a.ics", SMALL)).status,
        (await client("MKCALENDAR", ann.home + "other/")).status,
        (await client("MOVE", calendar + "a.ics", Destination=ann.home + "other/b.ics")).status,
        (await client("COPY", calendar, Destination=ann.home + "empty/")).status,
        (await client("MOVE", calendar, Destination=ann.home + "moved/")).status,
        (await client("DELETE", ann.home + "other/b.ics")).status,
    ]

    assert (statuses, await used(db, "ann")) == ([204, 204, 201, 201, 201, 201, 204], 0)


@pytest.mark.rfc("4331 6")
async def test_the_quota_is_of_all_calendars_together_and_the_trash_is_free(
    ann: Client, calendar: str
):
    other = ann.home + "other/"
    await ann("MKCALENDAR", other)
    await ann.put(other + "a.ics", SMALL)
    client = bounded(ann, len(SMALL.encode()) + 10)

    refused = await client.put(calendar + "a.ics", SMALL)
    await client("DELETE", other)
    taken = await client.put(calendar + "a.ics", SMALL)

    assert (refused.status, taken.status) == (507, 201)


async def test_what_is_used_stays_right_through_all_methods(
    ann: Client, calendar: str, db: Database
):
    other = ann.home + "other/"
    await ann("MKCALENDAR", other)
    await ann.put(calendar + "a.ics", SMALL)
    await ann.put(calendar + "a.ics", LARGE)
    await ann.put(calendar + "b.ics", event(uid="b", summary="\N{SNOWMAN}"))
    await ann("POST", calendar, event(uid="c"), Content_Type="text/calendar")
    await ann("COPY", calendar + "a.ics", Destination=other + "a.ics")
    await ann("COPY", calendar + "a.ics", Destination=other + "a.ics")
    await ann("MOVE", calendar + "b.ics", Destination=other + "b.ics")
    await ann("MOVE", other + "b.ics", Destination=other + "c.ics")
    await ann("MOVE", calendar + "a.ics", Destination=other + "a.ics")
    await ann("COPY", other, Destination=ann.home + "copy/")
    await ann("COPY", other, Destination=ann.home + "copy/")
    await ann("DELETE", other + "c.ics")

    listed = 0
    for path in (calendar, other, ann.home + "copy/"):
        answer = await ann.propfind(path, "D:getcontentlength", depth="1")
        lengths = (one.text for one in answer.xml.iter("{DAV:}getcontentlength"))
        listed += sum(int(length) for length in lengths if length is not None)
    assert await used(db, "ann") == listed > 0
    assert await db.read(lambda tx: check(tx, 1_800_000_000)) == []


async def test_an_import_takes_what_fits(ann: Client, calendar: str, db: Database):
    documents = [parse(event(uid=uid).encode()) for uid in ("a", "b", "c")]
    bound = sum(document.size_bytes for document in documents[:2])

    async def work(tx: WriteTx) -> list[import_.Outcome]:
        account = await named.account(tx, "ann")
        wanted = await named.calendar(tx, account, "main")
        return await import_.take(tx, wanted, documents, 1_800_000_000, bound)

    outcomes = await db.write(work)

    assert [one.verb for one in outcomes] == [Verb.ADDED, Verb.ADDED, Verb.REFUSED]
    assert (await used(db, "ann"), "delete something" in str(outcomes[2].reason)) == (bound, True)
