"""Meetings with somebody who has no account here: by mail there, and by mail back (RFC 6047)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from caldavd.dav.server import Server
from caldavd.ical.contentline import read
from caldavd.service.mail_in import Fate, Rules
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

    async def sent(self) -> list[EmailMessage]:
        """The mails that leave now."""
        before = len(self.smtp.taken)
        means = Means(self.server.db, self.server.clock, self.smtp.relay, Identity(SERVER))
        await Mailer(means).work()
        return [mail for _, _, mail in self.smtp.taken[before:]]

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
