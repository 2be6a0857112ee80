"""Calendars that outsiders read by secret URLs: feeds and free/busy."""

from __future__ import annotations

import gzip
import logging
import re
from dataclasses import dataclass, field, replace
from hashlib import sha256
from urllib.parse import unquote

import pytest

from caldavd.auth.failures import Failures, Slowing
from caldavd.dav.dispatch import handle
from caldavd.dav.message import Request
from caldavd.dav.path import Urls
from caldavd.dav.publisher import Kept, Publisher
from caldavd.dav.server import DavLimits, Server
from caldavd.model import Collection, Mode
from caldavd.requestline import RequestLine
from caldavd.service import calendars, publish
from caldavd.service.publish import Published, Use
from caldavd.store import collections, links, principals
from caldavd.store.engine import Database, ReadTx, WriteTx
from caldavd.workers.link_uses import LinkUses
from tests.protocol.client import Answer, Client, proppatch
from tests.protocol.recorded import Recorded
from tests.unit.builders import BERLIN, event, todo, valarm

SECRET = "a-secret-of-32-characters-AAAAAA"
OTHER = "another-one-of-32-characters-BBB"
FEED = f"/feeds/{SECRET}.ics"
BUSY = f"/freebusy/{SECRET}.ifb"
NOON = 1_796_126_400  # 2026-12-01T12:00:00Z


async def place(db: Database, name: str, user: str = "ann") -> Collection:
    """A calendar of a user's; the home for no name."""

    async def work(tx: ReadTx) -> Collection:
        owner = await principals.by_name(tx, user)
        assert owner is not None
        found = await collections.by_name(tx, owner.id, name)
        assert found is not None
        return found

    return await db.read(work)


async def link(
    db: Database, name: str, mode: Mode = Mode.FULL, secret: str = SECRET, label: str = "x"
) -> Published:
    """A link to one of ann's calendars, or to her home."""
    of = await place(db, name)
    return await db.write(lambda tx: publish.add(tx, of, mode, label, secret, NOON))


@pytest.fixture
async def published(server: Server, calendar: str) -> str:
    """The URL of an empty calendar of ann's that is published in full."""
    await link(server.db, "main")
    return calendar


def lines(answer: Answer) -> list[str]:
    """The content lines."""
    return answer.text.replace("\r\n ", "").split("\r\n")[:-1]


def summaries(answer: Answer) -> list[str]:
    return [line for line in lines(answer) if line.startswith("SUMMARY")]


@pytest.mark.rfc("7986 5.1", "7986 5.7", "7986 5.9")
async def test_a_feed_is_the_whole_calendar_with_its_name_and_colour(
    ann: Client, nobody: Client, published: str
):
    named = "<D:displayname>Work, all</D:displayname><I:calendar-color>#1E90FFFF</I:calendar-color>"
    await ann("PROPPATCH", published, proppatch(set_=named))
    berlin = {"start": "Europe/Berlin:20260105T090000", "duration": "PT1H", "zones": [BERLIN]}
    await ann.put(published + "a.ics", event(uid="a", alarms=[valarm()], **berlin))
    await ann.put(published + "b.ics", event(uid="b", summary="Lunch", **berlin))

    answer = await nobody("GET", FEED)

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert lines(answer) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//caldavd//NONSGML caldavd//EN",
        "CALSCALE:GREGORIAN",
        "NAME:Work\\, all",
        "X-WR-CALNAME:Work\\, all",
        "X-APPLE-CALENDAR-COLOR:#1E90FFFF",
        "COLOR:dodgerblue",
        "REFRESH-INTERVAL;VALUE=DURATION:PT60M",
        "X-PUBLISHED-TTL:PT60M",
        *BERLIN.split("\r\n")[:-1],
        "BEGIN:VEVENT",
        "UID:a",
        "DTSTAMP:20260101T000000Z",
        "DURATION:PT1H",
        "SUMMARY:Meeting",
        "DTSTART;TZID=Europe/Berlin:20260105T090000",
        "END:VEVENT",
        "BEGIN:VEVENT",
        "UID:b",
        "DTSTAMP:20260101T000000Z",
        "DURATION:PT1H",
        "SUMMARY:Lunch",
        "DTSTART;TZID=Europe/Berlin:20260105T090000",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


@pytest.mark.rfc("5545 3.8.1.3")
async def test_a_feed_leaves_out_what_is_private_and_masks_what_is_confidential(
    ann: Client, nobody: Client, published: str
):
    for class_ in ("PUBLIC", "CONFIDENTIAL", "PRIVATE", "X-UNKNOWN"):
        lines_ = [f"CLASS:{class_}", f"LOCATION:Room {class_}"]
        text = event(uid=class_, summary=f"It is {class_}", lines=lines_)
        assert (await ann.put(f"{published}{class_}.ics", text)).status == 201

    answer = await nobody("GET", FEED)

    assert [line for line in lines(answer) if re.match("UID|SUMMARY|LOCATION|CLASS", line)] == [
        "UID:CONFIDENTIAL",
        "SUMMARY:Busy",
        "CLASS:CONFIDENTIAL",
        "UID:PUBLIC",
        "SUMMARY:It is PUBLIC",
        "CLASS:PUBLIC",
        "LOCATION:Room PUBLIC",
    ]


async def test_a_busy_feed_tells_when_and_not_what(
    server: Server, ann: Client, nobody: Client, calendar: str
):
    await link(server.db, "main", Mode.BUSY)
    await ann.put(calendar + "a.ics", event(uid="a", lines=["LOCATION:Room", "CLASS:PUBLIC"]))
    await ann.put(calendar + "b.ics", event(uid="b", lines=["TRANSP:TRANSPARENT"]))
    await ann.put(calendar + "c.ics", event(uid="c", lines=["STATUS:CANCELLED"]))
    await ann.put(calendar + "d.ics", event(uid="d", lines=["CLASS:PRIVATE"]))
    await ann.put(calendar + "e.ics", todo(uid="e", due="20260201T120000Z"))

    answer = await nobody("GET", FEED)

    blocks = [
        [
            "BEGIN:VEVENT",
            f"UID:{sha256(uid).hexdigest()[:32]}",
            "DTSTAMP:20260101T000000Z",
            "DTSTART:20260105T090000Z",
            "DTEND:20260105T100000Z",
            "SUMMARY:Busy",
            "END:VEVENT",
        ]
        for uid in (b"a", b"d")
    ]
    assert lines(answer)[-15:] == [*blocks[0], *blocks[1], "END:VCALENDAR"]


async def test_a_calendar_of_many_objects_is_read_some_at_a_time(
    server: Server, ann: Client, nobody: Client, published: str
):
    for number in range(publish.PAGE + 3):
        await ann.put(f"{published}{number}.ics", event(uid=str(number), summary=str(number)))
    recorded = Recorded(server.db)

    answer = await Client(replace(server, db=recorded), None)("GET", FEED)

    expected = sorted(f"SUMMARY:{number}" for number in range(publish.PAGE + 3))
    assert (sorted(summaries(answer)), recorded.texts) == (expected, 3)


@pytest.mark.rfc("9110 13.1.2", "9110 13.1.3")
@pytest.mark.parametrize("header", ["If_None_Match", "If_Modified_Since"])
async def test_a_feed_that_did_not_change_is_304_without_reading_a_text(
    server: Server, ann: Client, nobody: Client, published: str, header: str
):
    await ann.put(published + "a.ics", event(uid="a"))
    first = await nobody("GET", FEED)
    known = first.headers["ETag" if header == "If_None_Match" else "Last-Modified"]
    recorded = Recorded(server.db)
    client = Client(replace(server, db=recorded), None)

    answer = await client("GET", FEED, **{header: known})

    assert (answer.status, answer.body, answer.etag) == (304, b"", first.etag)
    assert (len(recorded.noted), recorded.texts) == (1, 0)


async def test_what_changes_a_feed_changes_its_entity_tag(
    ann: Client, nobody: Client, published: str
):
    tags = [(await nobody("GET", FEED)).etag]
    await ann.put(published + "a.ics", event(uid="a"))
    tags.append((await nobody("GET", FEED)).etag)
    await ann("PROPPATCH", published, proppatch(set_="<D:displayname>New</D:displayname>"))
    tags.append((await nobody("GET", FEED)).etag)
    await ann("DELETE", published + "a.ics")
    tags.append((await nobody("GET", FEED)).etag)

    assert len(set(tags)) == 4
    assert (await nobody("GET", FEED, If_None_Match=tags[0])).status == 200


async def test_the_same_feed_is_made_once_for_all_who_ask(
    server: Server, ann: Client, nobody: Client, published: str
):
    await ann.put(published + "a.ics", event(uid="a"))
    first = await nobody("GET", FEED)
    recorded = Recorded(server.db)

    second = await Client(replace(server, db=recorded), None)("GET", FEED)

    assert (second, recorded.texts) == (first, 0)


@pytest.mark.rfc("9110 12.5.3")
@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("X-GZIP", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("br", False),
    ],
)
async def test_a_feed_is_packed_for_those_who_accept_it(
    ann: Client, nobody: Client, published: str, accepted: str, packed: bool
):
    await ann.put(published + "a.ics", event(uid="a"))
    plain = await nobody("GET", FEED)

    answer = await nobody("GET", FEED, Accept_Encoding=accepted)

    assert answer.headers["Vary"] == "Accept-Encoding"
    assert (answer.headers.get("Content-Encoding") == "gzip") is packed
    assert (gzip.decompress(answer.body) if packed else answer.body) == plain.body
    assert (answer.etag == plain.etag) is not packed


async def test_head_tells_of_a_feed_what_get_does(ann: Client, nobody: Client, published: str):
    await ann.put(published + "a.ics", event(uid="a"))

    got, head = await nobody("GET", FEED), await nobody("HEAD", FEED)

    assert (head.status, head.headers) == (200, got.headers)


async def test_a_feed_longer_than_an_answer_may_be_is_507(
    server: Server, ann: Client, published: str
):
    await ann.put(published + "a.ics", event(uid="a", summary="x" * 2_000))
    limited = replace(server, limits=DavLimits(max_answer_bytes=1_500))

    answer = await Client(limited, None)("GET", FEED)

    assert answer.status == 507


async def test_nobody_is_to_keep_or_to_list_a_feed(nobody: Client, published: str):
    answer = await nobody("GET", FEED)

    assert {
        name: answer.headers[name] for name in ("Cache-Control", "X-Robots-Tag", "Referrer-Policy")
    } == {
        "Cache-Control": "private, no-cache",
        "X-Robots-Tag": "noindex",
        "Referrer-Policy": "no-referrer",
    }


@pytest.mark.parametrize(
    "path",
    [
        f"/feeds/{OTHER}.ics",
        f"/feeds/{SECRET}",
        f"/feeds/{SECRET}.ifb",
        f"/feeds/{SECRET}.ics/",
        f"/feeds/{SECRET[:-1]}.ics",
        "/feeds/",
        "/feeds/.ics",
        "/feeds/%00.ics",
        f"/freebusy/{SECRET}.ifb",
        f"/freebusy/{SECRET}.ics",
    ],
)
async def test_what_is_no_link_is_404(nobody: Client, published: str, path: str):
    assert (await nobody("GET", path)).status == 404


async def test_a_link_leads_nowhere_while_its_calendar_is_in_the_trash(
    server: Server, ann: Client, nobody: Client, published: str
):
    await ann("DELETE", published)
    gone = await nobody("GET", FEED)

    async def restore(tx: WriteTx) -> None:
        home, _ = await calendars.lock_with_home(tx, of.owner_id)
        [trashed] = await collections.trashed(tx, of.owner_id)
        await calendars.restore(tx, home, trashed, NOON)

    of = await place(server.db, "")
    await server.db.write(restore)

    assert (gone.status, (await nobody("GET", FEED)).status) == (404, 200)


async def test_a_link_leads_nowhere_while_its_owner_is_disabled(
    server: Server, nobody: Client, published: str
):
    of = await place(server.db, "")
    await server.db.write(lambda tx: principals.set_disabled(tx, of.owner_id, NOON))

    assert (await nobody("GET", FEED)).status == 404


async def test_a_link_that_was_taken_back_leads_nowhere(
    server: Server, nobody: Client, published: str
):
    assert (await nobody("GET", FEED)).status == 200

    of = await place(server.db, "main")
    await server.db.write(lambda tx: publish.remove(tx, of.owner_id, "x"))

    assert (await nobody("GET", FEED)).status == 404


@pytest.mark.parametrize("method", ["PUT", "POST", "PROPFIND", "OPTIONS", "DELETE", "NONSENSE"])
async def test_links_are_only_read(nobody: Client, published: str, method: str):
    answer = await nobody(method, FEED)

    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


async def test_links_lie_below_the_path_that_a_proxy_shows(server: Server, published: str):
    mounted = Client(replace(server, urls=Urls("/caldav")), None)

    answers = [await mounted("GET", "/caldav" + FEED), await mounted("GET", FEED)]

    assert [answer.status for answer in answers] == [200, 200]


async def test_a_calendar_may_be_called_feeds(ann: Client, nobody: Client):
    path = f"{ann.home}feeds/"
    await ann("MKCALENDAR", path)

    made = await ann.put(path + "a.ics", event(uid="a"))

    assert (made.status, (await nobody("GET", path + "a.ics")).status) == (201, 401)


# --- Secrets ---


@pytest.mark.parametrize(
    "path", [FEED, f"http://cal.example.org{FEED}?x=1", f"/feeds/{OTHER}.ics", BUSY]
)
async def test_no_log_line_holds_a_secret(
    server: Server, published: str, path: str, caplog: pytest.LogCaptureFixture
):
    told: list[RequestLine] = []
    caplog.set_level(logging.DEBUG)

    await Client(replace(server, note=told.append), None)("GET", path)

    [line] = told
    assert line.path in ("/feeds/***.ics", "/freebusy/***.ifb")
    assert not [one for one in (SECRET, OTHER) if one in caplog.text]


@pytest.mark.parametrize(
    "path",
    [
        *(f"/{FEED}", f"/x{FEED}", f"/dav{FEED}", f"/dav/calendars/..{FEED}", f"/Feeds/{SECRET}"),
        *(f"/%66eeds/{SECRET}.ics", f"/feeds%2F{SECRET}", f"/{SECRET}", f"/feeds/{SECRET[:-2]}"),
        "/x/" + "".join(f"%{ord(one):02X}" for one in SECRET),
    ],
)
async def test_no_log_line_holds_a_secret_whose_link_is_misspelt(
    server: Server, published: str, path: str, caplog: pytest.LogCaptureFixture
):
    told: list[RequestLine] = []
    caplog.set_level(logging.DEBUG)

    await Client(replace(server, note=told.append), None)("GET", path)

    [line] = told
    assert "***" in line.path
    for text in (unquote(line.path), caplog.text):
        assert SECRET[:20] not in text


async def test_logs_show_calendars_and_zones_by_their_whole_paths(server: Server, ann: Client):
    told: list[RequestLine] = []
    paths = [
        f"{ann.home}0123456789-0123456789-0123456789/feeds/0123456789-0123456789.ics",
        "/timezones/zones/America%2FArgentina%2FBuenos_Aires",
        "/.well-known/caldav",
    ]

    for path in paths:
        await Client(replace(server, note=told.append), "ann")("GET", path)

    assert [line.path for line in told] == paths


async def test_a_fault_in_the_server_tells_no_secret_to_the_log(
    server: Server, published: str, caplog: pytest.LogCaptureFixture
):
    class Broken:
        dialect = "none"

        async def read(self, *_: object, **__: object) -> None:
            raise RuntimeError("broken")

    told: list[RequestLine] = []
    broken = replace(server, db=Broken(), note=told.append)  # type: ignore[arg-type]

    answer = await Client(broken, None)("GET", FEED)

    assert (answer.status, told[0].path) == (500, "/feeds/***.ics")
    assert SECRET not in caplog.text


async def test_the_database_holds_no_secret(server: Server, published: str):
    of = await place(server.db, "main")

    [(held, _)] = await server.db.read(lambda tx: links.of(tx, of.owner_id))
    by_digest = await server.db.read(lambda tx: links.by_digest(tx, publish.digest(SECRET)))

    assert SECRET not in (publish.digest(SECRET), *map(str, held))
    assert by_digest is not None
    assert by_digest[0] == held


def test_a_secret_has_more_than_128_bits() -> None:
    drawn = {publish.draw() for _ in range(100)}

    assert len(drawn) == 100
    assert {len(one) * 6 for one in drawn} == {192}


async def test_who_tries_links_that_lead_nowhere_is_slowed_and_others_are_not(
    server: Server, published: str
):
    guarded = replace(
        server,
        publisher=Publisher(Failures(Slowing(free_failures=2, delay_s=30))),
        clock=lambda: NOON,
    )

    async def get(path: str, peer: str) -> tuple[int, str | None]:
        answer = Answer(await handle(guarded, Request("GET", path, peer=peer)))
        return answer.status, answer.headers.get("Retry-After")

    tried = [await get(f"/feeds/{OTHER}.ics", "192.0.2.1") for _ in range(4)]

    assert tried == [(404, None), (404, None), (404, None), (429, "30")]
    assert await get(f"/feeds/{OTHER}.ics", "192.0.2.2") == (404, None)
    # Many people share an address: what leads somewhere is theirs all the same.
    assert await get(FEED, "192.0.2.1") == (200, None)


@dataclass
class Moment:
    """A clock that stands still."""

    now: int = NOON
    writes: list[str] = field(default_factory=list)

    def __call__(self) -> int:
        return self.now


async def used_at(db: Database) -> int | None:
    of = await place(db, "main")
    [(held, _)] = await db.read(lambda tx: links.of(tx, of.owner_id))
    return held.used_at


async def test_the_last_use_of_a_link_is_written_at_most_once_an_hour(
    server: Server, published: str
):
    clock, uses = Moment(), LinkUses(server.db)
    client = Client(replace(server, publisher=Publisher(used=uses.note), clock=clock), None)
    seen = []

    for after_s in (0, 0, 1_800, 3_600):
        clock.now = NOON + after_s
        await client("GET", FEED)
        seen.append(await used_at(server.db))
        await uses.write()
        seen.append(await used_at(server.db))

    assert seen == [None, NOON, NOON, NOON, NOON, NOON, NOON, NOON + 3_600]


async def test_another_process_does_not_write_a_use_of_the_same_hour(
    server: Server, published: str
):
    [first, second] = [LinkUses(server.db), LinkUses(server.db)]
    of = await place(server.db, "main")
    [(held, _)] = await server.db.read(lambda tx: links.of(tx, of.owner_id))

    for uses, at in ((first, NOON), (second, NOON + 60)):
        uses.note(Use(held.id, at))
        await uses.write()

    assert await used_at(server.db) == NOON


def test_feeds_used_longest_ago_are_forgotten_first() -> None:
    kept = Kept(max_bytes=40)
    for tag in "abcd":
        kept.put(tag, [b"12345", b"12345"])
    kept.get("a")

    kept.put("e", [b"1234567890"])
    kept.put("too long", [b"12345678901"])

    assert [tag for tag in ("a", "b", "c", "d", "e", "too long") if kept.get(tag)] == [
        *("a", "c", "d", "e")
    ]


# --- Free/busy ---


def at_noon(server: Server) -> Client:
    return Client(replace(server, clock=lambda: NOON), None)


@pytest.mark.rfc("5546 3.3.1")
async def test_a_free_busy_link_tells_two_months_of_all_calendars(
    server: Server, ann: Client, calendar: str
):
    published = await link(server.db, "", Mode.FREE_BUSY)
    hour = {"duration": "PT1H"}
    await ann.put(calendar + "a.ics", event(uid="a", start="20261201T090000Z", **hour))
    other = f"{ann.home}calendar/"
    await ann.put(other + "b.ics", event(uid="b", start="20261224T090000Z", **hour))
    await ann.put(other + "c.ics", event(uid="c", start="20270301T090000Z", **hour))
    secret = ["CLASS:PRIVATE", "STATUS:TENTATIVE"]
    await ann.put(other + "d.ics", event(uid="d", start="20270131T090000Z", lines=secret, **hour))

    answer = await at_noon(server)("GET", BUSY)

    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert lines(answer) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//caldavd//NONSGML caldavd//EN",
        "METHOD:PUBLISH",
        "BEGIN:VFREEBUSY",
        "DTSTAMP:20261201T120000Z",
        "DTSTART:20261201T000000Z",
        "DTEND:20270201T000000Z",
        f"UID:{published.collection.uuid}",
        "ORGANIZER:mailto:ann@example.org",
        "FREEBUSY:20261201T090000Z/20261201T100000Z",
        "FREEBUSY:20261224T090000Z/20261224T100000Z",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20270131T090000Z/20270131T100000Z",
        "END:VFREEBUSY",
        "END:VCALENDAR",
    ]


async def test_a_free_busy_link_to_one_calendar_tells_of_no_other(
    server: Server, ann: Client, calendar: str
):
    await link(server.db, "main", Mode.FREE_BUSY)
    hour = {"start": "20261201T090000Z", "duration": "PT1H"}
    await ann.put(f"{ann.home}calendar/b.ics", event(uid="b", **hour))

    answer = await at_noon(server)("GET", BUSY)

    assert (answer.status, "FREEBUSY:" in answer.text) == (200, False)


@pytest.mark.parametrize(
    ("query", "window"),
    [
        ("", ("20261201T000000Z", "20270201T000000Z")),
        ("?start=20270101T000000Z", ("20270101T000000Z", "20270304T000000Z")),
        ("?start=2027-01-01&end=20270102", ("20270101T000000Z", "20270102T000000Z")),
        ("?start=2027-01-01T02:00:00%2B02:00", ("20270101T000000Z", "20270304T000000Z")),
        ("?start=2027-01-01T02:00:00+02:00", ("20270101T000000Z", "20270304T000000Z")),
        ("?end=20261202", ("20261201T000000Z", "20261202T000000Z")),
        ("?unknown=1", ("20261201T000000Z", "20270201T000000Z")),
    ],
)
async def test_a_free_busy_link_is_asked_for_a_time(
    server: Server, query: str, window: tuple[str, str]
):
    await link(server.db, "", Mode.FREE_BUSY)

    answer = await at_noon(server)("GET", BUSY + query)

    found = [line for line in lines(answer) if line.startswith(("DTSTART", "DTEND"))]
    assert found == [f"DTSTART:{window[0]}", f"DTEND:{window[1]}"]


@pytest.mark.parametrize(
    "query",
    [
        "start=tomorrow",
        "start=20270101&start=20270102",
        "start=20270102&end=20270101",
        "start=20270101&end=20270101",
        "start=20270101&end=20290101",
        "start=99991231",
        "start=0001-01-01T00:00:00%2B10:00",
        "end=20200101",
        "&".join(f"a{number}=1" for number in range(30)),
    ],
)
async def test_a_time_that_is_none_or_too_long_is_400(server: Server, query: str):
    await link(server.db, "", Mode.FREE_BUSY)

    assert (await at_noon(server)("GET", f"{BUSY}?{query}")).status == 400


@pytest.mark.parametrize("path", [FEED, f"/feeds/{SECRET}.ifb", f"/freebusy/{SECRET}.ics"])
async def test_a_free_busy_link_opens_no_feed(server: Server, path: str):
    await link(server.db, "", Mode.FREE_BUSY)

    assert (await at_noon(server)("GET", path)).status == 404
