"""LMTP (RFC 2033): the listener, spoken to over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from caldavd.service.mail_in import Fate, Received
from caldavd.store.engine import Unavailable
from caldavd.workers import lmtp
from caldavd.workers.lmtp import Lmtp

MAX_BYTES = 100_000
GREETING = b"LHLO mx\r\nMAIL FROM:<cid@example.com>\r\nRCPT TO:<ann@example.com>\r\n"


@dataclass(slots=True)
class Taken:
    """What was taken, and what becomes of it."""

    mails: list[tuple[bytes, Sequence[str]]] = field(default_factory=list)
    fails: Exception | None = None

    async def __call__(self, body: bytes, recipients: Sequence[str]) -> Received:
        if self.fails is not None:
            raise self.fails
        self.mails.append((body, recipients))
        return Received(Fate.DELIVERED)


@dataclass(slots=True)
class Listener:
    """A listener on a free port, and what it took."""

    port: int
    taken: Taken

    async def say(self, octets: bytes) -> list[str]:
        """What is answered to octets, after which nothing more comes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(octets)
        writer.write_eof()
        async with asyncio.timeout(10):
            answers = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answers.decode().splitlines()


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    taken = Taken()
    server = await Lmtp(taken, MAX_BYTES).listen("127.0.0.1:0")
    yield Listener(server.sockets[0].getsockname()[1], taken)
    server.close()
    await asyncio.sleep(0.01)


def codes(answers: Sequence[str]) -> list[str]:
    """The last line of each answer: its code."""
    return [line[:3] for line in answers if line[3:4] == " "]


async def test_a_mail_server_hands_over_a_mail(listener: Listener) -> None:
    mail = b"From: cid@example.com\r\n\r\n.dot\r\n..\r\n"

    def deliver() -> None:
        with smtplib.LMTP("127.0.0.1", listener.port) as client:
            client.sendmail("cid@example.com", ["ann@example.com"], mail)

    await asyncio.to_thread(deliver)

    assert listener.taken.mails == [(mail, ("ann@example.com",))]


async def test_each_recipient_has_an_answer(listener: Listener) -> None:
    answers = await listener.say(
        GREETING + b"RCPT TO:<bob@example.com>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"
    )

    assert codes(answers) == ["220", "250", "250", "250", "250", "354", "250", "250", "221"]


async def test_a_connection_carries_several_mails(listener: Listener) -> None:
    again = GREETING.removeprefix(b"LHLO mx\r\n") + b"DATA\r\ntwo\r\n.\r\n"

    await listener.say(GREETING + b"DATA\r\none\r\n.\r\n" + again)

    assert [body for body, _ in listener.taken.mails] == [b"one\r\n", b"two\r\n"]


@pytest.mark.parametrize(
    "said",
    [
        b"MAIL FROM:<cid@example.com>\r\n",
        b"LHLO mx\r\nRCPT TO:<ann@example.com>\r\n",
        b"LHLO mx\r\nMAIL FROM:<cid@example.com>\r\nDATA\r\n",
        b"LHLO mx\r\nMAIL FROM:<a@b\x00c>\r\n",
        b"LHLO mx\r\nMAIL TO:<ann@example.com>\r\n",
        b"LHLO mx\r\nMAIL FROM:<cid@example.com>\r\nRCPT TO:<ann>\r\n",
        b"EHLO mx\r\n",
        b"VRFY ann\r\n",
        b"\xff\xfe\r\n",
        b"\r\n",
    ],
)
async def test_what_is_out_of_order_is_refused_and_nothing_taken(
    listener: Listener, said: bytes
) -> None:
    answers = await listener.say(said)

    assert codes(answers)[-1] in {"500", "501", "503", "550"}
    assert listener.taken.mails == []


async def test_a_mail_that_does_not_end_is_not_taken(listener: Listener) -> None:
    await listener.say(GREETING + b"DATA\r\nFrom: cid@example.com\r\n\r\n")

    assert listener.taken.mails == []


@pytest.mark.parametrize("ending", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r"])
async def test_only_a_dot_between_whole_line_ends_ends_a_mail(
    listener: Listener, ending: bytes
) -> None:
    hidden = b"MAIL FROM:<eve@example.com>\r\n"

    await listener.say(GREETING + b"DATA\r\nx" + ending + hidden + b"\r\n.\r\n")

    ((body, _),) = listener.taken.mails
    assert hidden in body


async def test_a_mail_that_is_too_long_is_refused_and_the_next_one_taken(
    listener: Listener,
) -> None:
    long = b"DATA\r\n" + b"y" * 70 + b"\r\n" + (b"x" * 70 + b"\r\n") * 3_000 + b".\r\n"
    again = GREETING.removeprefix(b"LHLO mx\r\n") + b"DATA\r\nshort\r\n.\r\n"

    answers = await listener.say(GREETING + long + again)

    assert codes(answers)[5] == "552"
    assert [body for body, _ in listener.taken.mails] == [b"short\r\n"]


async def test_a_line_that_does_not_end_ends_the_conversation(listener: Listener) -> None:
    with contextlib.suppress(ConnectionResetError):  # what was not read is thrown away
        await listener.say(b"x" * 200_000)

    assert codes(await listener.say(b"NOOP\r\n")) == ["220", "250"]


@pytest.mark.parametrize("fault", [Unavailable("busy"), RuntimeError("bug")])
async def test_what_cannot_be_taken_now_is_to_be_sent_again(
    listener: Listener, fault: Exception
) -> None:
    listener.taken.fails = fault

    answers = await listener.say(GREETING + b"DATA\r\nx\r\n.\r\n")

    assert codes(answers)[-1] == "451"


async def test_recipients_are_bounded(listener: Listener) -> None:
    answers = await listener.say(GREETING + b"RCPT TO:<bob@example.com>\r\n" * 150)

    assert codes(answers).count("452") == 51


async def test_connections_are_bounded(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmtp, "MAX_CONNECTIONS", 0)

    assert codes(await listener.say(b"")) == ["421"]


async def test_a_unix_socket_goes_with_the_listener(tmp_path: Path) -> None:
    place = tmp_path / "lmtp.sock"
    taken = Taken()
    serving = asyncio.create_task(Lmtp(taken, MAX_BYTES).serve(str(place)))
    for _ in range(500):
        if place.exists():
            break
        await asyncio.sleep(0.01)

    reader, writer = await asyncio.open_unix_connection(str(place))
    writer.write(GREETING + b"DATA\r\nx\r\n.\r\nQUIT\r\n")
    answers = (await reader.read()).decode().splitlines()
    mode = place.stat().st_mode & 0o777
    writer.close()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)

    assert (codes(answers)[-1], mode, place.exists()) == ("221", 0o660, False)
    assert [body for body, _ in taken.mails] == [b"x\r\n"]
