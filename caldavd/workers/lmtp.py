"""Mails from a mail server beside this one, by LMTP (RFC 2033): as much of it as that needs.

aiosmtpd has an LMTP class, but answers once for all recipients after DATA where §4.2 asks for an
answer each; and a listener for one trusted neighbour is smaller than its use would be.
"""

from __future__ import annotations

import asyncio
import logging
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from caldavd.service.mail_in import Received
from caldavd.store.engine import Unavailable

_log: Final = logging.getLogger(__name__)

MAX_LINE: Final = 2_000
MAX_RECIPIENTS: Final = 100
MAX_CONNECTIONS: Final = 20
MAX_COMMANDS: Final = 10_000
IDLE_S: Final = 60
DATA_S: Final = 300
AGAIN_S: Final = 60
_CHUNK: Final = 65_536

_PATH: Final = re.compile(r"(?:FROM|TO):\s*<([^<>\s\x00-\x1f]{0,320})>(?:\s+\S.*)?", re.IGNORECASE)

Take = Callable[[bytes, Sequence[str]], Awaitable[Received]]
"""Takes in a mail that was delivered to these addresses. Raises Unavailable."""


class TooLong(Exception):
    """A line or a mail longer than is taken."""


class _Ended(Exception):
    """The other side has said that it goes, or has gone."""


@dataclass(slots=True)
class _Session:
    """A conversation: what was said so far of the next mail."""

    greeted: bool = False
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)

    def reset(self) -> None:
        """Forgets the next mail."""
        self.sender = None
        self.recipients.clear()


class Lmtp:
    """Listens, and gives what arrives to `take`."""

    def __init__(self, take: Take, max_bytes: int) -> None:
        self._take = take
        self._max_bytes = max_bytes
        self._open = 0

    async def serve(self, place: str) -> None:
        """Listens at the path of a unix socket, or at host:port, until it is cancelled.

        Where that cannot be had now it is tried again: the mail server beside us waits.
        """
        while True:
            try:
                server = await self.listen(place)
            except OSError as error:
                _log.error("cannot listen for mail", extra={"at": place, "reason": str(error)})
                await asyncio.sleep(AGAIN_S)
                continue
            _log.info("listening for mail", extra={"at": place})
            try:
                await server.serve_forever()
            finally:
                server.close()
                _remove(place)

    async def listen(self, place: str) -> asyncio.Server:
        """The listening server. Raises OSError."""
        if place.startswith("/"):
            server = await asyncio.start_unix_server(self._converse, place, limit=_CHUNK)
            await asyncio.to_thread(Path(place).chmod, 0o660)
            return server
        host, _, port = place.rpartition(":")
        return await asyncio.start_server(self._converse, host.strip("[]"), int(port), limit=_CHUNK)

    async def _converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._open += 1
        try:
            if self._open > MAX_CONNECTIONS:
                await _say(writer, "421 4.3.2 too many connections")
                return
            await _say(writer, "220 caldavd LMTP")
            await self._commands(reader, writer)
        except TooLong:
            await _say(writer, "500 5.5.2 the line is too long")
        except (_Ended, OSError, TimeoutError):
            pass
        except Exception:
            _log.exception("conversation by LMTP failed")
        finally:
            self._open -= 1
            writer.close()

    async def _commands(self, reader: StreamReader, writer: StreamWriter) -> None:
        session = _Session()
        for _ in range(MAX_COMMANDS):
            async with asyncio.timeout(IDLE_S):
                line = await _line(reader)
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            if verb.upper() == "DATA":
                await self._data(session, reader, writer)
                continue
            await _say(writer, *_answer(session, verb.upper(), rest, self._max_bytes))
            if verb.upper() == "QUIT":
                return
        await _say(writer, "421 4.7.0 too many commands")

    async def _data(self, session: _Session, reader: StreamReader, writer: StreamWriter) -> None:
        """One mail, and an answer for each of its recipients (§4.2)."""
        if not session.recipients:
            await _say(writer, "503 5.5.1 no valid recipients")
            return
        await _say(writer, "354 go ahead, and end with a dot")
        async with asyncio.timeout(DATA_S):
            body = await _body(reader, self._max_bytes)
        answer = (
            "552 5.3.4 the mail is too long"
            if body is None
            else await self._taken(body, tuple(session.recipients))
        )
        await _say(writer, *[answer] * len(session.recipients))
        session.reset()

    async def _taken(self, body: bytes, recipients: tuple[str, ...]) -> str:
        try:
            received = await self._take(body, recipients)
        except Unavailable:
            return "451 4.3.0 the database is not available"
        except Exception:
            _log.exception("mail not taken")
            return "451 4.3.0 this failed, try again later"
        return f"250 2.0.0 {received.fate.value}"


def _remove(place: str) -> None:
    if place.startswith("/"):
        Path(place).unlink(missing_ok=True)


def _answer(session: _Session, verb: str, rest: str, max_bytes: int) -> Sequence[str]:
    """The answer to a command other than DATA."""
    match verb:
        case "LHLO":
            session.greeted = True
            session.reset()
            extensions = ("ENHANCEDSTATUSCODES", "PIPELINING", "8BITMIME", "SMTPUTF8")
            return ("250-caldavd", *(f"250-{one}" for one in extensions), f"250 SIZE {max_bytes}")
        case "HELO" | "EHLO":
            return ("500 5.5.1 this is LMTP: say LHLO",)
        case "NOOP" | "RSET":
            if verb == "RSET":
                session.reset()
            return ("250 2.0.0 well",)
        case "QUIT":
            return ("221 2.0.0 goodbye",)
        case "MAIL" | "RCPT":
            return (_envelope(session, verb, rest),)
    return ("500 5.5.1 unknown command",)


def _envelope(session: _Session, verb: str, rest: str) -> str:
    found = _PATH.fullmatch(rest.strip())
    word = "FROM" if verb == "MAIL" else "TO"
    if found is None or not rest.strip().upper().startswith(word):
        return f"501 5.5.4 {verb} {word}:<address>"
    if verb == "MAIL":
        if not session.greeted or session.sender is not None:
            return "503 5.5.1 not now"
        session.sender = found[1]
        return "250 2.1.0 well"
    if session.sender is None:
        return "503 5.5.1 not now"
    if "@" not in found[1]:
        return "550 5.1.3 no mail address"
    if len(session.recipients) >= MAX_RECIPIENTS:
        return "452 4.5.3 too many recipients"
    session.recipients.append(found[1])
    return "250 2.1.5 well"


async def _line(reader: StreamReader, limit: int = MAX_LINE) -> bytes:
    """A line with its end. Raises TooLong, _Ended."""
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError:
        raise TooLong from None
    except asyncio.IncompleteReadError:
        raise _Ended from None
    if len(line) > limit:
        raise TooLong
    return line


async def _body(reader: StreamReader, max_bytes: int) -> bytes | None:
    """A mail up to the dot that ends it, dots taken off (RFC 5321 §4.5.2); None: it is too long.

    A longer one is read to its end all the same, so that it can be refused. Only CRLF ends a line
    there: else a mail could hold another one, which no mail server before has seen.
    """
    lines: list[bytes] = []
    size = 0
    while True:
        line = await _line(reader, _CHUNK)
        while not line.endswith(b"\r\n"):
            line += await _line(reader, _CHUNK)
            if len(line) > max_bytes + _CHUNK:
                raise TooLong
        if line == b".\r\n":
            return None if size > max_bytes else b"".join(lines)
        line = line.removeprefix(b".")
        size += len(line)
        if size <= max_bytes:
            lines.append(line)


async def _say(writer: StreamWriter, *lines: str) -> None:
    writer.write("".join(f"{line}\r\n" for line in lines).encode())
    async with asyncio.timeout(IDLE_S):
        await writer.drain()
