"""A mailbox that is looked into (RFC 3501), over real sockets, on both databases."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

import pytest

from caldavd.itip.incoming_mail import addressed_to
from caldavd.service import accounts
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.service.mail_in import Rules
from caldavd.store import leases, mails, queue
from caldavd.store.engine import Database, Unavailable, WriteTx
from caldavd.workers import imap, mail_in, mailbox
from caldavd.workers.imap import NotRead
from caldavd.workers.mailbox import Means, Poller
from tests.client.served import self_signed
from tests.store.imap_server import MailboxServer, mailbox_server
from tests.store.test_mail_in import NOW, invitation, mail, reply
from tests.unit.itip.test_incoming_mail import whole

T = TypeVar("T")

ANSWER = mail(reply("cid=ACCEPTED"), "cid@example.com")
OTHER = mail(reply("dan=ACCEPTED"), "dan@example.com")
SPAM = whole("\r\nBuy!", sender="From: eve@example.net")


@dataclass(slots=True)
class Looked:
    """A poller, its mailbox, and the time that it sees."""

    db: Database
    server: MailboxServer
    seconds: float = 0.0
    counted: list[bool] = field(default_factory=list)
    fates: list[str] = field(default_factory=list)
    poller: Poller = field(init=False)

    def __post_init__(self) -> None:
        self.poller = self.another()

    def another(self, db: Database | Broken | None = None, **account: object) -> Poller:
        """A poller as another process would have it."""
        take = mail_in.Means(
            cast(Database, db or self.db),
            lambda: NOW + round(self.seconds),
            Rules("calendar@example.com"),
            max_bytes=100_000,
            count=lambda fate: self.fates.append(fate.value),
        )
        of = self.server.account(**({"done": "Done", "timeout_s": 5} | account))
        means = Means(of, take, 60, self.counted.append, lambda: self.seconds)
        return Poller(means)

    async def handed(self) -> list[tuple[str, str | None]]:
        """To whom what was handed over."""
        found = await self.db.read(lambda tx: queue.queued(tx, dead=False, limit=100))
        return [(one.owner, one.method) for one in found]

    async def kept(self) -> list[str]:
        return [one.reason for one in await self.db.read(mails.kept)]


@pytest.fixture
async def looked(db: Database) -> AsyncIterator[Looked]:
    async def make(tx: WriteTx) -> None:
        for name in ("ann", "bob"):
            new = NewAccount(name, addresses=(f"{name}@example.com",))
            await accounts.create(tx, new, None, Defaults(), NOW)

    await db.write(make)
    async with mailbox_server() as server:
        yield Looked(db, server)


async def test_what_is_unseen_is_taken_in_and_moved(looked: Looked) -> None:
    looked.server.arrive(ANSWER)
    looked.server.arrive(OTHER)

    await looked.poller.work()

    assert await looked.handed() == [("ann", "REPLY"), ("ann", "REPLY")]
    assert looked.server.flags() == []
    assert [flags for _, flags in looked.server.flags("Done")] == [["\\Seen"], ["\\Seen"]]
    assert (looked.counted, looked.fates) == ([True], ["delivered", "delivered"])


@pytest.mark.parametrize(
    ("capabilities", "left"),
    [("UIDPLUS", []), ("", [(1, ["\\Deleted", "\\Seen"])])],
)
async def test_a_server_that_cannot_move_copies(
    looked: Looked, capabilities: str, left: list[object]
) -> None:
    looked.server.capabilities = capabilities
    looked.server.arrive(ANSWER)

    await looked.poller.work()
    await looked.poller.work()

    assert looked.server.flags() == left
    assert [flags for _, flags in looked.server.flags("Done")] == [["\\Seen"]]
    assert len(await looked.handed()) == 1


async def test_without_a_folder_to_move_to_mails_stay_and_are_seen(looked: Looked) -> None:
    uid = looked.server.arrive(ANSWER)
    poller = looked.another(done="")

    await poller.work()
    await poller.work()

    assert looked.server.flags() == [(uid, ["\\Seen"])]
    assert len(await looked.handed()) == 1


async def test_what_is_of_no_use_stays_and_is_flagged(looked: Looked) -> None:
    uid = looked.server.arrive(SPAM)

    await looked.poller.work()
    await looked.poller.work()

    assert looked.server.flags() == [(uid, ["\\Flagged", "\\Seen"])]
    assert await looked.kept() == ["the mail has no part that is text/calendar"]


async def test_what_people_have_seen_is_left_alone(looked: Looked) -> None:
    uid = looked.server.arrive(ANSWER)
    looked.server.folders["INBOX"][0].flags.add("\\Seen")

    await looked.poller.work()

    assert looked.server.flags() == [(uid, ["\\Seen"])]
    assert await looked.handed() == []


async def test_of_a_mail_that_is_too_long_the_beginning_is_kept(looked: Looked) -> None:
    uid = looked.server.arrive(SPAM + b"x" * 200_000)

    await looked.poller.work()

    assert looked.server.flags() == [(uid, ["\\Flagged", "\\Seen"])]
    (reason,) = await looked.kept()
    assert reason == f"the mail has {200_000 + len(SPAM)} octets, more than 100000"


async def test_an_invitation_is_for_those_it_was_delivered_to(looked: Looked) -> None:
    text = invitation("ann", "bob")
    looked.server.arrive(mail(text, "eve@example.net", "Delivered-To: bob@example.com"))

    await looked.poller.work()

    assert await looked.handed() == [("bob", "REQUEST")]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ("To: A <A@x.org>, b@x.org\r\nCc: c@x.org", ("a@x.org", "b@x.org", "c@x.org")),
        ("To: a@x.org\r\nDelivered-To: b@x.org", ("b@x.org",)),
        ("To: undisclosed-recipients:;", ()),
        (f"To: {'a' * 5_000}@x.org", ()),
        ("Subject: none", ()),
    ],
)
def test_whom_a_mail_is_for_is_read_from_its_headers(
    headers: str, expected: tuple[str, ...]
) -> None:
    assert addressed_to(f"{headers}\r\n\r\nTo: z@x.org".encode()) == expected


async def test_what_was_taken_in_and_not_marked_is_taken_in_again(looked: Looked) -> None:
    looked.server.arrive(ANSWER)
    looked.server.faults["UID STORE"] = "TAG NO the disk is full"
    await looked.poller.work()
    del looked.server.faults["UID STORE"]
    looked.seconds = 1_000

    await looked.poller.work()

    assert (looked.counted, looked.server.flags()) == ([False, True], [])
    assert len(await looked.handed()) == 2


class Broken:
    """A database that cannot take in what a mail says."""

    def __init__(self, db: Database, error: Exception) -> None:
        self.dialect = db.dialect
        self.read = db.read
        self.close = db.close
        self._db = db
        self._error = error

    async def write(self, work: partial[Awaitable[T]]) -> T:
        if work.func.__name__ == "_receive":
            raise self._error
        return await self._db.write(work)


async def test_what_cannot_be_stored_now_stays_unseen(looked: Looked) -> None:
    uid = looked.server.arrive(ANSWER)
    poller = looked.another(Broken(looked.db, Unavailable("busy")))

    with pytest.raises(Unavailable):
        await poller.work()

    assert looked.server.flags() == [(uid, [])]


async def test_a_mail_that_the_server_fails_at_is_set_aside_in_the_end(looked: Looked) -> None:
    bad = looked.server.arrive(ANSWER)
    poller = looked.another(Broken(looked.db, RuntimeError("bug")))
    seen = []
    for _ in range(mailbox.MAX_FAULTS):
        seen.append(looked.server.flags())
        await poller.work()

    assert seen == [[(bad, [])]] * mailbox.MAX_FAULTS
    assert looked.server.flags() == [(bad, ["\\Flagged", "\\Seen"])]
    assert await looked.kept() == ["this server failed at it: its log says why"]


async def test_one_process_looks_at_a_time(looked: Looked) -> None:
    looked.server.arrive(ANSWER)

    async def hold(tx: WriteTx) -> bool:
        return await leases.hold(tx, leases.MAILBOX, "another", NOW, NOW + 300)

    assert await looked.db.write(hold)
    await looked.poller.work()
    assert (looked.server.connections, looked.counted) == (0, [])

    looked.seconds = 301
    await looked.poller.work()

    assert (looked.server.connections, await looked.handed()) == (1, [("ann", "REPLY")])


async def test_of_many_who_want_a_lease_at_once_one_has_it(db: Database) -> None:
    async def hold(number: int) -> bool:
        want = partial(leases.hold, name="x", holder=str(number), now=NOW, until=NOW + 9)
        return await db.write(want)

    first = await asyncio.gather(*(hold(number) for number in range(8)))
    again = await asyncio.gather(*(hold(number) for number in range(8)))

    assert (sum(first), again) == (1, first)


async def test_a_lease_is_free_once_a_look_has_ended(looked: Looked) -> None:
    await looked.poller.work()
    await looked.another().work()

    assert looked.counted == [True, True]


async def test_after_failures_it_looks_less_often_and_says_so(
    looked: Looked, caplog: pytest.LogCaptureFixture
) -> None:
    looked.server.greeting = "* BYE too busy"
    times: list[float] = []
    with caplog.at_level(logging.WARNING):
        for looked.seconds in range(0, 1_000, 60):
            await looked.poller.work()
            times += [looked.seconds] if len(looked.counted) > len(times) else []

    assert times == [0, 120, 360, 840]
    assert [one.getMessage() for one in caplog.records] == ["mailbox not read"] * 4
    assert {one.reason for one in caplog.records} == {  # type: ignore[attr-defined]
        "the server greets with * BYE too busy"
    }


@pytest.mark.parametrize(
    ("name", "fault", "reason"),
    [
        ("LOGIN", 'TAG NO not "calendar" a "secret" \\ pass', 'LOGIN is answered with NO not "'),
        ("SELECT", "TAG NO there is no INBOX", "SELECT is answered with NO there is no ..."),
        ("UID SEARCH", "* BYE going down", "the server goes: * BYE going down"),
        ("UID SEARCH", "* SEARCH " + "1" * 2_000_000, "the server answers with too long a line"),
        ("UID FETCH", "* 1 FETCH (UID 1 BODY[] {99999999999}", "more than was asked for"),
        ("UID FETCH", "* 1 X\r\n" * 20_000, "more than 10000 responses to UID FETCH"),
        ("CAPABILITY", "", "no answer within 1 s"),
    ],
)
async def test_what_a_server_does_wrong_is_said(
    looked: Looked, name: str, fault: str, reason: str
) -> None:
    looked.server.arrive(ANSWER)
    looked.server.faults[name] = fault

    with pytest.raises(NotRead) as caught:
        async with imap.opened(looked.server.account(timeout_s=1), 100_000) as opened:
            for uid in await opened.unseen():
                await opened.mail(uid, 1_000)

    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_who_cannot_be_reached_is_said(looked: Looked) -> None:
    account = replace(looked.server.account(), port=1)

    with pytest.raises(NotRead, match="ConnectionRefused"):
        async with imap.opened(account, 1):
            raise AssertionError("nothing is there")


async def test_names_of_folders_may_be_of_any_letters(looked: Looked) -> None:
    looked.server.folders = {"Boîte & Co": [], "Bo&AO4-te &- Co": []}
    looked.server.arrive(SPAM, "Bo&AO4-te &- Co")

    async with imap.opened(looked.server.account(folder="Boîte & Co"), 1) as opened:
        assert await opened.unseen() == [1]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls") / "tls.pem")


@pytest.mark.parametrize("tls", ["tls", "starttls"])
async def test_it_speaks_tls_to_whom_it_trusts(certificate: Path, tls: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with mailbox_server(context, starttls=tls == "starttls") as server:
        server.arrive(SPAM)
        account = replace(server.account(), host="localhost", tls=tls)  # type: ignore[arg-type]

        async with imap.opened(replace(account, context=trusting), 1_000) as opened:
            assert await opened.mail((await opened.unseen())[0], 1_000) == SPAM
        with pytest.raises(NotRead, match="certificate"):
            async with imap.opened(account, 1_000):
                raise AssertionError("nobody vouches for it")

        assert server.said.count("LOGIN") == 1


async def test_a_server_that_knows_no_starttls_gets_no_password(looked: Looked) -> None:
    account = replace(looked.server.account(), tls="starttls")

    with pytest.raises(NotRead, match="STARTTLS"):
        async with imap.opened(account, 1_000):
            raise AssertionError("it is not private")

    assert looked.server.said == ["STARTTLS"]
