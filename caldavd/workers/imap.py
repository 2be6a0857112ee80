"""Mails in a mailbox, by IMAP (RFC 3501): as much as reading them and putting them away needs.

The standard library's client blocks, can be stopped only by its socket's timeouts, and takes texts
of any length; this one waits, reads and holds no more than it is told to.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import secrets
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

MAX_LINE: Final = 1_048_576
"""Octets of a line: of one that lists what is unseen, some 140,000 mails."""
MAX_RESPONSES: Final = 10_000
"""Responses to one command."""
MAX_REASON: Final = 300

_LITERAL: Final = re.compile(rb"\{(\d{1,12})\}\r?\n\Z")
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class Account:
    """The mailbox, and how its server is spoken to."""

    host: str
    port: int
    tls: Literal["tls", "starttls", "none"]
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    done: str = ""
    """The folder that mails go to once they are taken in; empty: they stay where they are."""
    timeout_s: float = 30
    """For one command and all its responses."""
    context: ssl.SSLContext | None = None
    """Whom to trust; None: whom the system trusts."""


class NotRead(Exception):
    """The mailbox could not be read, or not written to; the text says why."""


@dataclass(frozen=True, slots=True)
class Response:
    """What the server says: a line without its literals, and these."""

    text: str
    literals: tuple[bytes, ...] = ()


class Mailbox:
    """A conversation with the server, logged in, with the folder open."""

    def __init__(
        self, of: Account, reader: StreamReader, writer: StreamWriter, max_bytes: int
    ) -> None:
        self._of = of
        self._reader = reader
        self._writer = writer
        self._max_bytes = max_bytes
        self._mark = secrets.token_hex(4)
        self._count = 0
        self._can: frozenset[str] = frozenset()

    async def begin(self) -> None:
        """Makes it private, logs in, and opens the folder. Raises NotRead."""
        async with asyncio.timeout(self._of.timeout_s):
            greeting = await self._response()
        if not greeting.text.upper().startswith("* OK"):
            raise NotRead(f"the server greets with {_shown(greeting.text)}")
        if self._of.tls == "starttls":
            await self._command("STARTTLS")
            async with asyncio.timeout(self._of.timeout_s):
                await self._writer.start_tls(_context(self._of), server_hostname=self._of.host)
        await self._command("LOGIN", self._of.username, self._of.password)
        # What was said before TLS and login counts for nothing.
        said = await self._command("CAPABILITY")
        self._can = frozenset(word for one in said for word in one.text.upper().split())
        await self._command("SELECT", _folder(self._of.folder))
        if self._of.done:
            with contextlib.suppress(_Refused):  # it is there already
                await self._command("CREATE", _folder(self._of.done))

    async def unseen(self) -> list[int]:
        """The UIDs of mails that nobody has seen, oldest first."""
        found: list[int] = []
        for one in await self._command("UID SEARCH UNSEEN UNDELETED"):
            if one.text.upper().startswith("* SEARCH"):
                found += [int(word) for word in one.text.split()[2:] if word.isdecimal()]
        return sorted(set(found))

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Octets of mails by UID; those that are gone are not among them."""
        wanted = ",".join(map(str, uids))
        found: dict[int, int] = {}
        for one in await self._command(f"UID FETCH {wanted} (UID RFC822.SIZE)"):
            uid, size = _number(one, "UID"), _number(one, "RFC822.SIZE")
            if uid is not None and size is not None:
                found[uid] = size
        return {uid: size for uid, size in found.items() if uid in uids}

    async def mail(self, uid: int, octets: int) -> bytes | None:
        """A mail, at most so many octets of it, which stays unseen; None: it is gone."""
        part = f"BODY.PEEK[]<0.{min(octets, self._max_bytes)}>"
        for one in await self._command(f"UID FETCH {uid} (UID {part})"):
            if _number(one, "UID") == uid and "BODY[]" in one.text.upper():
                return b"".join(one.literals[:1])
        return None

    async def put_away(self, uid: int) -> None:
        """Marks a mail as seen, and moves it to the folder for those that were taken in."""
        await self._command(rf"UID STORE {uid} +FLAGS.SILENT (\Seen)")
        if not self._of.done:
            return
        folder = _folder(self._of.done)
        if "MOVE" in self._can:  # RFC 6851
            await self._command(f"UID MOVE {uid}", folder)
            return
        await self._command(f"UID COPY {uid}", folder)
        await self._command(rf"UID STORE {uid} +FLAGS.SILENT (\Deleted)")
        if "UIDPLUS" in self._can:  # RFC 4315; without it others' deleted mails would go as well
            await self._command(f"UID EXPUNGE {uid}")

    async def point_out(self, uid: int) -> None:
        """Leaves a mail where it is, flagged for people to look at."""
        await self._command(rf"UID STORE {uid} +FLAGS.SILENT (\Seen \Flagged)")

    async def end(self) -> None:
        """Takes leave."""
        with contextlib.suppress(NotRead, OSError, TimeoutError):
            async with asyncio.timeout(2):
                await self._command("LOGOUT")

    async def _command(self, words: str, *strings: str) -> list[Response]:
        """The responses to a command that succeeds. Raises NotRead."""
        self._count += 1
        tag = f"{self._mark}.{self._count}"
        name = words if strings else words.partition(" (")[0]
        async with asyncio.timeout(self._of.timeout_s):
            await self._send(f"{tag} {words}", strings)
            found: list[Response] = []
            while True:
                one = await self._response()
                if one.text.startswith(f"{tag} "):
                    break
                if one.text.upper().startswith("* BYE") and name != "LOGOUT":
                    raise NotRead(f"the server goes: {_shown(one.text)}")
                found.append(one)
                if len(found) > MAX_RESPONSES:
                    raise NotRead(f"more than {MAX_RESPONSES} responses to {name}")
        status = one.text.removeprefix(f"{tag} ")
        if not status.upper().startswith("OK"):
            for string in strings:  # some servers repeat what they do not like
                status = status.replace(string, "...")
            raise _Refused(f"{name} is answered with {_shown(status)}")
        return found

    async def _send(self, words: str, strings: Sequence[str]) -> None:
        """Sends a command; strings that cannot stand between quotes as literals."""
        self._writer.write(words.encode())
        for string in strings:
            if _UNPRINTABLE.search(string) is None:
                quoted = string.replace("\\", "\\\\").replace('"', '\\"')
                self._writer.write(f' "{quoted}"'.encode())
                continue
            octets = string.encode()
            self._writer.write(f" {{{len(octets)}}}\r\n".encode())
            await self._writer.drain()
            going_on = await self._response()
            if not going_on.text.startswith("+"):
                raise _Refused(f"the server takes no literal: {_shown(going_on.text)}")
            self._writer.write(octets)
        self._writer.write(b"\r\n")
        await self._writer.drain()

    async def _response(self) -> Response:
        """One response, with its literals. Raises NotRead, OSError."""
        pieces: list[bytes] = []
        literals: list[bytes] = []
        size = 0
        while True:
            try:
                line = await self._reader.readuntil(b"\n")
                size += len(line)
                literal = _LITERAL.search(line)
                size += int(literal[1]) if literal else 0
                if size > self._max_bytes + MAX_LINE:
                    raise NotRead("the server answers with more than was asked for")
                if literal is None:
                    pieces.append(line)
                    return Response(
                        b"".join(pieces).decode("utf-8", "replace").strip(), tuple(literals)
                    )
                pieces.append(line[: literal.start()])
                literals.append(await self._reader.readexactly(int(literal[1])))
            except asyncio.LimitOverrunError:
                raise NotRead("the server answers with too long a line") from None
            except asyncio.IncompleteReadError:
                raise NotRead("the server has gone") from None


class _Refused(NotRead):
    """The server answers a command with NO or BAD; the conversation can go on."""


@contextlib.asynccontextmanager
async def opened(of: Account, max_bytes: int) -> AsyncIterator[Mailbox]:
    """The mailbox, as long as it is used. Raises NotRead, in it as well."""
    context = _context(of) if of.tls == "tls" else None
    writer: StreamWriter | None = None
    try:
        async with asyncio.timeout(of.timeout_s):
            reader, writer = await asyncio.open_connection(
                of.host, of.port, ssl=context, limit=MAX_LINE
            )
        mailbox = Mailbox(of, reader, writer, max_bytes)
        await mailbox.begin()
        yield mailbox
        await mailbox.end()
    except TimeoutError:
        raise NotRead(f"no answer within {of.timeout_s:g} s") from None
    except OSError as error:
        raise NotRead(_shown(f"{type(error).__name__}: {error}")) from None
    finally:
        if writer is not None:
            writer.transport.abort()


def _context(of: Account) -> ssl.SSLContext:
    return of.context or ssl.create_default_context()


def _number(of: Response, name: str) -> int | None:
    """The number after a word of a FETCH response."""
    if re.match(r"\* \d+ FETCH ", of.text, re.IGNORECASE) is None:
        return None
    found = re.search(rf"[( ]{re.escape(name)} (\d{{1,12}})\b", of.text, re.IGNORECASE)
    return int(found[1]) if found else None


def _folder(name: str) -> str:
    """A folder's name as it is sent (RFC 3501 §5.1.3)."""

    def encoded(found: re.Match[str]) -> str:
        octets = base64.b64encode(found[0].encode("utf-16-be"))
        return f"&{octets.decode().rstrip('=').replace('/', ',')}-"

    return _UNPRINTABLE.sub(encoded, name.replace("&", "&-"))


def _shown(text: str) -> str:
    """A server's words for a log."""
    return " ".join(text.split())[:MAX_REASON]
