"""Mails that arrive, on both databases: what is handed over, and what is refused and kept."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from caldavd.acl.privileges import DELIVER, Privilege
from caldavd.ical.contentline import parameter
from caldavd.ical.parse import parse
from caldavd.ical.parse import stored as reread
from caldavd.itip.imip import Post, write
from caldavd.itip.receive import receive
from caldavd.model import Ace, Grantee
from caldavd.service import accounts
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.service.mail_in import Fate, Received, Rules
from caldavd.service.save import save
from caldavd.store import (
    aces,
    collections,
    identities,
    mails,
    principals,
    queue,
    scheduling,
    tasks,
)
from caldavd.store.engine import Database, WriteTx
from caldavd.store.tasks import ITIP
from caldavd.workers import mail_in
from caldavd.workers.mail_in import MAX_KEPT_BYTES, Means
from tests.unit.builders import calendar
from tests.unit.itip.messages import me, message, organized, part, request
from tests.unit.itip.test_incoming_mail import calendar_part, multipart, whole

NOW = 1_800_000_000
SERVER = "calendar@example.com"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A server with the accounts ann and bob, and what it was handed."""

    db: Database
    means: Means

    async def take(self, body: bytes, *recipients: str, **rules: object) -> Received:
        """What becomes of a mail."""
        means = replace(self.means, rules=replace(self.means.rules, **rules))  # type: ignore[arg-type]
        return await mail_in.take(means, body, recipients)

    async def handed(self) -> list[tuple[str, str, str, str]]:
        """To whom, of whom, which method and text was handed over."""

        async def work(tx: WriteTx) -> list[tuple[str, str, str, str]]:
            found = await queue.queued(tx, dead=False, limit=100)
            rows = await tasks.claim(tx, ITIP, NOW, 60, 100)
            by_id = {one.id: one for one in rows}
            texts = await tasks.messages(tx, [one.message_id or 0 for one in rows])
            return [
                (one.owner, of.sender, of.method, of.text)
                for one in found
                if (of := texts[by_id[one.id].message_id or 0])
            ]

        return await self.db.write(work)

    async def kept(self) -> list[tuple[str, str]]:
        """Senders and reasons of what is kept."""
        return [(one.sender, one.reason) for one in await self.db.read(mails.kept)]


@pytest.fixture
async def mailbox(db: Database) -> Mailbox:
    async def make(tx: WriteTx) -> None:
        for name in ("ann", "bob"):
            new = NewAccount(name, addresses=(f"{name}@example.com",))
            await accounts.create(tx, new, None, Defaults(), NOW)

    await db.write(make)
    return Mailbox(db, Means(db, lambda: NOW, Rules(SERVER)))


def reply(*people: str) -> str:
    """An answer to ann's meeting."""
    return message("REPLY", part(people=people))


def mail(text: str, sender: str, *lines: str) -> bytes:
    """A mail that carries a message, as most programs write it."""
    method = text.partition("METHOD:")[2].partition("\r\n")[0]
    content = multipart("alternative", calendar_part(text, method=method))
    return whole(content, *lines, sender=f"From: {sender}")


def invitation(*people: str) -> str:
    """An invitation of eve, from elsewhere."""
    text = request(people=people)
    return text.replace("ORGANIZER:mailto:ann@example.com", "ORGANIZER:mailto:eve@example.net")


async def test_an_answer_goes_to_the_organizer(mailbox: Mailbox) -> None:
    received = await mailbox.take(mail(reply("cid=ACCEPTED"), "Cid <CID@example.com>"), SERVER)

    assert received.fate is Fate.DELIVERED
    assert await mailbox.handed() == [
        ("ann", "mailto:cid@example.com", "REPLY", reply("cid=ACCEPTED"))
    ]
    assert await mailbox.kept() == []


async def close(mailbox: Mailbox, name: str, *open_to: Ace) -> None:
    """Lets nobody deliver into somebody's inbox but those."""

    async def work(tx: WriteTx) -> None:
        owner = await principals.by_name(tx, name)
        assert owner is not None
        (box,) = (await scheduling.inboxes(tx, [owner.id])).values()
        await aces.replace(tx, owner.id, box.id, open_to)

    await mailbox.db.write(work)


async def id_of(mailbox: Mailbox, name: str) -> int:
    found = await mailbox.db.read(lambda tx: principals.by_name(tx, name))
    assert found is not None
    return found.id


@pytest.mark.rfc("6638 6.1.2")
async def test_an_inbox_that_is_closed_takes_no_mail(mailbox: Mailbox) -> None:
    await close(mailbox, "bob")

    received = await mailbox.take(mail(invitation("bob"), "eve@example.net"), "bob@example.com")

    reason = "whom it is for takes nothing like it from who sent it"
    assert (received, await mailbox.handed()) == (Received(Fate.REFUSED, reason), [])
    assert await mailbox.kept() == [("eve@example.net", reason)]


@pytest.mark.rfc("6638 6.1.3")
async def test_an_inbox_that_takes_answers_takes_no_invitations(mailbox: Mailbox) -> None:
    replies = Privilege.SCHEDULE_DELIVER_REPLY.value
    await close(mailbox, "ann", Ace(Grantee.ALL, 0, replies))

    fates = [
        (await mailbox.take(mail(text, sender), "ann@example.com")).fate
        for text, sender in (
            (reply("cid=ACCEPTED"), "cid@example.com"),
            (invitation("ann"), "eve@example.net"),
        )
    ]

    assert fates == [Fate.DELIVERED, Fate.REFUSED]


@pytest.mark.rfc("6638 6.1.3")
async def test_an_inbox_that_is_open_to_some_takes_their_mail(mailbox: Mailbox) -> None:
    bob = Ace(Grantee.PRINCIPAL, await id_of(mailbox, "bob"), DELIVER.value)
    await close(mailbox, "ann", bob)

    fates = [
        (await mailbox.take(mail(reply(f"{name}=ACCEPTED"), f"{name}@example.com"), SERVER)).fate
        for name in ("bob", "cid")
    ]

    assert fates == [Fate.DELIVERED, Fate.REFUSED]


async def test_who_answers_with_an_account_here_is_told_how_it_stands(mailbox: Mailbox) -> None:
    received = await mailbox.take(mail(reply("bob=ACCEPTED"), "bob@example.com"), SERVER)

    handed = [(to, of, method) for to, of, method, _ in await mailbox.handed()]
    assert (received.fate, len(received.tasks)) == (Fate.DELIVERED, 1)
    assert handed == [
        ("ann", "mailto:bob@example.com", "REPLY"),
        ("ann", "mailto:bob@example.com", "REFRESH"),
    ]


async def test_what_is_handed_over_can_be_applied_and_replayed(mailbox: Mailbox) -> None:
    body = mail(reply("cid=ACCEPTED"), "cid@example.com")
    await mailbox.take(body)
    await mailbox.take(body)
    text = request().replace("METHOD:REQUEST\r\n", "")

    at = datetime.fromtimestamp(NOW, UTC)
    for _, _, method, message_text in await mailbox.handed():
        outcome = receive(parse(text.encode()), reread(message_text), method, me("ann"), at)
        text = outcome.text or text

    (cid,) = [line for line in reread(text).components[0].all("ATTENDEE") if "cid@" in line.value]
    assert parameter(cid, "PARTSTAT") == "ACCEPTED"
    assert outcome.text is None


@pytest.mark.rfc("6047 2.2.1")
@pytest.mark.rfc("6047 3")
@pytest.mark.parametrize(
    ("text", "sender", "reason"),
    [
        (
            reply("cid=DECLINED"),
            "spoof@example.net",
            "a REPLY from spoof@example.net, who is not an attendee of it",
        ),
        (
            message("COUNTER", part(people=["ann", "cid"])),
            "ann@example.com",
            "a COUNTER from ann@example.com, who is not an attendee of it",
        ),
        (
            invitation("bob"),
            "spoof@example.net",
            "a REQUEST from spoof@example.net, who is not the organizer of it",
        ),
        (
            invitation("bob").replace("METHOD:REQUEST", "METHOD:CANCEL"),
            "bob@example.com",
            "a CANCEL from bob@example.com, who is not the organizer of it",
        ),
        (
            request(),
            "ann@example.com",
            "its organizer has an account here: what changes there is sent from there",
        ),
        (
            invitation("dan"),
            "eve@example.net",
            "it is for nobody who has an account here",
        ),
        (
            message("PUBLISH", part()),
            "ann@example.com",
            "what is published is sent to nobody in particular",
        ),
    ],
)
async def test_who_may_not_say_it_is_not_listened_to(
    mailbox: Mailbox, text: str, sender: str, reason: str
) -> None:
    received = await mailbox.take(mail(text, sender))

    assert received == Received(Fate.REFUSED, reason)
    assert await mailbox.handed() == []
    assert await mailbox.kept() == [(sender, reason)]


@pytest.mark.rfc("6047 2.2.1")
async def test_somebody_on_behalf_of_another_is_not_listened_to(mailbox: Mailbox) -> None:
    text = reply("cid=ACCEPTED").replace(
        "PARTSTAT=ACCEPTED:", 'PARTSTAT=ACCEPTED;SENT-BY="mailto:dan@example.net":'
    )

    received = await mailbox.take(mail(text, "dan@example.net"))

    assert received.fate is Fate.REFUSED
    assert await mailbox.handed() == []


async def test_a_counter_is_of_one_of_the_attendees(mailbox: Mailbox) -> None:
    text = message("COUNTER", part(people=["ann", "bob", "cid"]))

    await mailbox.take(mail(text, "cid@example.com"))

    assert [one[:3] for one in await mailbox.handed()] == [
        ("ann", "mailto:cid@example.com", "COUNTER")
    ]


async def test_an_invitation_reaches_those_it_was_delivered_to(mailbox: Mailbox) -> None:
    body = mail(invitation("ann", "bob"), "eve@example.net")

    await mailbox.take(body, "bob@example.com")

    assert [one[:3] for one in await mailbox.handed()] == [
        ("bob", "mailto:eve@example.net", "REQUEST")
    ]


@pytest.mark.parametrize("recipients", [(), (SERVER,)])
async def test_an_invitation_to_the_server_reaches_all_attendees(
    mailbox: Mailbox, recipients: tuple[str, ...]
) -> None:
    await mailbox.take(mail(invitation("ann", "bob"), "eve@example.net"), *recipients)

    assert {one[0] for one in await mailbox.handed()} == {"ann", "bob"}


async def test_an_invitation_that_was_passed_on_reaches_nobody(mailbox: Mailbox) -> None:
    received = await mailbox.take(mail(invitation("ann"), "eve@example.net"), "bob@example.com")

    assert received == Received(Fate.REFUSED, "it is for nobody who has an account here")


async def test_a_trusted_server_speaks_for_its_own_domain_alone(mailbox: Mailbox) -> None:
    trusted = frozenset({"calendar@example.net", "calendar@example.org"})
    text = invitation("bob")

    other = await mailbox.take(mail(text, "calendar@example.org"), trusted=trusted)
    own = await mailbox.take(mail(text, "calendar@example.net"), trusted=trusted)

    assert (other.fate, own.fate) == (Fate.REFUSED, Fate.DELIVERED)
    assert [one[:2] for one in await mailbox.handed()] == [("bob", "mailto:eve@example.net")]


async def test_its_own_mails_come_back_to_no_effect(mailbox: Mailbox) -> None:
    post = Post(SERVER, "cid@example.com", "Cid", "ann@example.com", speaks_as_sender=True)
    body = write(reply("cid=ACCEPTED"), post, datetime(2026, 1, 1, tzinfo=UTC)).as_bytes()

    received = await mailbox.take(body)

    assert received == Received(Fate.DROPPED, "this server sent it itself")
    assert (await mailbox.handed(), await mailbox.kept()) == ([], [])


async def test_what_answers_by_itself_invites_nobody(mailbox: Mailbox) -> None:
    away = "Auto-Submitted: auto-replied"

    invites = await mailbox.take(mail(invitation("bob"), "eve@example.net", away))
    answers = await mailbox.take(mail(reply("cid=ACCEPTED"), "cid@example.com", away))
    words = await mailbox.take(whole("\r\nI am away.", away))

    assert (invites.fate, answers.fate) == (Fate.DROPPED, Fate.DELIVERED)
    assert words == Received(Fate.DROPPED, "a program answered, and nobody waits for that")
    assert await mailbox.kept() == []


@pytest.mark.rfc("6047 4.5")
async def test_of_several_messages_those_that_may_be_are_taken(mailbox: Mailbox) -> None:
    good, bad = reply("cid=ACCEPTED"), reply("dan=ACCEPTED")
    content = multipart("mixed", calendar_part(bad), calendar_part(good))

    received = await mailbox.take(whole(content, sender="From: cid@example.com"))

    assert (received.fate, len(received.tasks)) == (Fate.DELIVERED, 1)
    assert received.reason == "a REPLY from cid@example.com, who is not an attendee of it"


MALFORMED = {
    "no calendar": (whole("\r\nhello"), "the mail has no part that is text/calendar"),
    "a hostile rule": (
        mail(invitation("bob").replace("FREQ=DAILY;COUNT=5", "FREQ=SECONDLY"), "eve@example.net"),
        "",
    ),
    "two calendars in one": (mail(reply("bob") + reply("bob"), "bob@example.com"), ""),
    "a broken line": (mail(calendar("BROKEN", lines=["METHOD:REPLY"]), "bob@example.com"), ""),
    "two who answer": (
        mail(message("REPLY", part(people=["bob", "cid"])), "bob@example.com"),
        "",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_what_is_malformed_is_kept_as_it_came(mailbox: Mailbox, name: str) -> None:
    body, reason = MALFORMED[name]

    received = await mailbox.take(body)

    assert received.fate is Fate.REFUSED
    assert received.reason.startswith(reason) and received.reason
    ((id_, sender),) = [(one.id, one.sender) for one in await mailbox.db.read(mails.kept)]
    kept = await mailbox.db.read(lambda tx: mails.kept_one(tx, id_))
    assert kept is not None
    assert base64.b64decode(kept.content) == body
    assert sender.endswith(("@example.com", "@example.net"))


async def test_what_is_kept_is_bounded(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mails, "MAX_KEPT", 3)

    for number in range(5):
        await mailbox.take(whole(f"\r\n{number}" + "x" * 100_000))

    found = await mailbox.db.read(mails.kept)
    assert len(found) == 3
    newest = await mailbox.db.read(lambda tx: mails.kept_one(tx, found[-1].id))
    assert newest is not None
    content = base64.b64decode(newest.content)
    assert len(content) == MAX_KEPT_BYTES
    assert b"\r\n4xxx" in content


async def organizes(mailbox: Mailbox, name: str, text: str) -> None:
    """Puts an object into somebody's calendar."""

    async def work(tx: WriteTx) -> None:
        (account,) = (await identities.of(tx, (), [name], ())).by_name.values()
        calendar_ = (await collections.calendars(tx, account.id))[0]
        (locked,) = await collections.lock(tx, calendar_.id)
        await save(tx, locked, None, "m.ics", reread(text), NOW, schedule_tag="1")

    await mailbox.db.write(work)


def nameless(*people: str) -> str:
    """An answer as Exchange gives it: without an ORGANIZER."""
    return reply(*people).replace("ORGANIZER:mailto:ann@example.com\r\n", "")


@pytest.mark.rfc("6047 2.2.1")
async def test_an_answer_without_an_organizer_goes_to_the_organizer_whom_it_came_to(
    mailbox: Mailbox,
) -> None:
    await organizes(mailbox, "ann", organized())
    text = nameless("cid=ACCEPTED")

    received = await mailbox.take(mail(text, "cid@example.com"), "Ann@example.com", SERVER)

    assert received.fate is Fate.DELIVERED
    assert await mailbox.handed() == [("ann", "mailto:cid@example.com", "REPLY", text)]


@pytest.mark.parametrize(
    ("people", "sender", "recipient", "reason"),
    [
        (
            "cid=ACCEPTED",
            "cid@example.com",
            SERVER,
            "it names no organizer, and came to nobody who has an account here",
        ),
        (
            "cid=ACCEPTED",
            "cid@example.com",
            "bob@example.com",
            "it names no organizer, and to whom it came did not ask cid@example.com to that",
        ),
        (
            "dan=ACCEPTED",
            "dan@example.com",
            "ann@example.com",
            "it names no organizer, and to whom it came did not ask dan@example.com to that",
        ),
        (
            "cid=ACCEPTED",
            "dan@example.com",
            "ann@example.com",
            "a REPLY from dan@example.com, who is not an attendee of it",
        ),
    ],
)
async def test_an_answer_without_an_organizer_is_refused_to_who_did_not_ask(
    mailbox: Mailbox, people: str, sender: str, recipient: str, reason: str
) -> None:
    await organizes(mailbox, "ann", organized())

    received = await mailbox.take(mail(nameless(people), sender), recipient)

    assert received == Received(Fate.REFUSED, reason)
    assert await mailbox.handed() == []


@pytest.mark.rfc("5545 3.2.12")
@pytest.mark.parametrize("given", ["", "YES PLEASE", '"A;B"', "1STCLASS", "A" * 65])
async def test_an_answer_that_is_no_word_is_refused(mailbox: Mailbox, given: str) -> None:
    text = reply("cid=ACCEPTED").replace("PARTSTAT=ACCEPTED", f"PARTSTAT={given}")

    received = await mailbox.take(mail(text, "cid@example.com"))

    shown = given.strip('"')[:40]
    assert received == Received(
        Fate.REFUSED, f"its PARTSTAT {shown!r} is no answer: send what RFC 5546 asks for"
    )
    assert await mailbox.kept() == [("cid@example.com", received.reason)]
