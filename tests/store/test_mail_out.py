"""Mails that leave, on both databases, to a real mail server: each once, or until it is taken."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from email.message import EmailMessage

import pytest

from caldavd.service import accounts
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.store import ids, mails, queue, tasks
from caldavd.store.engine import Database, WriteTx
from caldavd.store.queue import Queued
from caldavd.store.tasks import MAIL, Message, State
from caldavd.workers.mail import HELD, Mailer, Means, Pace
from caldavd.workers.outgoing import Identity
from tests.store.smtp_server import MailServer, mail_server
from tests.unit.itip.messages import message, part, request

NOW = 1_800_000_000
BOB = "mailto:bob@example.net"
CID = "mailto:cid@example.net"


@dataclass(slots=True)
class Clock:
    """A clock that a test turns."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass(slots=True)
class Post:
    """A server's mails, and the mail server that they are for."""

    db: Database
    server: MailServer
    clock: Clock
    ann: int
    means: Means

    async def add(
        self,
        text: str,
        *recipients: str,
        uid: str = "u",
        sender: str = "mailto:ann@example.com",
        forced: bool = False,
        again: bool = False,
    ) -> None:
        """Asks for a message to be sent: of ann, or to her what somebody says."""
        method = "CANCEL" if "METHOD:CANCEL" in text else "REQUEST"
        row = Message(ids.new(), uid, method, sender, text, self.clock.now)
        notice = sender != "mailto:ann@example.com"
        to = [mails.payload(one, forced=forced, again=again, notice=notice) for one in recipients]
        new = [tasks.new(MAIL, self.ann, self.clock.now, row.id, one) for one in to]

        async def work(tx: WriteTx) -> None:
            await tasks.add_message(tx, row)
            await tasks.add(tx, new)

        await self.db.write(work)
        await asyncio.sleep(0.002)  # ids rise with time

    async def send(self, seconds: int = 0, **changes: object) -> list[str]:
        """Lets time pass, and what is due be sent: recipients and subjects of what came."""
        self.clock.now += seconds
        before = len(self.server.taken)
        await Mailer(replace(self.means, **changes)).work()  # type: ignore[arg-type]
        found = self.server.taken[before:]
        return sorted(f"{to}: {mail['Subject']}" for _, to, mail in found)

    async def left(self) -> list[Queued]:
        """The tasks that are left."""
        return await self.db.read(lambda tx: queue.queued(tx, dead=False, limit=100))


@pytest.fixture
async def post(db: Database) -> AsyncIterator[Post]:
    async def make(tx: WriteTx) -> int:
        new = NewAccount("ann", display_name="Ann Ärlich", addresses=("ann@example.com",))
        return (await accounts.create(tx, new, None, Defaults(), NOW)).id

    ann, clock = await db.write(make), Clock()
    async with mail_server() as server:
        identity = Identity("calendar@example.com")
        means = Means(db, clock, server.relay, identity, jitter=lambda: 0.0)
        yield Post(db, server, clock, ann, means)


async def test_what_waits_is_sent_and_gone(post: Post) -> None:
    await post.add(request(), BOB, CID)

    sent = await post.send()

    assert sent == [
        "bob@example.net: Invitation: Meeting",
        "cid@example.net: Invitation: Meeting",
    ]
    assert await post.left() == []
    sender, _, mail = post.server.taken[0]
    assert (sender, mail["From"], mail["Reply-To"]) == (
        "calendar@example.com",
        "Ann Ärlich <calendar@example.com>",
        "Ann Ärlich <ann@example.com>",
    )
    assert [one.get_content_type() for one in mail.walk() if not one.is_multipart()] == [
        *("text/plain", "text/html", "text/calendar", "application/ics"),
    ]


async def test_nobody_is_mailed_twice_for_one_change(post: Post) -> None:
    answered = request(at=9, people=("ann=ACCEPTED", "bob", "cid=ACCEPTED"))
    await post.add(request(), BOB)
    await post.add(request(), BOB)

    first = await post.send()
    await post.add(request(), BOB)
    await post.add(answered, BOB)

    assert (first, await post.send()) == (["bob@example.net: Invitation: Meeting"], [])
    assert await post.left() == []


async def test_what_is_changed_back_is_told(post: Post) -> None:
    sent = []
    for place in ("Room 1", "Room 2", "Room 1"):
        await post.add(request(lines=[f"LOCATION:{place}"]), BOB)
        sent += await post.send(60)

    assert sent == [
        "bob@example.net: Invitation: Meeting",
        "bob@example.net: Updated: Meeting",
        "bob@example.net: Updated: Meeting",
    ]
    # A mail server drops the second of two mails with one Message-ID.
    assert len({mail["Message-ID"] for _, _, mail in post.server.taken}) == 3


async def test_what_is_asked_to_be_sent_again_is(post: Post) -> None:
    await post.add(request(), BOB)
    await post.send()
    await post.add(request(at=2), BOB, forced=True)

    assert await post.send() == ["bob@example.net: Updated: Meeting"]


async def test_what_its_recipient_asks_for_is_sent_again_but_not_at_once(post: Post) -> None:
    await post.add(request(), BOB)
    sent = [await post.send()]
    for seconds in (899, 1, 899):
        post.clock.now += seconds
        await post.add(request(at=2), BOB, again=True)
        sent.append(await post.send())

    invitation = ["bob@example.net: Invitation: Meeting"]
    assert sent == [invitation, [], invitation, []]
    assert await post.left() == []


async def test_what_is_said_in_one_thread_leaves_in_its_order(post: Post) -> None:
    """Four connections send side by side; each answer is told by a mail of its own."""
    for n in range(12):
        text = message("REPLY", part(people=[f"p{n % 3}=ACCEPTED"], lines=[f"COMMENT:{n // 3}"]))
        await post.add(text, "mailto:ann@example.com", sender=f"mailto:p{n % 3}@example.com")

    await post.send(pace=Pace(connections=4, per_minute=1_000))

    said: dict[str, list[str]] = {}
    for _, _, mail in post.server.taken:
        body = mail.get_body(("plain",))
        assert body is not None
        found = re.search("^Comment: (.)$", body.get_content().replace("\r", ""), re.MULTILINE)
        assert found is not None
        said.setdefault(str(mail["Subject"]), []).append(found[1])
    assert sorted(said.values()) == [["0", "1", "2", "3"]] * 3


async def test_what_follows_a_mail_that_is_put_off_leaves_after_it(post: Post) -> None:
    """Mail servers put off the first mail of somebody whom they do not know."""
    post.server.answers["bob@example.net"] = "451 4.7.1 later"
    await post.add(request(), BOB)
    await post.add(message("CANCEL", part(day=6)), BOB)
    first = await post.send()
    del post.server.answers["bob@example.net"]
    await post.add(message("CANCEL", part(day=7)), BOB)

    at_once = await post.send(1)
    (held,) = {one.error for one in await post.left() if "451" not in (one.error or "")}
    for _ in range(4):
        await post.send(75)

    assert (first, at_once, held) == ([], [], HELD)
    assert [mail["Subject"] for _, _, mail in post.server.taken] == [
        "Invitation: Meeting",
        "Cancelled: Meeting (Tuesday 6 January 2026)",
        "Cancelled: Meeting (Wednesday 7 January 2026)",
    ]
    assert await post.left() == []


async def test_of_one_thread_few_leave_at_a_time(post: Post) -> None:
    """A lease covers that many."""
    for day in range(6, 14):
        await post.add(message("CANCEL", part(day=day)), BOB)

    counts = [len(await post.send(seconds, pace=Pace(2, 1_000))) for seconds in (0, 75)]

    assert (counts, await post.left()) == ([5, 3], [])


async def test_of_several_versions_that_wait_the_newest_is_sent(post: Post) -> None:
    await post.add(request(), BOB, CID)
    await post.add(request(sequence=1, summary="Later"), BOB)
    await post.add(request(uid="other", summary="Other"), BOB, uid="other")

    assert await post.send() == [
        "bob@example.net: Invitation: Later",
        "bob@example.net: Invitation: Other",
        "cid@example.net: Invitation: Meeting",
    ]
    assert await post.left() == []


async def test_an_older_version_that_was_put_off_never_follows_a_newer_one(post: Post) -> None:
    post.server.answers["bob@example.net"] = "451 4.7.1 later"
    await post.add(request(), BOB)
    await post.send()
    del post.server.answers["bob@example.net"]
    await post.add(message("CANCEL", part(sequence=1)), BOB)

    assert await post.send() == ["bob@example.net: Cancelled: Meeting"]
    assert await post.send(100_000) == []
    assert await post.left() == []


async def test_what_is_about_other_dates_is_sent_besides(post: Post) -> None:
    await post.add(message("CANCEL", part(day=6, summary="Sixth")), BOB)
    await post.add(message("CANCEL", part(day=7, summary="Seventh")), BOB)

    assert await post.send() == [
        "bob@example.net: Cancelled: Seventh (Wednesday 7 January 2026)",
        "bob@example.net: Cancelled: Sixth (Tuesday 6 January 2026)",
    ]


async def test_what_cannot_be_taken_now_is_tried_later_and_later(post: Post) -> None:
    post.server.answers["bob@example.net"] = "450 4.2.1 try later"
    await post.add(request(), BOB)

    waits = []
    for _ in range(4):
        await post.send()
        (left,) = await post.left()
        waits.append(left.due_at - post.clock.now)
        post.clock.now = left.due_at
    post.server.answers.clear()

    assert waits == [60, 120, 240, 480]
    assert left.error == "450 4.2.1 try later"
    assert await post.send() == ["bob@example.net: Invitation: Meeting"]


async def test_what_is_tried_for_too_long_is_given_up(post: Post) -> None:
    post.server.answers["bob@example.net"] = "450 4.2.1 try later"
    await post.add(request(), BOB)

    await post.send(48 * 3_600)

    (left,) = await post.left()
    assert (left.state, left.error) == (tasks.State.DEAD, "450 4.2.1 try later")


@pytest.mark.parametrize(
    ("recipient_answer", "data_answer", "reason"),
    [
        ("550 5.1.1 no such user", "250 2.0.0 taken", "550 5.1.1 no such user"),
        ("250 2.1.5 well", "554 5.7.1 we do not like it", "554 5.7.1 we do not like it"),
    ],
)
async def test_what_is_refused_for_good_is_dead_with_the_reason(
    post: Post, recipient_answer: str, data_answer: str, reason: str
) -> None:
    post.server.answers["bob@example.net"] = recipient_answer
    post.server.data_answer = data_answer
    await post.add(request(), BOB)

    assert await post.send() == []

    (left,) = await post.left()
    assert (left.state, left.error, left.attempts) == (tasks.State.DEAD, reason, 1)
    assert await post.send(1_000_000) == []


async def test_one_who_is_refused_keeps_nobody_else_from_getting_theirs(post: Post) -> None:
    post.server.answers["bob@example.net"] = "550 5.1.1 no such user"
    await post.add(request(), BOB, CID)

    sent = await post.send(pace=Pace(connections=1))

    assert sent == ["cid@example.net: Invitation: Meeting"]
    assert post.server.connections == 1


@pytest.mark.rfc("6047 2.3")
async def test_what_nobody_can_read_keeps_nobody_else_from_getting_theirs(post: Post) -> None:
    await post.add("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", BOB)
    await post.add(request(), CID, uid="v")

    assert await post.send() == ["cid@example.net: Invitation: Meeting"]
    assert [one.state for one in await post.left()] == [State.DEAD]


async def test_who_has_no_mail_address_is_told_of_at_once(post: Post) -> None:
    await post.add(request(), "mailto:b\xf6b@example.net", CID)

    assert await post.send() == ["cid@example.net: Invitation: Meeting"]

    (left,) = await post.left()
    assert left.state == tasks.State.DEAD
    assert left.error == "'böb@example.net' is no mail address that can be sent to"


async def test_a_message_that_is_damaged_keeps_nobody_else_from_getting_theirs(post: Post) -> None:
    await post.add("", BOB)
    await post.add(request(), CID)

    assert await post.send() == ["cid@example.net: Invitation: Meeting"]

    assert [(one.payload, one.state) for one in await post.left()] == [(BOB, tasks.State.DEAD)]


async def test_without_a_mail_server_all_wait(post: Post) -> None:
    await post.add(request(), BOB, CID)
    nowhere = replace(post.server.relay, port=1)

    await post.send(relay=nowhere)

    left = await post.left()
    assert {(one.state, one.attempts) for one in left} == {(tasks.State.WAITING, 1)}
    assert all((one.error or "").startswith("SMTPConnectError: ") for one in left)
    assert len(await post.send(60)) == 2


async def test_a_mail_server_that_falls_silent_holds_up_nothing_for_long(post: Post) -> None:
    post.server.silent = True
    await post.add(request(), BOB)

    await post.send(relay=replace(post.server.relay, timeout_s=0.2))

    (left,) = await post.left()
    assert (left.state, left.error) == (tasks.State.WAITING, "TimeoutError")


async def test_no_more_are_sent_in_a_minute_than_are_allowed(post: Post) -> None:
    for number in range(8):
        await post.add(request(uid=f"u{number}"), BOB, uid=f"u{number}")
    ticks = [0.0]
    mailer = Mailer(
        replace(post.means, pace=Pace(connections=1, per_minute=2), ticks=lambda: ticks[0])
    )

    counts = []
    for seconds in (0, 0, 30, 30, 600):
        ticks[0] += seconds
        await mailer.work()
        counts.append(len(post.server.taken))

    assert counts == [5, 5, 6, 7, 8]


async def test_two_processes_send_each_mail_once(post: Post) -> None:
    people = [f"mailto:p{number}@example.net" for number in range(30)]
    await post.add(request(), *people)
    pace = Pace(connections=2, per_minute=100_000)

    mailers = [Mailer(replace(post.means, pace=pace)) for _ in range(2)]
    for _ in range(4):
        await asyncio.gather(*(one.work() for one in mailers))

    assert sorted(f"mailto:{to}" for _, to, _ in post.server.taken) == sorted(people)
    assert await post.left() == []


async def test_a_login_that_is_refused_kills_no_mail(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await post.add(request(), BOB)
    async with mail_server("right") as guarded:
        relay = replace(guarded.relay, username="calendar", password="wrong-secret")
        await post.send(relay=relay)
        (left,) = await post.left()
        post.clock.now = left.due_at
        await post.send(relay=replace(relay, password="right"))

        assert (left.state, (left.error or "")[:3]) == (tasks.State.WAITING, "535")
        assert [to for _, to, _ in guarded.taken] == ["bob@example.net"]
    assert "wrong-secret" not in caplog.text + repr(relay) + (left.error or "")
    assert await post.left() == []


async def test_users_of_the_own_domain_may_send_from_their_own_address(post: Post) -> None:
    await post.add(request(), BOB)

    await post.send(identity=Identity("calendar@example.com", "rsvp@example.com", True))

    ((sender, _, mail),) = post.server.taken
    assert (sender, mail["From"], mail["Sender"], mail["Reply-To"]) == (
        "calendar@example.com",
        "Ann Ärlich <ann@example.com>",
        "calendar@example.com",
        "Ann Ärlich <rsvp@example.com>",
    )


async def test_what_was_given_up_goes_with_a_newer_version(post: Post) -> None:
    post.server.answers["bob@example.net"] = "550 5.1.1 no such user"
    await post.add(request(), BOB)
    await post.send()
    await post.add(request(sequence=1, summary="Later"), BOB)
    await post.send()

    dead = [(one.state, one.error) for one in await post.left()]
    post.server.answers.clear()
    await post.add(request(sequence=2, summary="Last"), BOB)

    assert dead == [(tasks.State.DEAD, "550 5.1.1 no such user")]
    assert await post.send() == ["bob@example.net: Invitation: Last"]
    assert await post.left() == []


async def test_an_outage_is_warned_of_once(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "caldavd.workers.mail")
    down = replace(post.means, relay=replace(post.means.relay, port=1))
    mailer = Mailer(down)
    await post.add(request(), BOB)
    await post.add(request(), CID)

    await mailer.work()
    post.clock.now += 61
    await mailer.work()

    logged = [one for one in caplog.records if one.name == "caldavd.workers.mail"]
    assert [one.levelname for one in logged].count("WARNING") == 1
    first = next(one for one in logged if one.levelname == "WARNING")
    assert first.message == "the mail server takes no mail"
    put_off = [one.__dict__["next"] for one in logged if one.message == "mail put off"]
    assert put_off == [*["2027-01-15T08:01:00+00:00"] * 2, *["2027-01-15T08:03:01+00:00"] * 2]


async def test_an_update_says_what_was_mailed_last(post: Post) -> None:
    post.clock.now = int(time.time())  # ids are made by that
    for place in ("Room 1", "Room 2", "Room 3"):
        await post.add(request(lines=[f"LOCATION:{place}"]), BOB)
        if place != "Room 2":
            await post.send()
        else:
            post.server.answers["bob@example.net"] = "550 5.1.1 no such user"
            await post.send()
            post.server.answers.clear()

    (text,) = [one for one in post.server.taken[-1][2].walk() if not one.is_multipart()][:1]
    assert "Changed: Where: now Room 3, before Room 1\n" in text.get_content().replace("\r\n", "\n")


async def test_what_was_told_long_ago_is_not_guessed_at(post: Post) -> None:
    post.clock.now = int(time.time())
    await post.add(request(lines=["LOCATION:Room 1"]), BOB)
    await post.send(mails.WAITED_S + 60)
    await post.add(request(lines=["LOCATION:Room 2"]), BOB)

    assert await post.send() == ["bob@example.net: Updated: Meeting"]
    (text,) = [one for one in post.server.taken[-1][2].walk() if not one.is_multipart()][:1]
    assert "Changed" not in text.get_content()


def read(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    (part,) = (one for one in mail.walk() if one.get_content_type() == "text/plain")
    return str(part.get_content()).replace("\r\n", "\n")


async def test_an_update_after_a_date_was_cancelled_says_what_changed(post: Post) -> None:
    post.clock.now = int(time.time())
    await post.add(request(lines=["LOCATION:Room 1"]), BOB)
    await post.send(1)
    for number, day in enumerate((6, 7), 1):
        await post.add(message("CANCEL", part(day=day, sequence=number)), BOB)
        await post.send(1)
    excluded = ["20260106T090000Z", "20260107T090000Z"]
    await post.add(request(lines=["LOCATION:Room 2"], sequence=3, exdate=excluded), BOB)

    assert await post.send(1) == ["bob@example.net: Updated: Meeting"]
    told = read(post.server.taken[-1][2])
    assert "Changed: Where: now Room 2, before Room 1\nWhat: Meeting\n" in told


async def test_a_date_that_was_cancelled_and_comes_back_is_told(post: Post) -> None:
    post.clock.now = int(time.time())
    moved = part(day=6, start="20260106T120000Z")
    await post.add(request(moved), BOB)
    await post.send(1)
    await post.add(message("CANCEL", part(day=6, sequence=1)), BOB)
    await post.send(1)
    await post.add(request(sequence=2), BOB)
    await post.send(1)

    told = read(post.server.taken[-1][2])
    assert "Changed: No longer: Not on Tuesday 6 January 2026\nWhat: Meeting\n" in told


async def test_what_was_cancelled_and_is_sent_again_takes_place_after_all(post: Post) -> None:
    post.clock.now = int(time.time())
    subjects = []
    for text in (
        request(),
        message("CANCEL", part(sequence=1)),
        request(sequence=2),
        request(sequence=3),
    ):
        await post.add(text, BOB)
        subjects += await post.send(1)

    assert subjects == [
        "bob@example.net: Invitation: Meeting",
        "bob@example.net: Cancelled: Meeting",
        "bob@example.net: Takes place after all: Meeting",
        "bob@example.net: Updated: Meeting",
    ]
    assert "Changed" not in read(post.server.taken[2][2])


async def test_what_was_cancelled_long_ago_is_not_guessed_at(post: Post) -> None:
    post.clock.now = int(time.time())
    await post.add(request(), BOB)
    await post.send(1)
    await post.add(message("CANCEL", part(sequence=1)), BOB)
    await post.send(mails.WAITED_S + 60)
    await post.add(request(sequence=2), BOB)

    assert await post.send() == ["bob@example.net: Updated: Meeting"]
