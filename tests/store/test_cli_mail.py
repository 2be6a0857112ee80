"""`caldavd mail` and `caldavd tasks` on both databases."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from caldavd.cli.failure import FAILED, MISUSED
from caldavd.store import ids, keys, principals, tasks
from caldavd.store.connect import connect
from caldavd.store.engine import WriteTx
from caldavd.store.tasks import MAIL, Message
from tests.store.cli import Done, Shell, environment
from tests.store.smtp_server import mail_server
from tests.unit.itip.messages import message, part
from tests.unit.itip.test_incoming_mail import calendar_part, multipart, whole

NOW = 1_800_000_000
REPLY = whole(
    multipart("mixed", calendar_part(message("REPLY", part(people=["cid=ACCEPTED"])))),
    sender="From: cid@example.com",
).decode()
SPAM = "From: eve@example.net\r\n\r\nBuy!\r\n"


@pytest.fixture
def caldavd(
    location: Path | str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """The command line on a database with the account ann."""
    for name, value in environment(location, tmp_path).items():
        monkeypatch.setenv(name, value)
    shell = Shell(capsys, monkeypatch)
    made = shell(
        *("user", "add", "ann", "--email", "ann@example.com", "--password-stdin"),
        stdin="a secret that is long\n",
    )
    assert made.status == 0, made.err
    return shell


def add_mails(location: Path | str) -> list[int]:
    """A mail that waits, and one that is dead: their ids."""

    async def work(tx: WriteTx) -> list[int]:
        ann = await principals.by_name(tx, "ann")
        assert ann is not None
        row = Message(ids.new(), "u", "REQUEST", "mailto:ann@example.com", "text", NOW)
        await tasks.add_message(tx, row)
        new = [tasks.new(MAIL, ann.id, NOW + n, row.id, f"mailto:p{n}@x.org") for n in (0, 9)]
        await tasks.add(tx, new)
        (claimed,) = await tasks.claim(tx, MAIL, NOW, 60, 1)
        await tasks.failed(tx, claimed, NOW, "550 no such user", None)
        return [new[1].id, new[0].id]

    async def run() -> list[int]:
        db = await connect(location, pool_size=1, synchronous="off")
        try:
            return await db.write(work)
        finally:
            await db.close()

    return asyncio.run(run())


def test_an_answer_is_taken_in_from_standard_input(caldavd: Shell) -> None:
    done = caldavd("mail", "receive", stdin=REPLY)

    assert done == Done(0, "taken in for 1 account\n", "")
    (row,) = caldavd("tasks", "list", "--json").json
    assert (row["kind"], row["user"], row["method"], row["to"], row["dead"]) == (
        *("itip", "ann", "REPLY", "ann@example.com", False),
    )


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("To: Ann <ann@example.com>", "to whom it came did not ask cid@example.com to that"),
        ("Delivered-To: ann@example.com", "to whom it came did not ask cid@example.com to that"),
        ("To: calendar@example.com", "came to nobody who has an account here"),
    ],
)
def test_whom_it_was_delivered_to_is_in_its_headers(
    caldavd: Shell, header: str, reason: str
) -> None:
    """An answer of Exchange, which names no organizer."""
    answer = message("REPLY", part(people=["cid=ACCEPTED"]))
    answer = answer.replace("ORGANIZER:mailto:ann@example.com\r\n", "")
    mail = whole(multipart("mixed", calendar_part(answer)), header, sender="From: cid@example.com")

    done = caldavd("mail", "receive", stdin=mail.decode())

    assert done == Done(0, "", f"refused: it names no organizer, and {reason}\n")


def test_what_is_of_no_use_is_kept_shown_and_removed(caldavd: Shell) -> None:
    done = caldavd("mail", "receive", stdin=SPAM)
    (row,) = caldavd("mail", "list", "--json").json

    assert done == Done(0, "", "refused: the mail has no part that is text/calendar\n")
    assert (row["sender"], row["reason"]) == (
        "eve@example.net",
        "the mail has no part that is text/calendar",
    )
    assert caldavd("mail", "show", str(row["id"])).out == SPAM
    assert caldavd("mail", "remove", str(row["id"])) == Done(0, "1 mail removed\n", "")
    assert caldavd("mail", "remove", str(row["id"])) == Done(
        FAILED,
        "0 mails removed\n",
        "the others are not there: `caldavd mail list` shows those that are\n",
    )
    assert caldavd("mail", "show", str(row["id"])).status == FAILED


def test_tasks_are_listed_with_what_went_wrong(caldavd: Shell, location: Path | str) -> None:
    waiting, dead = add_mails(location)

    rows = caldavd("tasks", "list", "--json").json

    assert {one["id"]: (one["to"], one["dead"], one["error"]) for one in rows} == {
        waiting: ("p9@x.org", False, None),
        dead: ("p0@x.org", True, "550 no such user"),
    }
    assert [one["id"] for one in caldavd("tasks", "list", "--dead", "--json").json] == [dead]
    table = caldavd("tasks", "list", "--dead").out.splitlines()
    assert table[0].split() == ["ID", "KIND", "USER", "METHOD", "TO", "ATTEMPTS", "NEXT", "ERROR"]
    assert table[1].endswith("-     550 no such user")


@pytest.mark.parametrize("by_id", [True, False])
def test_a_dead_task_is_tried_again(caldavd: Shell, location: Path | str, by_id: bool) -> None:
    _, dead = add_mails(location)

    done = caldavd("tasks", "retry", str(dead) if by_id else "--all")

    assert done == Done(0, "1 task to be tried again\n", "")
    assert caldavd("tasks", "list", "--dead", "--json").json == []
    assert len(caldavd("tasks", "list", "--json").json) == 2


@pytest.mark.parametrize("by_id", [True, False])
def test_a_dead_task_is_removed(caldavd: Shell, location: Path | str, by_id: bool) -> None:
    waiting, dead = add_mails(location)

    done = caldavd("tasks", "remove", str(dead) if by_id else "--all-dead")

    assert done == Done(0, "1 task removed\n", "")
    assert [one["id"] for one in caldavd("tasks", "list", "--json").json] == [waiting]


def test_tasks_are_named_or_all_but_not_both(caldavd: Shell) -> None:
    assert caldavd("tasks", "retry").status == MISUSED
    assert caldavd("tasks", "remove", "7", "--all-dead").status == MISUSED
    assert caldavd("tasks", "retry", "7") == Done(
        FAILED,
        "0 tasks to be tried again\n",
        "the others are not there: `caldavd tasks list` shows those that are\n",
    )


def test_a_test_mail_says_whether_the_settings_work(
    caldavd: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = caldavd("mail", "test", "ann@example.com")
    monkeypatch.setenv("CALDAVD_MAIL__SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("CALDAVD_MAIL__FROM_ADDRESS", "calendar@example.com")
    monkeypatch.setenv("CALDAVD_MAIL__TLS", "none")
    monkeypatch.setenv("CALDAVD_MAIL__SMTP_PORT", "1")
    nowhere = caldavd("mail", "test", "ann@example.com")

    assert (bare.status, bare.err) == (
        FAILED,
        "caldavd: no mail is sent: set smtp_host in [mail]\n",
    )
    assert (nowhere.status, nowhere.out) == (FAILED, "")
    assert nowhere.err.startswith("not sent: SMTPConnectError: ")
    assert caldavd("mail", "test", "nobody").status == MISUSED


async def test_a_test_mail_arrives(caldavd: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    async with mail_server() as server:
        monkeypatch.setenv("CALDAVD_MAIL__SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("CALDAVD_MAIL__FROM_ADDRESS", "calendar@example.com")
        monkeypatch.setenv("CALDAVD_MAIL__TLS", "none")
        monkeypatch.setenv("CALDAVD_MAIL__SMTP_PORT", str(server.port))

        done = await asyncio.to_thread(caldavd, "mail", "test", "ann@example.com")

    assert done == Done(0, "127.0.0.1 took a mail to ann@example.com\n", "")
    assert [(to, mail["Subject"]) for _, to, mail in server.taken] == [
        ("ann@example.com", "A test of caldavd")
    ]


def test_links_in_mails_are_revoked_all_at_once(caldavd: Shell, location: Path | str) -> None:
    async def work() -> tuple[bytes, bytes | None]:
        db = await connect(location, pool_size=1)
        try:
            made = await db.write(lambda tx: keys.ensure(tx, keys.ANSWERS, b"key"))
            kept = await db.write(lambda tx: keys.ensure(tx, keys.ANSWERS, b"other"))
            return made, kept
        finally:
            await db.close()

    made, kept = asyncio.run(work())
    revoked = caldavd("mail", "revoke-links")
    again = caldavd("mail", "revoke-links")

    assert (made, kept) == (b"key", b"key")
    assert (revoked.out, again.out) == (
        "the links in all mails are useless now\n",
        "there are no links yet\n",
    )


def test_a_mailbox_that_cannot_be_read_is_said(
    caldavd: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "set imap_host" in caldavd("mail", "check").err
    for name, value in {"HOST": "127.0.0.1", "PORT": "1", "TLS": "none"}.items():
        monkeypatch.setenv(f"CALDAVD_MAIL__IMAP_{name}", value)
    monkeypatch.setenv("CALDAVD_MAIL__IMAP_USERNAME", "calendar")
    monkeypatch.setenv("CALDAVD_MAIL__IMAP_PASSWORD", "secret")

    done = caldavd("mail", "check")

    assert (done.status, done.out) == (FAILED, "")
    assert done.err.startswith("not read: ConnectionRefusedError")
