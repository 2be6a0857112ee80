"""Pages on which those who have no account answer: opened from a mail, sent by a form."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from urllib.parse import urlencode

import pytest

from caldavd.dav.server import Server
from caldavd.itip.incoming_mail import Carried, Incoming
from caldavd.requestline import RequestLine
from caldavd.service import mail_in
from caldavd.store import tasks
from caldavd.workers.deliver import Deliverer
from caldavd.workers.mail import Mailer, Means
from caldavd.workers.outgoing import Identity
from tests.protocol.client import Answer, Client, proppatch
from tests.protocol.meetings import (
    meeting,
    messages,
    method,
    only,
    partstats,
    scheduling,
    unfolded,
)
from tests.protocol.recorded import Recorded
from tests.store.smtp_server import MailServer, mail_server

NOW = 1_788_000_000  # 2026-08-29
DAY_S = 86_400
EVE = "mailto:eve@example.net"
ASKED = (f"ATTENDEE;PARTSTAT=NEEDS-ACTION:{EVE}",)
CALENDAR = "/dav/calendars/ann/calendar/"
MINE = f"{CALENDAR}m.ics"
FORM = "application/x-www-form-urlencoded"
LINK = re.compile(r"https://cal\.example\.org(/rsvp/[\w-]+)\?answer=(\w+)")


@dataclass(slots=True)
class Clock:
    """A clock that a test turns."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass(slots=True)
class World:
    """A server with pages, ann who invites eve, and eve's browser."""

    server: Server
    clock: Clock
    smtp: MailServer
    noted: list[RequestLine] = field(default_factory=list)

    @property
    def ann(self) -> Client:
        return Client(self.server, "ann")

    async def mails(self) -> list[EmailMessage]:
        """The mails that leave now."""
        before = len(self.smtp.taken)
        pages = "https://cal.example.org/rsvp/"
        identity = Identity("calendar@example.org", pages=pages, pages_s=365 * DAY_S)
        await Mailer(Means(self.server.db, self.clock, self.smtp.relay, identity)).work()
        return [mail for _, _, mail in self.smtp.taken[before:]]

    async def link(self) -> str:
        """The path of the page in the mail that leaves now."""
        (mail,) = await self.mails()
        return LINK.findall(text_of(mail))[0][0]

    async def open(self, path: str) -> Answer:
        return await Client(self.server, None)("GET", path)

    async def send(self, path: str, answer: str, seen: str | None = None, **more: str) -> Answer:
        """Opens the page, fills in the form, and sends it."""
        if seen is None:
            seen = seen_in(await self.open(path))
        body = urlencode({"answer": answer, "seen": seen, **more})
        return await Client(self.server, None)("POST", path, body, Content_Type=FORM)

    async def answers(self) -> dict[str, str]:
        """What everybody says, in ann's calendar."""
        return partstats((await self.ann("GET", MINE)).text)

    async def queued(self) -> int:
        """How many deliveries wait."""
        return sum((await self.server.db.read(tasks.counts)).values())


@pytest.fixture
async def world(server: Server) -> AsyncIterator[World]:
    """A world in which ann has invited eve."""
    clock, noted = Clock(), list[RequestLine]()
    scheduled, _ = scheduling(server)
    rules = replace(scheduled.rules, mails=True)
    deliverer = Deliverer(server.db, rules, clock)

    async def settle() -> None:
        await deliverer.settle(20)

    ready = replace(scheduled, rules=rules, settle=settle, clock=clock, note=noted.append)
    async with mail_server() as smtp:
        made = World(ready, clock, smtp, noted)
        assert (await made.ann.put(MINE, meeting("bob", lines=ASKED))).status == 201
        yield made


async def at_home(client: Client, calendar: str, tzid: str) -> None:
    """Sets the zone of a calendar."""
    zone = f"<C:calendar-timezone-id>{tzid}</C:calendar-timezone-id>"
    assert (await client("PROPPATCH", calendar, proppatch(set_=zone))).status == 207


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    (part,) = (one for one in mail.walk() if one.get_content_type() == f"text/{kind}")
    return str(part.get_content()).replace("\r\n", "\n")


def seen_in(page: Answer) -> str:
    return re.findall(r'name="seen" value="(\w+)"', page.text)[0]


def chosen(page: Answer) -> list[str]:
    return re.findall(r'value="(\w+)" required checked', page.text)


def notes(page: Answer) -> list[str]:
    """What is told above the invitation."""
    return [html.unescape(one) for one in re.findall(r'class="note"[^>]*>([^<]*)<', page.text)]


def heading(page: Answer) -> str:
    return html.unescape(re.findall(r"<h1>([^<]*)</h1>", page.text)[0])


async def test_an_invitation_has_three_links_to_one_page(world: World) -> None:
    (mail,) = await world.mails()

    plain, page = LINK.findall(text_of(mail)), LINK.findall(html.unescape(text_of(mail, "html")))

    assert [choice for _, choice in plain] == ["accepted", "tentative", "declined"]
    assert (page, len({path for path, _ in plain})) == (plain, 1)


async def test_a_link_shows_the_invitation_with_its_choice_made(world: World) -> None:
    page = await world.open(f"{await world.link()}?answer=tentative")

    assert (page.status, heading(page), chosen(page), notes(page)) == (
        200,
        "Invitation: Meeting",
        ["tentative"],
        [],
    )
    assert "Monday 7 September 2026, 10:00 to 11:00 (UTC)" in page.text
    assert "You answer as <strong>eve@example.net</strong>" in page.text
    assert "<script" not in page.text


async def test_a_page_is_kept_nowhere_and_takes_nothing_from_elsewhere(world: World) -> None:
    page = await world.open(await world.link())

    policy = page.headers["Content-Security-Policy"]
    assert re.sub(r"sha256-[\w+/=]+", "sha256-", policy) == (
        "default-src 'none'; style-src 'sha256-'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    assert {
        name: page.headers[name]
        for name in ("Cache-Control", "X-Robots-Tag", "Referrer-Policy", "X-Content-Type-Options")
    } == {
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    assert re.findall(r"(?:src|href)=", page.text) == []


@pytest.mark.parametrize("verb", ["GET", "HEAD"])
async def test_who_follows_all_links_changes_nothing(world: World, verb: str) -> None:
    path = await world.link()
    before, queued = await world.ann("GET", MINE), await world.queued()

    for choice in ("accepted", "tentative", "declined"):
        answer = await Client(world.server, None)(verb, f"{path}?answer={choice}&comment=x")
        assert answer.status == 200

    assert ((await world.ann("GET", MINE)).etag, await world.queued()) == (before.etag, queued)
    assert await messages(world.ann) == []


@pytest.mark.rfc("5546 3.2.3")
@pytest.mark.parametrize("choice", ["ACCEPTED", "TENTATIVE", "DECLINED"])
async def test_an_answer_reaches_the_organizer_and_the_others(world: World, choice: str) -> None:
    path = await world.link()

    page = await world.send(path, choice.lower(), comment="Läßt sich <machen>;\r\nja, gern")

    assert (page.status, chosen(page), len(notes(page))) == (200, [choice.lower()], 1)
    assert notes(page)[0].startswith("Thank you. You have ")
    assert (await world.answers())["eve"] == choice
    assert partstats((await only(Client(world.server, "bob")))[1])["eve"] == choice
    (reply,) = await messages(world.ann)
    assert method(reply) == "REPLY"
    assert "COMMENT:Läßt sich <machen>\\;\\nja\\, gern\r\n" in unfolded(reply)
    again = await world.open(path)
    assert chosen(again) == [choice.lower()]
    assert "Läßt sich &lt;machen&gt;;\nja, gern</textarea>" in again.text


async def test_an_answer_can_be_changed_and_given_twice(world: World) -> None:
    path = await world.link()

    await world.send(path, "accepted")
    etag = (await world.ann("GET", MINE)).etag
    twice = await world.send(path, "accepted")
    same = (await world.ann("GET", MINE)).etag
    other = await world.send(path, "declined")

    assert (twice.status, same, other.status) == (200, etag, 200)
    assert (await world.answers())["eve"] == "DECLINED"
    assert await world.mails() == []


@pytest.mark.rfc("5546 3.2.7")
async def test_another_time_is_proposed_to_the_organizer(world: World) -> None:
    path = await world.link()

    page = await world.send(
        path, "tentative", start="2026-09-08T14:00", end="2026-09-08T15:30", comment="Later?"
    )

    assert notes(page)[1:] == ["The organizer was told of the time that you propose."]
    texts = [unfolded(one) for one in await messages(world.ann)]
    (counter,) = (one for one in texts if method(one) == "COUNTER")
    found = re.findall(r"^(?:DTSTART|DTEND|COMMENT|SEQUENCE)[^\r]*", counter, re.MULTILINE)
    assert sorted(found) == [
        "COMMENT:Later?",
        "DTEND:20260908T153000Z",
        "DTSTART:20260908T140000Z",
        "SEQUENCE:0",
    ]
    assert (partstats(counter)["eve"], "X-CALDAVD" in counter) == ("TENTATIVE", False)
    assert "DTSTART:20260907T100000Z" in (await world.ann("GET", MINE)).text


async def test_what_is_said_on_a_page_is_mailed_to_the_organizer_once(world: World) -> None:
    path = await world.link()
    times = {"start": "2026-09-08T14:00", "end": "2026-09-08T15:30"}

    await world.send(path, "tentative", comment="Later <b>?", **times)
    world.clock.now += 10
    (mail,) = await world.mails()
    await world.send(path, "tentative", comment="Later <b>?", **times)
    await world.send(path, "accepted", comment="Later <b>?")
    world.clock.now += 10
    again = await world.mails()
    await world.send(path, "accepted", comment="Bring cake")
    world.clock.now += 10
    (comment,) = await world.mails()

    assert again == []
    assert (mail["To"], mail["From"], mail["Reply-To"], mail["Subject"]) == (
        "ann@example.org",
        '"eve@example.net" <calendar@example.org>',
        '"eve@example.net" <eve@example.net>',
        "eve@example.net proposes another time: Meeting",
    )
    assert mail["X-Caldavd-Server"] == "calendar@example.org"
    assert [one.get_content_type() for one in mail.walk()] == [
        *("multipart/alternative", "text/plain", "text/html"),
    ]
    assert "When: Tuesday 8 September 2026, 14:00 to 15:30 (UTC)\n" in text_of(mail)
    assert "Answer: eve@example.net: accepted tentatively\n" in text_of(mail)
    assert "Comment: Later <b>?\n" in text_of(mail)
    assert "Later &lt;b&gt;?" in text_of(mail, "html")
    assert comment["Subject"] == "eve@example.net comments: Meeting"
    assert "Comment: Bring cake\n" in text_of(comment)


async def test_an_answer_alone_is_not_mailed(world: World) -> None:
    path = await world.link()

    await world.send(path, "accepted")
    world.clock.now += 10

    assert await world.mails() == []


async def test_what_is_taken_out_of_the_form_is_taken_back(world: World) -> None:
    path = await world.link()
    await world.send(path, "accepted", comment="No, wait")

    page = await world.send(path, "accepted", comment="")

    assert page.status == 200
    assert "No, wait" not in (await world.ann("GET", MINE)).text + page.text


async def test_a_time_is_proposed_in_the_zone_of_the_meeting(world: World) -> None:
    berlin = {"start": "Europe/Berlin:20260907T100000", "end": "Europe/Berlin:20260907T110000"}
    await world.mails()
    await world.ann.put(MINE.replace("m.ics", "z.ics"), meeting(uid="z", lines=ASKED, **berlin))
    path = await world.link()

    shown = await world.open(path)
    await world.send(path, "declined", start="2026-09-08T14:00", end="2026-09-08T15:00")

    assert "Times are in: Europe/Berlin, UTC+02:00." in shown.text
    texts = [unfolded(one) for one in await messages(world.ann)]
    (counter,) = (one for one in texts if method(one) == "COUNTER")
    assert "DTSTART;TZID=Europe/Berlin:20260908T140000\r\n" in counter
    assert "DTEND;TZID=Europe/Berlin:20260908T150000\r\n" in counter


async def test_what_is_in_utc_is_told_and_moved_in_the_zone_of_the_organizer(world: World) -> None:
    await at_home(world.ann, CALENDAR, "Europe/Berlin")
    (mail,) = await world.mails()
    path = LINK.findall(text_of(mail))[0][0]

    shown = await world.open(path)
    await world.send(path, "declined", start="2026-12-08T14:00", end="2026-12-08T15:00")
    world.clock.now += 10
    (notice,) = await world.mails()

    when = "Monday 7 September 2026, 12:00 to 13:00 (Europe/Berlin, UTC+02:00)"
    assert (f"When: {when}\n" in text_of(mail), when in shown.text) == (True, True)
    assert "Times are in: Europe/Berlin, UTC+02:00." in shown.text
    texts = [unfolded(one) for one in await messages(world.ann)]
    (counter,) = (one for one in texts if method(one) == "COUNTER")
    assert "DTSTART:20261208T130000Z\r\nDTEND:20261208T140000Z\r\n" in counter
    assert (
        "When: Tuesday 8 December 2026, 14:00 to 15:00 (Europe/Berlin, UTC+01:00)\n"
    ) in text_of(notice)


@pytest.mark.parametrize("said", ["calendar", "other", None])
async def test_whose_calendar_has_no_zone_is_at_home_in_that_of_the_default_one(
    world: World, said: str | None
) -> None:
    """Once it is deleted, no calendar holds it any more."""
    await world.mails()
    await world.ann("MKCALENDAR", "/dav/calendars/ann/other/")
    if said is not None:
        await at_home(world.ann, f"/dav/calendars/ann/{said}/", "Asia/Tokyo")
    await world.ann.put("/dav/calendars/ann/other/z.ics", meeting(uid="z", lines=ASKED))
    (first,) = await world.mails()
    await world.ann("DELETE", "/dav/calendars/ann/other/z.ics")
    (last,) = await world.mails()

    found = [re.findall(r"When: .*\((.*)\)", text_of(mail)) for mail in (first, last)]
    tokyo = "Asia/Tokyo, UTC+09:00"
    assert found == [
        ["UTC" if said is None else tokyo],
        [tokyo if said == "calendar" else "UTC"],
    ]


async def test_mails_ask_once_where_their_senders_are_at_home(world: World) -> None:
    await at_home(world.ann, CALENDAR, "Europe/Berlin")
    for uid in ("x", "y"):
        await world.ann.put(f"{CALENDAR}{uid}.ics", meeting(uid=uid, lines=ASKED))
    noted = Recorded(world.server.db)

    mails = await replace(world, server=replace(world.server, db=noted)).mails()

    zones = [sql for sql in noted.noted if "FROM property" in sql or "calendar_object" in sql]
    assert (len(mails), len(zones)) == (3, 2)


async def test_a_link_to_join_by_can_be_followed_on_the_page(world: World) -> None:
    await world.mails()
    lines = (*ASKED, "CONFERENCE;LABEL=<Join>:https://meet.example.com/?a&b", "URL:javascript:x")
    await world.ann.put(f"{CALENDAR}j.ics", meeting(uid="j", lines=lines))

    page = await world.open(await world.link())

    shown = "https://meet.example.com/?a&amp;b"
    assert (
        f'<dt>Link</dt><dd>&lt;Join&gt;: <a href="{shown}" rel="noreferrer noopener">{shown}</a>\n'
        "javascript:x</dd>"
    ) in page.text
    assert re.findall(r"(?:src|href)=", page.text) == ["href="]


async def test_days_are_proposed_for_what_takes_days(world: World) -> None:
    days = {"start": "20260907", "end": "20260908"}
    await world.mails()
    await world.ann.put(MINE.replace("m.ics", "d.ics"), meeting(uid="d", lines=ASKED, **days))
    path = await world.link()

    await world.send(path, "tentative", start="2026-09-10", end="2026-09-11")

    texts = [unfolded(one) for one in await messages(world.ann)]
    (counter,) = (one for one in texts if method(one) == "COUNTER")
    found = re.findall(r"^(?:DTSTART|DTEND)[^\r]*", counter, re.MULTILINE)
    assert found == ["DTSTART;VALUE=DATE:20260910", "DTEND;VALUE=DATE:20260912"]


async def test_no_other_time_is_asked_for_of_a_series(world: World) -> None:
    await world.mails()
    series = meeting(uid="s", lines=ASKED, rrule="FREQ=DAILY;COUNT=5")
    assert (await world.ann.put(MINE.replace("m.ics", "s.ics"), series)).status == 201
    path = await world.link()

    page = await world.send(path, "accepted", start="2026-09-08T14:00", end="2026-09-08T15:00")

    assert ("Propose another time" in page.text, "every day, 5 times" in page.text) == (False, True)
    assert [method(one) for one in await messages(world.ann)] == ["REPLY"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"answer": ""}, "Choose an answer"),
        ({"answer": "perhaps"}, "Choose an answer"),
        ({"start": "2026-09-08T14:00"}, "Say from when to when"),
        ({"start": "tomorrow", "end": "later"}, "Say from when to when"),
        ({"start": "0001-01-01T00:00", "end": "9999-12-31T23:59"}, "Say from when to when"),
        ({"start": "2026-09-08T14:00", "end": "2026-09-08T13:00"}, "has to end after it begins"),
        ({"start": "2026-09-08T14:00", "end": "2027-09-08T13:00"}, "has to end after it begins"),
    ],
)
async def test_what_is_no_answer_is_asked_for_again(
    world: World, fields: dict[str, str], words: str
) -> None:
    path = await world.link()

    page = await world.send(path, **{"answer": "accepted", "comment": "my words", **fields})

    assert (page.status, words in notes(page)[0], "my words</textarea>" in page.text) == (
        422,
        True,
        True,
    )
    assert 'role="alert"' in page.text
    assert (await world.answers())["eve"] == "NEEDS-ACTION"


async def test_a_newer_meeting_is_shown_and_said_to_be_newer(world: World) -> None:
    path = await world.link()
    ahead = datetime.fromtimestamp(world.clock.now + 3_600, UTC)
    text = "\r\n".join(
        (
            *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", "METHOD:REPLY"),
            *("BEGIN:VEVENT", "UID:m", f"DTSTAMP:{ahead:%Y%m%dT%H%M%SZ}"),
            "ORGANIZER:mailto:ann@example.org",
            "ATTENDEE;PARTSTAT=ACCEPTED:mailto:eve@example.net",
            *("END:VEVENT", "END:VCALENDAR", ""),
        )
    )
    mail = Incoming("mailto:eve@example.net", "1@example.net", (Carried("REPLY", text),))
    now = world.clock.now
    await world.server.db.write(lambda tx: mail_in.receive(tx, mail_in.Rules(), mail, (), now))
    await world.server.settle()
    by_mail = (await world.answers())["eve"]

    seen = seen_in(await world.open(path))
    await world.send(path, "declined", seen)

    assert (by_mail, (await world.answers())["eve"]) == ("ACCEPTED", "DECLINED")


async def test_one_link_is_not_opened_without_end(world: World) -> None:
    path = await world.link()

    found = [(await world.open(path)).status for _ in range(60)]
    refused = await world.open(path)
    world.clock.now += 60
    later = await world.open(path)

    assert (found, refused.status, refused.headers["Retry-After"]) == ([200] * 60, 429, "60")
    assert "<p>This link was opened too often. Try again in 60 seconds, or" in refused.text
    assert later.status == 200


async def test_one_link_does_not_answer_without_end(world: World) -> None:
    path = await world.link()
    seen = seen_in(await world.open(path))

    found = [(await world.send(path, "accepted", seen)).status for _ in range(31)]
    refused = await world.send(path, "accepted", seen)
    world.clock.now += 3_600
    later = await world.send(path, "declined", seen)

    assert (found, refused.headers["Retry-After"]) == ([200] * 30 + [429], "3600")
    assert refused.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<h1>Please wait a little</h1>" in refused.text
    assert "<p>There were too many answers by this link. Try again in 60 minutes, or" in (
        refused.text
    )
    assert (later.status, (await world.answers())["eve"]) == (200, "DECLINED")
