"""Calendars that are filled from feeds: what is fetched, when, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from caldavd.model import Collection, Lock, Place, Principal
from caldavd.service import accounts, named, subscribe
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.service.fill import Filled
from caldavd.service.import_ import Verb
from caldavd.service.subscribe import FIRST_RETRY_S, LAST_RETRY_S, LEASE_S, New, Subscribed
from caldavd.store import collections, locks, objects, principals, quota, subscriptions
from caldavd.store.engine import Database, WriteTx
from caldavd.store.quota import Usage
from caldavd.store.subscriptions import Subscription
from caldavd.workers.fetch import Bounds, FeedError
from caldavd.workers.subscriptions import Fetcher, Means, refresh
from tests.store.feeds import Site, serving
from tests.unit.builders import BERLIN, calendar, valarm, vevent, vtodo

NOW = 1_800_000_000
HOUR = 3_600


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as running:
        yield running


@dataclass
class Feed:
    """A subscription of ann's to the site, and a clock."""

    db: Database
    site: Site
    owner: Principal
    calendar: Collection
    now: int = NOW

    @property
    def means(self) -> Means:
        return Means(self.db, lambda: self.now, Bounds(allow_private=True), jitter=lambda: 0.5)

    async def row(self) -> Subscription:
        found = await self.db.read(lambda tx: subscriptions.get(tx, self.calendar.id))
        assert found is not None
        return found

    async def fetch(self) -> Filled | None:
        return await refresh(self.means, await self.row())

    async def fails(self) -> str:
        with pytest.raises(FeedError) as caught:
            await self.fetch()
        return caught.value.reason

    async def texts(self) -> dict[str, str]:
        """The texts of the calendar by UID."""
        found = await self.db.read(lambda tx: objects.members(tx, self.calendar.id))
        held = await self.db.read(lambda tx: objects.contents(tx, [one.id for one in found]))
        return {one.uid: held[one.id] for one in found}

    async def state(self) -> str:
        """What clients see of a change."""
        found = await self.db.read(lambda tx: collections.by_ids(tx, [self.calendar.id]))
        return found[self.calendar.id].etag


async def subscribed(db: Database, owner: Principal, new: New) -> Subscribed:
    return await db.write(lambda tx: subscribe.add(tx, owner, new, NOW))


@pytest.fixture
async def owner(db: Database) -> Principal:
    new = NewAccount("ann")
    return await db.write(lambda tx: accounts.create(tx, new, None, Defaults(), NOW))


@pytest.fixture
async def feed(db: Database, site: Site, owner: Principal) -> Feed:
    made = await subscribed(db, owner, New(site.url + "/a.ics", "Feed", HOUR))
    return Feed(db, site, owner, made.calendar)


async def test_the_items_of_a_feed_become_objects(feed: Feed) -> None:
    start = {"start": "Europe/Berlin:20260105T090000", "duration": "PT1H"}
    events = (vevent(uid="a", alarms=[valarm()], **start), vtodo(uid="b"))
    feed.site.say(calendar(BERLIN, *events, lines=["METHOD:PUBLISH"]))

    filled = await feed.fetch()

    assert filled == Filled(counts={Verb.ADDED: 2})
    assert await feed.texts() == {
        "a": calendar(BERLIN, events[0]),
        "b": calendar(events[1]),
    }
    assert await feed.row() == Subscription(
        feed.calendar.id,
        feed.owner.id,
        feed.site.url + "/a.ics",
        HOUR,
        NOW + HOUR,
        fetched_at=NOW,
        digest=(await feed.row()).digest,
    )


async def test_what_a_feed_adds_changes_and_removes_comes_and_the_rest_is_left(
    feed: Feed,
) -> None:
    feed.site.say(calendar(vevent(uid="same"), vevent(uid="other"), vevent(uid="gone")))
    await feed.fetch()
    before = await feed.db.read(lambda tx: objects.members(tx, feed.calendar.id))
    changed = vevent(uid="other", summary="Changed")
    stamped = vevent(uid="same").replace("DTSTAMP:20260101", "DTSTAMP:20261121")
    feed.site.say(calendar(stamped, changed, vevent(uid="new")))
    feed.now += HOUR

    filled = await feed.fetch()

    counts = {Verb.UNCHANGED: 1, Verb.UPDATED: 1, Verb.ADDED: 1}
    assert filled == Filled(counts=counts, removed=1)
    after = await feed.db.read(lambda tx: objects.members(tx, feed.calendar.id))
    assert {one.uid for one in after} == {"same", "other", "new"}
    assert [one for one in after if one.uid == "same"] == [
        one for one in before if one.uid == "same"
    ]


@pytest.mark.parametrize(
    "again",
    [
        calendar(vevent(uid="a"), vevent(uid="b")),
        calendar(vevent(uid="a"), vevent(uid="b")).replace("DTSTAMP:2026", "DTSTAMP:2027"),
        calendar(vevent(uid="b"), vevent(uid="a"), lines=["X-WR-CALNAME:Feed"]),
    ],
    ids=["the same", "written anew", "in another order"],
)
async def test_a_feed_that_says_the_same_leaves_sync_tokens_as_they_were(
    feed: Feed, again: str
) -> None:
    feed.site.say(calendar(vevent(uid="a"), vevent(uid="b")))
    await feed.fetch()
    before = await feed.state()
    feed.site.say(again)
    feed.now += HOUR

    await feed.fetch()

    assert await feed.state() == before
    assert (await feed.row()).fetched_at == NOW + HOUR


async def test_what_finds_no_room_in_the_quota_comes_when_there_is_room(feed: Feed) -> None:
    """The feed is as it was then: that must not keep it out."""
    small, large = vevent(uid="a"), vevent(uid="b", summary="x" * 500)
    feed.site.say(calendar(small, large), ETag='"1"')
    await feed.db.write(lambda tx: quota.set_(tx, feed.owner.id, 600))

    filled = await feed.fetch()
    told = (await feed.row()).error
    await feed.db.write(lambda tx: quota.set_(tx, feed.owner.id, 0))
    feed.now += HOUR
    again = await feed.fetch()

    assert filled is not None
    assert (filled.counts, filled.full) == ({Verb.ADDED: 1, Verb.REFUSED: 1}, True)
    assert told is not None
    assert told.startswith("left out 1: line ")
    assert again == Filled(counts={Verb.ADDED: 1, Verb.UNCHANGED: 1})
    assert (await feed.texts()).keys() == {"a", "b"}
    assert (await feed.row()).error is None


async def test_what_a_feed_brings_and_removes_is_counted(feed: Feed) -> None:
    feed.site.say(calendar(vevent(uid="a"), vevent(uid="b")))
    await feed.fetch()
    feed.site.say(calendar(vevent(uid="b", summary="Longer than it was")))
    feed.now += HOUR

    await feed.fetch()

    (text,) = (await feed.texts()).values()
    usage = await feed.db.read(lambda tx: quota.of(tx, [feed.owner.id]))
    assert usage == {feed.owner.id: Usage(None, len(text.encode()))}


async def test_a_lock_on_the_home_does_not_keep_a_feed_out(feed: Feed) -> None:
    """Nobody who locks edits what a feed says."""
    home = await feed.db.read(lambda tx: collections.by_name(tx, feed.owner.id, ""))
    assert home is not None
    lock = Lock(
        token="urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        owner_id=feed.owner.id,
        place=Place(home.id),
        on_home=True,
        shared=False,
        infinite=True,
        creator_id=feed.owner.id,
        root="/dav/calendars/ann/",
        owner="",
        expires_at=NOW + HOUR,
    )
    await feed.db.write(lambda tx: locks.insert_(tx, lock))
    feed.site.say(calendar(vevent(uid="a")))

    assert await feed.fetch() == Filled(counts={Verb.ADDED: 1})


async def test_items_without_a_uid_stay_the_same_when_they_are_written_anew(feed: Feed) -> None:
    feed.site.say(calendar(vevent(uid=None), vevent(uid="b")))
    await feed.fetch()
    before = await feed.state()
    feed.site.say(
        calendar(vevent(uid="b"), vevent(uid=None)).replace("DTSTAMP:2026", "DTSTAMP:2027")
    )

    filled = await feed.fetch()

    assert filled == Filled(counts={Verb.UNCHANGED: 2})
    assert await feed.state() == before


async def test_a_feed_is_asked_whether_it_changed(feed: Feed) -> None:
    feed.site.say(calendar(vevent(uid="a")), ETag='"1"', Last_Modified="yesterday")
    await feed.fetch()

    filled = await feed.fetch()

    assert filled == Filled(changed=False)
    asked = feed.site.asked[1].headers
    assert (asked["If-None-Match"], asked["If-Modified-Since"]) == ('"1"', "yesterday")
    assert list(await feed.texts()) == ["a"]


async def test_what_is_broken_is_left_out_and_told(feed: Feed) -> None:
    broken = vevent(uid="broken", lines=["RRULE:FREQ=SOMETIMES"])
    twice = vevent(uid="a", summary="Twice", start="20260202T090000Z", duration="PT1H")
    feed.site.say(calendar(vevent(uid="a"), broken, vevent(uid="c"), twice))

    filled = await feed.fetch()

    assert filled is not None
    assert filled.counts == {Verb.ADDED: 1, Verb.REFUSED: 2}
    error = (await feed.row()).error
    assert error is not None
    assert error.startswith("left out 2: line ")
    assert list(await feed.texts()) == ["c"]


async def test_an_item_that_is_broken_now_stays_as_it_was(feed: Feed) -> None:
    feed.site.say(calendar(vevent(uid="a"), vevent(uid="b")))
    await feed.fetch()
    held = await feed.texts()
    feed.site.say(calendar(vevent(uid="a", lines=["RRULE:FREQ=SOMETIMES"]), vevent(uid="b")))

    await feed.fetch()

    assert await feed.texts() == held


async def test_a_feed_that_says_no_more_that_it_is_broken_has_no_error(feed: Feed) -> None:
    feed.site.say(calendar(vevent(uid="a", lines=["RRULE:FREQ=SOMETIMES"])), ETag='"1"')
    await feed.fetch()
    told = (await feed.row()).error
    await feed.fetch()
    still = (await feed.row()).error
    feed.site.say(calendar(vevent(uid="a")), ETag='"2"')

    await feed.fetch()

    assert told is not None
    assert (still, (await feed.row()).error) == (told, None)


@pytest.mark.parametrize(
    "text",
    [
        "<html>Log in</html>",
        "",
        calendar(vevent(uid="a"))[:-20],
        "END:VCALENDAR",
    ],
)
async def test_what_is_no_whole_calendar_leaves_the_old_one(feed: Feed, text: str) -> None:
    feed.site.say(calendar(vevent(uid="a"), vevent(uid="b")), ETag='"1"')
    await feed.fetch()
    held = await feed.texts()
    feed.site.say(text)
    feed.now += HOUR

    reason = await feed.fails()

    assert reason == "it is no calendar, or ends in the middle"
    assert await feed.texts() == held
    row = await feed.row()
    assert (row.error, row.failures, row.fetched_at) == (reason, 1, NOW)


async def test_an_empty_calendar_empties_the_calendar(feed: Feed) -> None:
    feed.site.say(calendar(vevent(uid="a")))
    await feed.fetch()
    feed.site.say(calendar())

    filled = await feed.fetch()

    assert filled == Filled(removed=1)
    assert await feed.texts() == {}


async def test_more_items_than_one_transaction_takes_all_come_and_go(feed: Feed) -> None:
    many = [vevent(uid=str(number)) for number in range(230)]
    feed.site.say(calendar(*many))
    await feed.fetch()
    held = len(await feed.texts())
    feed.site.say(calendar(many[0]))

    filled = await feed.fetch()

    assert (held, filled) == (230, Filled(counts={Verb.UNCHANGED: 1}, removed=229))


# --- When ---


async def test_failures_are_tried_again_later_each_time_and_once_a_day_at_last(
    feed: Feed,
) -> None:
    feed.site.status = 500
    waits = []
    for _ in range(12):
        await feed.fails()
        row = await feed.row()
        waits.append(row.due_at - feed.now)
        feed.now = row.due_at

    longest = int(LAST_RETRY_S * 1.05)
    assert waits[:3] == [int(FIRST_RETRY_S * 2**n * 1.05) for n in range(3)]
    assert waits[-2:] == [longest, longest]


async def test_a_host_that_is_busy_is_left_alone_for_as_long_as_it_says(feed: Feed) -> None:
    feed.site.status = 429
    feed.site.say("", Retry_After="7200")

    await feed.fails()

    assert (await feed.row()).due_at == NOW + int(7200 * 1.05)


async def test_after_a_success_failures_are_forgotten(feed: Feed) -> None:
    feed.site.status = 500
    await feed.fails()
    feed.site.status = 200
    feed.site.say(calendar(vevent(uid="a")))

    await feed.fetch()

    row = await feed.row()
    assert (row.failures, row.error, row.due_at) == (0, None, NOW + HOUR)


async def test_feeds_are_fetched_when_they_are_due_and_not_before(feed: Feed) -> None:
    feed.site.say(calendar(vevent(uid="a")))
    asked = []

    for feed.now in (NOW - 1, NOW, NOW + HOUR - 1, NOW + HOUR):
        await Fetcher(feed.means).work()
        asked.append(len(feed.site.asked))

    assert asked == [0, 1, 1, 2]


async def test_many_that_are_due_are_all_fetched_and_one_that_fails_holds_up_none(
    feed: Feed,
) -> None:
    feed.site.say(calendar(vevent(uid="a")))
    for number in range(9):
        source = f"{feed.site.url}/{number}.ics" if number else "http://127.0.0.1:1/none.ics"
        await subscribed(feed.db, feed.owner, New(source, f"Feed {number}", HOUR))

    await Fetcher(feed.means).work()

    paths = sorted(one.path for one in feed.site.asked)
    assert paths == [*(f"/{number}.ics" for number in range(1, 9)), "/a.ics"]


async def test_several_processes_fetch_a_feed_once(feed: Feed) -> None:
    feed.site.say(calendar(vevent(uid="a")))
    feed.site.delay_s = 0.2

    await asyncio.gather(*(Fetcher(feed.means).work() for _ in range(4)))

    assert len(feed.site.asked) == 1


async def test_a_fetch_whose_process_was_killed_is_taken_over(feed: Feed) -> None:
    row = await feed.row()
    await feed.db.write(lambda tx: subscribe.claim(tx, row, NOW))
    feed.site.say(calendar(vevent(uid="a")))
    asked = []

    for feed.now in (NOW + LEASE_S - 1, NOW + LEASE_S):
        await Fetcher(feed.means).work()
        asked.append(len(feed.site.asked))

    assert asked == [0, 1]


async def _disable(feed: Feed) -> None:
    await feed.db.write(lambda tx: principals.set_disabled(tx, feed.owner.id, NOW))


async def _trash(feed: Feed) -> None:
    await feed.db.write(lambda tx: named.remove(tx, feed.owner, "Feed", NOW))


@pytest.mark.parametrize("end", [_disable, _trash])
async def test_nothing_is_fetched_for_nobody(
    feed: Feed, end: Callable[[Feed], Awaitable[None]]
) -> None:
    await end(feed)

    await Fetcher(feed.means).work()

    assert feed.site.asked == []


async def test_a_calendar_that_is_deleted_during_the_fetch_takes_nothing(feed: Feed) -> None:
    feed.site.say(calendar(vevent(uid="a")))
    row = await feed.row()
    await _trash(feed)

    with pytest.raises(FeedError, match="deleted meanwhile"):
        await refresh(feed.means, row)

    assert await feed.texts() == {}


async def test_a_database_that_is_removed_with_its_owner_leaves_no_subscription(
    feed: Feed,
) -> None:
    async def remove(tx: WriteTx) -> None:
        await principals.remove(tx, feed.owner.id)

    await feed.db.write(remove)

    assert await feed.db.read(lambda tx: subscriptions.get(tx, feed.calendar.id)) is None


# --- Secrets ---


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://example.com/a.ics", "https://example.com/a.ics"),
        ("https://ann:secret@example.com/a.ics", "https://***@example.com/a.ics"),
        ("https://secret@example.com:8443/a.ics", "https://***@example.com:8443/a.ics"),
        ("webcal://example.com/a.ics?token=secret", "webcal://example.com/a.ics?***"),
    ],
)
def test_what_is_secret_in_a_url_is_not_shown(source: str, expected: str) -> None:
    assert subscribe.shown(source) == expected


@pytest.mark.parametrize("status", [200, 500])
async def test_logs_name_the_host_of_a_feed_and_nothing_more(
    feed: Feed, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "caldavd")
    feed.site.say(calendar(vevent(uid="a")))
    feed.site.status = status
    source = feed.site.url.replace("://", "://ann:secret@") + "/private-path.ics?token=secret"
    made = await subscribed(feed.db, feed.owner, New(source, "Other", HOUR))
    row = await feed.db.read(lambda tx: subscriptions.get(tx, made.calendar.id))
    assert row is not None

    await Fetcher(feed.means).work()

    told = "".join(str(vars(record)) for record in caplog.records if "caldavd" in record.name)
    assert "'host': '127.0.0.1'" in told
    assert "secret" not in told
    assert "private-path" not in told
