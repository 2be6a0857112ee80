"""The program itself with mail set up: what waits leaves, and what arrives is taken in."""

from __future__ import annotations

import asyncio
import json
import smtplib
import socket
from pathlib import Path

from caldavd.store import ids, principals, tasks
from caldavd.store.connect import connect
from caldavd.store.engine import WriteTx
from caldavd.store.tasks import MAIL, Message
from tests.client.served import USER, Served, environment, serving
from tests.store.imap_server import PASSWORD, mailbox_server
from tests.store.imap_server import USER as USERNAME
from tests.store.smtp_server import mail_server
from tests.unit.itip.messages import message, part, request
from tests.unit.itip.test_incoming_mail import calendar_part, multipart, whole

WAIT_S = 30


async def queue_mail(location: Path | str) -> None:
    """An invitation that is to be sent to bob, added by another process."""
    db = await connect(location, pool_size=1)

    async def work(tx: WriteTx) -> None:
        owner = await principals.by_name(tx, USER)
        assert owner is not None
        row = Message(ids.new(), "u", "REQUEST", "mailto:ann@example.com", request(), 1)
        await tasks.add_message(tx, row)
        await tasks.add(tx, [tasks.new(MAIL, owner.id, 1, row.id, "mailto:bob@example.net")])

    try:
        await db.write(work)
    finally:
        await db.close()


async def test_a_server_with_mail_sends_and_takes_in(location: Path | str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        lmtp = free.getsockname()[1]
    async with mail_server() as smtp, mailbox_server() as mailbox:
        mailbox.arrive(answer(f"{USER}@localhost"))
        environ = environment(
            location,
            CALDAVD_MAIL__SMTP_HOST="127.0.0.1",
            CALDAVD_MAIL__SMTP_PORT=str(smtp.port),
            CALDAVD_MAIL__TLS="none",
            CALDAVD_MAIL__FROM_ADDRESS="calendar@example.com",
            CALDAVD_MAIL__LMTP=f"127.0.0.1:{lmtp}",
            CALDAVD_MAIL__IMAP_HOST="127.0.0.1",
            CALDAVD_MAIL__IMAP_PORT=str(mailbox.port),
            CALDAVD_MAIL__IMAP_TLS="none",
            CALDAVD_MAIL__IMAP_USERNAME=USERNAME,
            CALDAVD_MAIL__IMAP_PASSWORD=PASSWORD,
            CALDAVD_MAIL__IMAP_DONE_FOLDER="Done",
            CALDAVD_MAIL__IMAP_EVERY_S="5",
        )
        with serving(tmp_path, environ) as served:
            address = f"{USER}@localhost"
            await queue_mail(location)
            await asyncio.to_thread(deliver, lmtp, address)
            async with asyncio.timeout(WAIT_S):
                while not smtp.taken:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                while MAIL in (await asyncio.to_thread(kinds, served)):
                    pass
                while mailbox.folders["INBOX"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            checked = await asyncio.to_thread(served.run, "mail", "check")
            status = await asyncio.to_thread(served.stop)
            log = served.log

    assert checked.stdout == "INBOX at 127.0.0.1 has 0 unseen mails\n"
    assert [flags for _, flags in mailbox.flags("Done")] == [["\\Seen"]]
    assert log.count("mail received fate=delivered") == 2
    assert [(to, mail["Subject"]) for _, to, mail in smtp.taken] == [
        ("bob@example.net", "Invitation: Meeting")
    ]
    assert "mail received fate=delivered" in log
    assert "task=" in next(line for line in log.splitlines() if "mail sent" in line)
    assert (status, " ERROR " in log, "Traceback" in log) == (0, False, False)


def answer(organizer: str) -> bytes:
    """An answer of cid to a meeting of the account."""
    text = message("REPLY", part(people=["cid=ACCEPTED"])).replace("ann@example.com", organizer)
    return whole(multipart("mixed", calendar_part(text)), sender="From: cid@example.com")


def deliver(port: int, organizer: str) -> None:
    """Hands over an answer of cid to a meeting of the account."""
    body = answer(organizer)
    with smtplib.LMTP("127.0.0.1", port) as client:
        client.sendmail("cid@example.com", [organizer], body)


def kinds(served: Served) -> set[str]:
    """The kinds of the tasks that the server has."""
    found: list[dict[str, str]] = json.loads(served.run("tasks", "list", "--json").stdout)
    return {one["kind"] for one in found}
