"""Meetings with somebody who has no account here: by mail there, and by mail back (RFC 6047)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial

import pytest

from caldavd.dav.server import Server
from caldavd.ical.contentline import read
from caldavd.service.mail_in import Fate, Rules
from caldavd.store import ids, principals, queue, tasks
from caldavd.workers import mail_in
from caldavd.workers.deliver import Deliverer
from caldavd.workers.mail import Mailer, Means
from caldavd.workers.mail_in import Means as MeansIn
from caldavd.workers.outgoing import Identity
from tests.protocol.client import Client
from tests.protocol.meetings import (
    answering,
    meeting,
    messages,
    method,
    only,
    partstats,
    scheduling,
    statuses,
    unfolded,
)
from tests.store.smtp_server import MailServer, mail_server

SERVER = "calendar@example.org"
EVE = "mailto:eve@example.net"
ASKED = (f"ATTENDEE;PARTSTAT=NEEDS-ACTION:{EVE}",)
MINE = "/dav/calendars/ann/calendar/m.ics"


@dataclass(slots=True)
class Beside:
    """A server that mails, and the mail server beside it."""

    server: Server
    deliverer: Deliverer
    smtp: MailServer
    later_s: int = 0

    async def sent(self) -> list[EmailMessage]:
        """The mails that leave now, or that much later."""
        before = len(self.smtp.taken)
        now = self.server.clock() + self.later_s
        means = Means(self.server.db, lambda: now, self.smtp.relay, Identity(SERVER))
        await Mailer(means).work()
        return [mail for _, _, mail in self.smtp.taken[before:]]

    async def returns(self, report: bytes) -> Fate:
        """What becomes of a mail as it came."""
        means = MeansIn(self.server.db, self.server.clock, Rules(SERVER))
        return (await mail_in.take(means, report, (SERVER,))).fate

    async def arrives(self, text: str, sender: str = "eve@example.net") -> Fate:
        """What becomes of a message that arrives by mail."""
        mail = EmailMessage(SMTP)
        mail["From"] = sender
        said = read(text)[0].first("METHOD")
        mail.set_content(text, "calendar", params={"method": said.value if said else ""})
        means = MeansIn(self.server.db, self.server.clock, Rules(SERVER))
        received = await mail_in.take(means, mail.as_bytes(), (SERVER,))
        await self.deliverer.settle(20)
        return received.fate


@pytest.fixture
async def beside(server: Server) -> AsyncIterator[Beside]:
    scheduled, deliverer = scheduling(server)
    rules = replace(scheduled.rules, mails=True)
    deliverer = Deliverer(server.db, rules, server.clock)

    async def settle() -> None:
        await deliverer.settle(20)

    async with mail_server() as smtp:
        yield Beside(replace(scheduled, rules=rules, settle=settle), deliverer, smtp)


def calendar_of(mail: EmailMessage) -> str:
    """The message that a mail carries, unfolded."""
    (found,) = (one for one in mail.walk() if one.get_content_type() == "text/calendar")
    content = found.get_payload(decode=True)
    assert isinstance(content, bytes)
    return unfolded(content.decode())


def answer(invitation: str, partstat: str) -> str:
    """The REPLY of eve to an invitation."""
    text = invitation.replace("METHOD:REQUEST", "METHOD:REPLY")
    text = re.sub(r"ATTENDEE[^\r]*\r\n", "", text)
    return text.replace("END:VEVENT", f"ATTENDEE;PARTSTAT={partstat}:{EVE}\r\nEND:VEVENT")


@pytest.mark.rfc("6047 2")
async def test_who_has_no_account_is_invited_and_answers_by_mail(beside: Beside) -> None:
    ann, bob = Client(beside.server, "ann"), Client(beside.server, "bob")
    put = await ann.put(MINE, meeting("bob", lines=ASKED))
    status = statuses((await ann("GET", MINE)).text)["eve"]

    (invitation,) = await beside.sent()
    fate = await beside.arrives(answer(calendar_of(invitation), "ACCEPTED"))

    assert (put.status, status, fate) == (201, "1.1", Fate.DELIVERED)
    assert (invitation["To"], invitation["Subject"]) == (
        "eve@example.net",
        "Invitation: Meeting",
    )
    assert partstats((await ann("GET", MINE)).text)["eve"] == "ACCEPTED"
    assert partstats((await only(bob))[1])["eve"] == "ACCEPTED"
    assert [method(one) for one in await messages(ann)] == ["REPLY"]
    assert await beside.sent() == []


async def test_nobody_has_more_mails_waiting_than_leave_in_a_day(beside: Beside) -> None:
    """Who may not invite any more changes nothing, and may do what invites nobody."""
    ann, db = Client(beside.server, "ann"), beside.server.db
    owner = await db.read(partial(principals.by_name, name="ann"))
    assert owner is not None
    now = beside.server.clock()
    one = tasks.new(tasks.MAIL, owner.id, now)
    waiting = [one._replace(id=id_) for id_ in ids.many(19_999)]
    await db.write(lambda tx: tasks.add(tx, waiting))

    last = await ann.put(MINE, meeting("bob", lines=ASKED))
    other = MINE.replace("m.ics", "o.ics")
    refused = await ann.put(other, meeting("bob", uid="o", lines=ASKED))
    local = await ann.put(other, meeting("bob", uid="o"))

    assert (last.status, refused.status, local.status) == (201, 429, 201)
    assert refused.headers["Retry-After"] == "3600"
    assert "more than 20000 mails would wait to be sent: try again in an hour" in refused.text


@pytest.mark.rfc("6047 2.3")
async def test_people_of_this_server_stand_in_mails_by_mail_addresses(beside: Beside) -> None:
    ann = Client(beside.server, "ann")
    text = meeting("bob", lines=ASKED)
    for name in ("ann", "bob"):
        text = text.replace(f":mailto:{name}@example.org", f":/dav/principals/{name}/")
    await ann.put(MINE, text)

    (mail,) = await beside.sent()
    fate = await beside.returns(report(mail, "failed", "5.1.1"))

    people = re.findall(r"^(?:ATTENDEE|ORGANIZER)[^:]*:(.*)", calendar_of(mail), re.MULTILINE)
    assert sorted(one.strip() for one in people) == sorted(
        ["mailto:ann@example.org", "mailto:ann@example.org", "mailto:bob@example.org", EVE]
    )
    assert fate is Fate.BOUNCED
    assert statuses((await ann("GET", MINE)).text) == {"eve": "5.1"}


async def test_what_others_answer_is_mailed_to_nobody(beside: Beside) -> None:
    ann, bob = Client(beside.server, "ann"), Client(beside.server, "bob")
    await ann.put(MINE, meeting("bob", lines=ASKED))
    await beside.sent()

    place, text = await only(bob)
    await bob.put(place, answering(text, "bob", "ACCEPTED"))

    assert partstats((await ann("GET", MINE)).text)["bob"] == "ACCEPTED"
    assert await beside.sent() == []


async def test_changes_and_the_end_are_told_in_one_thread(beside: Beside) -> None:
    ann = Client(beside.server, "ann")
    await ann.put(MINE, meeting(lines=ASKED))
    sent = await beside.sent()
    mine = (await ann("GET", MINE)).text

    await ann.put(MINE, mine.replace("T110000Z", "T120000Z"))
    sent += await beside.sent()
    await ann("DELETE", MINE)
    sent += await beside.sent()

    assert [mail["Subject"] for mail in sent] == [
        "Invitation: Meeting",
        "Updated: Meeting",
        "Cancelled: Meeting",
    ]
    assert len({mail["References"] for mail in sent}) == 1
    assert len({mail["Message-ID"] for mail in sent}) == 3


async def test_what_is_cancelled_and_reinstated_takes_place_after_all(beside: Beside) -> None:
    ann = Client(beside.server, "ann")
    await ann.put(MINE, meeting(lines=ASKED))
    sent = await beside.sent()
    mine = (await ann("GET", MINE)).text

    for status in ("CANCELLED", "CONFIRMED"):
        beside.later_s += 10
        await ann.put(MINE, mine.replace("END:VEVENT", f"STATUS:{status}\r\nEND:VEVENT"))
        sent += await beside.sent()

    assert [mail["Subject"] for mail in sent] == [
        "Invitation: Meeting",
        "Cancelled: Meeting",
        "Takes place after all: Meeting",
    ]


async def test_an_invitation_from_elsewhere_is_accepted_by_mail(beside: Beside) -> None:
    bob = Client(beside.server, "bob")
    text = meeting("bob", lines=("SEQUENCE:0",)).replace("mailto:ann@example.org", EVE)
    invitation = text.replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST")

    fate = await beside.arrives(invitation)
    place, stored = await only(bob)
    await bob.put(place, answering(stored, "bob", "DECLINED"))
    (mail,) = await beside.sent()

    assert (fate, mail["To"], mail["Subject"]) == (
        Fate.DELIVERED,
        "eve@example.net",
        "Declined: Meeting",
    )
    reply = calendar_of(mail)
    assert (method(reply), partstats(reply)) == ("REPLY", {"bob": "DECLINED"})


@pytest.mark.rfc("6047 2.2.1")
async def test_an_answer_that_is_forged_changes_nothing(beside: Beside) -> None:
    ann = Client(beside.server, "ann")
    await ann.put(MINE, meeting(lines=ASKED))
    (invitation,) = await beside.sent()
    before = await ann("GET", MINE)

    fate = await beside.arrives(answer(calendar_of(invitation), "DECLINED"), "mallory@example.com")

    after = await ann("GET", MINE)
    assert (fate, after.etag) == (Fate.REFUSED, before.etag)


async def asks_again(beside: Beside, invitation: str) -> Fate:
    """Eve asks how things stand."""
    text = invitation.replace("METHOD:REQUEST", "METHOD:REFRESH")
    return await beside.arrives(re.sub(r"ATTENDEE[^\r]*:mailto:(?!eve)[^\r]*\r\n", "", text))


@pytest.mark.rfc("5546 3.2.6")
async def test_who_asks_how_things_stand_is_mailed_that(beside: Beside) -> None:
    """A mail that is lost can be asked for; who asks in the name of others has few sent to them."""
    ann = Client(beside.server, "ann")
    await ann.put(MINE, meeting(lines=ASKED))
    (invitation,) = await beside.sent()
    asked = calendar_of(invitation)

    fate, soon = await asks_again(beside, asked), await beside.sent()
    beside.later_s = 900
    await asks_again(beside, asked)
    later = await beside.sent()
    await asks_again(beside, asked)
    twice = await beside.sent()

    assert (fate, soon, twice) == (Fate.DELIVERED, [], [])
    (mail,) = later
    assert (mail["To"], mail["Subject"]) == ("eve@example.net", "Invitation: Meeting")
    assert partstats(calendar_of(mail))["eve"] == "NEEDS-ACTION"


async def test_what_goes_away_is_not_kept_by_the_mails_that_say_so(beside: Beside) -> None:
    ann, db = Client(beside.server, "ann"), beside.server.db
    owner = await db.read(partial(principals.by_name, name="ann"))
    assert owner is not None
    await ann.put(MINE, meeting(lines=ASKED))
    one = tasks.new(tasks.MAIL, owner.id, beside.server.clock())
    waiting = [one._replace(id=id_) for id_ in ids.many(20_000)]
    await db.write(lambda tx: tasks.add(tx, waiting))

    removed = await ann("DELETE", MINE)

    assert removed.status == 204


@pytest.mark.rfc("5546 2.1.5")
async def test_an_answer_of_next_year_is_followed_by_one_of_today(beside: Beside) -> None:
    """Programs with a clock that is ahead answer, too."""
    ann = Client(beside.server, "ann")
    await ann.put(MINE, meeting(lines=ASKED))
    (invitation,) = await beside.sent()
    text = answer(calendar_of(invitation), "ACCEPTED")
    ahead = re.sub(r"DTSTAMP:\w+", "DTSTAMP:20390101T000000Z", text)

    await beside.arrives(ahead)
    first = partstats((await ann("GET", MINE)).text)["eve"]
    mine = (await ann("GET", MINE)).text
    await ann.put(MINE, mine.replace("T100000Z", "T120000Z").replace("T110000Z", "T130000Z"))
    (moved,) = await beside.sent()
    await beside.arrives(answer(calendar_of(moved), "DECLINED"))

    assert first == "ACCEPTED"
    assert partstats((await ann("GET", MINE)).text)["eve"] == "DECLINED"


@pytest.mark.rfc("6638 3.2.9")
async def test_who_cannot_be_mailed_is_marked_so_with_the_mail_that_died(beside: Beside) -> None:
    ann = Client(beside.server, "ann")
    await ann.put(MINE, meeting("bob", lines=ASKED))
    before = await ann("GET", MINE)
    token = await sync_token(ann)
    beside.smtp.answers["eve@example.net"] = "550 5.1.1 no such user"

    assert await beside.sent() == []

    after = await ann("GET", MINE)
    assert (statuses(before.text)["eve"], statuses(after.text)) == (
        "1.1",
        {"bob": "1.2", "eve": "5.1"},
    )
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.headers["Schedule-Tag"] == before.headers["Schedule-Tag"]
    assert await sync_token(ann) != token


@pytest.mark.rfc("6638 3.2.9")
async def test_who_is_mailed_at_the_second_try_is_not_marked_any_more(beside: Beside) -> None:
    ann = Client(beside.server, "ann")
    await ann.put(MINE, meeting("bob", lines=ASKED))
    before = await ann("GET", MINE)
    beside.smtp.answers["eve@example.net"] = "550 5.1.1 no such user"
    await beside.sent()
    del beside.smtp.answers["eve@example.net"]

    await beside.server.db.write(partial(queue.retry_all, now=beside.server.clock()))
    sent = await beside.sent()

    after = await ann("GET", MINE)
    assert ([mail["To"] for mail in sent], after.text) == (["eve@example.net"], before.text)
    assert statuses(after.text) == {"bob": "1.2", "eve": "1.1"}


async def test_a_mail_that_is_put_off_marks_nobody(beside: Beside) -> None:
    ann = Client(beside.server, "ann")
    await ann.put(MINE, meeting(lines=ASKED))
    beside.smtp.answers["eve@example.net"] = "450 4.2.1 later"

    assert await beside.sent() == []

    assert statuses((await ann("GET", MINE)).text) == {"eve": "1.1"}


async def test_an_organizer_elsewhere_who_cannot_be_mailed_is_marked(beside: Beside) -> None:
    bob = Client(beside.server, "bob")
    text = meeting("bob", lines=("SEQUENCE:0",)).replace("mailto:ann@example.org", EVE)
    await beside.arrives(text.replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST"))
    place, stored = await only(bob)
    await bob.put(place, answering(stored, "bob", "DECLINED"))
    beside.smtp.answers["eve@example.net"] = "550 5.1.1 no such user"

    await beside.sent()

    (organizer,) = re.findall(r"^ORGANIZER.*$", unfolded((await only(bob))[1]), re.MULTILINE)
    assert "SCHEDULE-STATUS=5.1" in organizer


RETURNED = ("message/rfc822", "text/rfc822-headers")


def report(mail: EmailMessage, action: str, status: str, kind: str = RETURNED[0]) -> bytes:
    """What a mail server says that could not deliver a mail (RFC 3464)."""
    octets = mail.as_bytes()
    if kind == "text/rfc822-headers":
        octets = octets.partition(b"\r\n\r\n")[0] + b"\r\n"
    return b"\r\n".join(
        (
            b"From: Mail Delivery System <MAILER-DAEMON>",
            b"To: calendar@example.org",
            b"Auto-Submitted: auto-replied",
            b'Content-Type: multipart/report; report-type=delivery-status; boundary="r"',
            *(b"", b"--r", b"Content-Type: text/plain", b"", b"Sorry.", b"--r"),
            *(b"Content-Type: message/delivery-status", b"", b"Reporting-MTA: dns; mx.test", b""),
            b"Final-Recipient: rfc822; eve@example.net",
            f"Action: {action}".encode(),
            f"Status: {status}".encode(),
            *(b"", b"--r", f"Content-Type: {kind}".encode(), b"", octets, b"--r--", b""),
        )
    )


@pytest.mark.parametrize("kind", RETURNED)
@pytest.mark.parametrize("status", ["5.1.1", "4.4.7"])
async def test_who_cannot_be_reached_is_marked_when_the_mail_comes_back(
    beside: Beside, kind: str, status: str
) -> None:
    ann = Client(beside.server, "ann")
    await ann.put(MINE, meeting(lines=ASKED))
    before = await ann("GET", MINE)
    (mail,) = await beside.sent()

    fates = [await beside.returns(report(mail, "failed", status, kind)) for _ in range(2)]

    after = await ann("GET", MINE)
    assert fates == [Fate.BOUNCED, Fate.DROPPED]
    assert statuses(after.text) == {"eve": "5.1"}
    assert after.headers["Schedule-Tag"] == before.headers["Schedule-Tag"]


@pytest.mark.parametrize(
    ("action", "status"), [("delayed", "4.4.1"), ("delivered", "2.0.0"), ("delayed", "5.0.0")]
)
async def test_what_is_only_late_marks_nobody(beside: Beside, action: str, status: str) -> None:
    ann = Client(beside.server, "ann")
    await ann.put(MINE, meeting(lines=ASKED))
    (mail,) = await beside.sent()

    fate = await beside.returns(report(mail, action, status))

    assert (fate, statuses((await ann("GET", MINE)).text)) == (Fate.DROPPED, {"eve": "1.1"})


async def test_a_mail_that_comes_back_after_a_newer_one_marks_nobody(beside: Beside) -> None:
    ann = Client(beside.server, "ann")
    await ann.put(MINE, meeting(lines=ASKED))
    (first,) = await beside.sent()
    beside.later_s = 60
    await ann.put(MINE, (await ann("GET", MINE)).text.replace("T110000Z", "T120000Z"))
    (second,) = await beside.sent()

    assert await beside.returns(report(first, "failed", "5.1.1")) is Fate.DROPPED
    assert statuses((await ann("GET", MINE)).text) == {"eve": "1.1"}
    assert await beside.returns(report(second, "failed", "5.1.1")) is Fate.BOUNCED


async def test_what_others_say_came_back_marks_nobody(beside: Beside) -> None:
    ann = Client(beside.server, "ann")
    await ann.put(MINE, meeting(lines=ASKED))
    (mail,) = await beside.sent()
    token = mail["X-Caldavd-Returned"]
    del mail["X-Caldavd-Returned"]
    unmarked = report(mail, "failed", "5.1.1")
    mail["X-Caldavd-Returned"] = ("B" if token[0] == "A" else "A") + token[1:]

    forged = await beside.returns(report(mail, "failed", "5.1.1"))

    assert (forged, await beside.returns(unmarked)) == (Fate.REFUSED, Fate.REFUSED)
    assert statuses((await ann("GET", MINE)).text) == {"eve": "1.1"}


async def sync_token(client: Client) -> str:
    found = await client.propfind(f"{client.home}calendar/", "D:sync-token", depth="0")
    return str(found.text)


OUTLOOK = """\
BEGIN:VCALENDAR
METHOD:REPLY
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Pacific Standard Time
BEGIN:STANDARD
DTSTART:16010101T020000
TZOFFSETFROM:-0700
TZOFFSETTO:-0800
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=11
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:-0800
TZOFFSETTO:-0700
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=2SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
ATTENDEE;PARTSTAT=DECLINED;CN=Eve:mailto:eve@example.net
COMMENT;LANGUAGE=en-US:\\n
UID:m
RECURRENCE-ID;TZID=Pacific Standard Time:20260908T030000
SUMMARY;LANGUAGE=en-US:Declined: Meeting
DTSTART;TZID=Pacific Standard Time:20260908T030000
DTEND;TZID=Pacific Standard Time:20260908T040000
CLASS:PUBLIC
PRIORITY:5
DTSTAMP:20300101T101010Z
TRANSP:OPAQUE
STATUS:CONFIRMED
SEQUENCE:0
LOCATION;LANGUAGE=en-US:
X-MICROSOFT-CDO-APPT-SEQUENCE:0
X-MICROSOFT-CDO-BUSYSTATUS:FREE
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.rfc("5546 3.2.3")
async def test_outlook_answers_to_one_date_without_an_organizer(beside: Beside):
    ann = Client(beside.server, "ann")
    await ann.put(MINE, meeting(lines=ASKED, rrule="FREQ=DAILY;COUNT=3"))
    body = (
        "From: Eve <eve@example.net>\r\nTo: ann@example.org\r\nMIME-Version: 1.0\r\n"
        "Message-ID: <1@example.net>\r\nSubject: Declined: Meeting\r\n"
        'Content-Type: text/calendar; charset="utf-8"; method=REPLY\r\n\r\n'
    ) + OUTLOOK.replace("\n", "\r\n")
    means = MeansIn(beside.server.db, beside.server.clock, Rules(SERVER))

    received = await mail_in.take(means, body.encode(), ["ann@example.org"])
    await beside.deliverer.work()

    assert received.fate is Fate.DELIVERED
    events = unfolded((await ann("GET", MINE)).text).split("BEGIN:VEVENT")[1:]
    answers = [re.findall(r"PARTSTAT=([A-Z-]+)[^:\r\n]*:mailto:eve@", one) for one in events]
    days = [re.findall(r"RECURRENCE-ID[^:]*:(\S+)", one) for one in events]
    assert (answers, days) == ([["NEEDS-ACTION"], ["DECLINED"]], [[], ["20260908T100000Z"]])


async def test_what_is_no_mail_address_is_told_so_at_once(beside: Beside):
    ann = Client(beside.server, "ann")
    lines = [f"ATTENDEE:mailto:{one}" for one in ("", "foo", "not an address", "a@b@c..d")]

    await ann.put(MINE, meeting(lines=tuple(lines)))

    text = unfolded((await ann("GET", MINE)).text)
    assert re.findall(r'ATTENDEE;SCHEDULE-STATUS="?([0-9.]+)"?:mailto:(.*)\r', text) == [
        *(("3.7", ""), ("3.7", "foo"), ("3.7", "not an address"), ("3.7", "a@b@c..d")),
    ]
    assert await beside.sent() == []
    assert await beside.server.db.read(tasks.counts) == {}


@pytest.mark.parametrize(
    ("recipient", "sender", "subjects"),
    [
        (SERVER, "eve@example.net", ["Eve proposes another time: Meeting"]),
        ("ann@example.org", "eve@example.net", []),
        (SERVER, "dan@example.net", []),
    ],
)
async def test_what_reaches_only_the_server_is_mailed_to_the_organizer(
    beside: Beside, recipient: str, sender: str, subjects: list[str]
):
    ann = Client(beside.server, "ann")
    await ann.put(MINE, meeting(lines=ASKED))
    await beside.sent()
    text = meeting(lines=(f"ATTENDEE;CN=Eve;PARTSTAT=TENTATIVE:mailto:{sender}", "COMMENT:Later"))
    text = text.replace("BEGIN:VEVENT", "METHOD:COUNTER\r\nBEGIN:VEVENT", 1)
    body = (
        f"From: Eve <{sender}>\r\nTo: {recipient}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: text/calendar; charset="utf-8"; method=COUNTER\r\n\r\n'
    ) + text
    means = MeansIn(beside.server.db, beside.server.clock, Rules(SERVER))

    for _ in range(2):
        received = await mail_in.take(means, body.encode(), [recipient])
        await beside.deliverer.work()
    beside.later_s = 60
    mails = await beside.sent()
    mails += await beside.sent()

    assert received.fate is Fate.DELIVERED
    assert [one["Subject"] for one in mails] == subjects
