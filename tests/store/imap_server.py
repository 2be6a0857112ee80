"""A real IMAP server on the loopback (RFC 3501): one account, and faults that are asked for."""

from __future__ import annotations

import asyncio
import re
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from caldavd.workers.imap import Account

USER = "calendar"
TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")|(\S+)')
PASSWORD = 'a "secret" \\ pass'


@dataclass(slots=True)
class Letter:
    """A mail in a folder, and its flags."""

    uid: int
    body: bytes
    flags: set[str] = field(default_factory=set)


@dataclass(slots=True)
class MailboxServer:
    """Its folders, and how it behaves."""

    port: int = 0
    folders: dict[str, list[Letter]] = field(default_factory=lambda: {"INBOX": []})
    capabilities: str = "MOVE UIDPLUS"
    context: ssl.SSLContext | None = None
    starttls: bool = False
    greeting: str = "* OK ready"
    faults: dict[str, str] = field(default_factory=dict)
    """What commands are answered with instead; empty: nothing ever."""
    said: list[str] = field(default_factory=list)
    """The commands, without what they were about."""
    connections: int = 0

    def arrive(self, body: bytes, folder: str = "INBOX") -> int:
        """A mail arrives; its UID."""
        uid = 1 + max((one.uid for box in self.folders.values() for one in box), default=0)
        self.folders[folder].append(Letter(uid, body))
        return uid

    def account(self, **kwargs: object) -> Account:
        """How it is read."""
        return Account("127.0.0.1", self.port, "none", USER, PASSWORD, **kwargs)  # type: ignore[arg-type]

    def flags(self, folder: str = "INBOX") -> list[tuple[int, list[str]]]:
        """What is in a folder, and its flags."""
        return [(one.uid, sorted(one.flags)) for one in self.folders[folder]]

    async def converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.connections += 1
        talk = _Talk(self, reader, writer)
        try:
            await talk.go_on()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()


@dataclass(slots=True)
class _Talk:
    server: MailboxServer
    reader: StreamReader
    writer: StreamWriter
    logged_in: bool = False
    folder: str = ""

    async def go_on(self) -> None:
        self.say(self.server.greeting)
        while True:
            await self.writer.drain()
            tag, words = await self.command()
            name = " ".join(words[:2] if words[0].upper() == "UID" else words[:1]).upper()
            self.server.said.append(name)
            fault = self.server.faults.get(name)
            if fault is not None:
                if not fault:
                    await asyncio.sleep(3_600)
                self.say(fault.replace("TAG", tag))
                continue
            if name == "STARTTLS" and self.server.starttls:
                self.say(f"{tag} OK go ahead")
                await self.writer.drain()
                assert self.server.context is not None
                await self.writer.start_tls(self.server.context)
                continue
            self.say(f"{tag} {self.answer(name, words)}")
            if name == "LOGOUT":
                await self.writer.drain()
                return

    async def command(self) -> tuple[str, list[str]]:
        """A tag and the words after it, of which some were strings or literals."""
        words: list[str] = []
        while True:
            line = (await self.reader.readuntil(b"\r\n"))[:-2].decode()
            literal = re.search(r"\{(\d+)\}$", line)
            for quoted, word in TOKEN.findall(line[: literal.start()] if literal else line):
                words.append(word or re.sub(r"\\(.)", r"\1", quoted[1:-1]))
            if literal is None:
                return words[0], words[1:]
            self.say("+ go on")
            await self.writer.drain()
            words.append((await self.reader.readexactly(int(literal[1]))).decode())

    def say(self, line: str) -> None:
        self.writer.write(f"{line}\r\n".encode())

    def answer(self, name: str, words: list[str]) -> str:
        """The last line of the answer to a command; the others are said."""
        if name == "CAPABILITY":
            self.say(f"* CAPABILITY IMAP4rev1 {self.server.capabilities}")
        elif name == "LOGOUT":
            self.say("* BYE goodbye")
        elif name == "LOGIN":
            self.logged_in = words[1:] == [USER, PASSWORD]
            if not self.logged_in:
                return f"NO [AUTHENTICATIONFAILED] not {' '.join(words[1:])}"
        elif not self.logged_in:
            return "BAD log in first"
        elif name in ("SELECT", "CREATE"):
            return self.of_folder(name, words[1])
        elif self.folder:
            return self.of_mails(name, words[2:])
        return "OK done"

    def of_folder(self, name: str, folder: str) -> str:
        there = folder in self.server.folders
        if there == (name == "CREATE"):
            return "NO [CANNOT] it is there, or it is not"
        self.server.folders.setdefault(folder, [])
        if name == "SELECT":
            self.folder = folder
            self.say(f"* {len(self.server.folders[folder])} EXISTS")
        return "OK done"

    def of_mails(self, name: str, words: list[str]) -> str:
        box = self.server.folders[self.folder]
        if name == "UID SEARCH":
            assert words == ["UNSEEN", "UNDELETED"]
            found = [one.uid for one in box if not one.flags & {"\\Seen", "\\Deleted"}]
            self.say(" ".join(["* SEARCH", *map(str, found)]))
            return "OK done"
        wanted = {int(uid) for uid in words[0].split(",")}
        chosen = [one for one in box if one.uid in wanted]
        if name == "UID FETCH":
            for one in chosen:
                self.fetched(1 + box.index(one), one, " ".join(words[1:]))
        elif name == "UID STORE":
            assert words[1] == "+FLAGS.SILENT"
            for one in chosen:
                one.flags |= set(" ".join(words[2:]).strip("()").split())
        elif name == "UID EXPUNGE" and "UIDPLUS" in self.server.capabilities:
            box[:] = [one for one in box if one not in chosen or "\\Deleted" not in one.flags]
        elif name == "UID COPY" or (name == "UID MOVE" and "MOVE" in self.server.capabilities):
            return self.copied(chosen, words[1], moved=name == "UID MOVE")
        else:
            return "BAD unknown command"
        return "OK done"

    def copied(self, chosen: list[Letter], folder: str, *, moved: bool) -> str:
        if folder not in self.server.folders:
            return "NO [TRYCREATE] no such folder"
        for one in chosen:
            self.server.arrive(one.body, folder)
            self.server.folders[folder][-1].flags |= one.flags
            if moved:
                self.server.folders[self.folder].remove(one)
        return "OK done"

    def fetched(self, number: int, one: Letter, what: str) -> None:
        if "RFC822.SIZE" in what:
            self.say(f"* {number} FETCH (UID {one.uid} RFC822.SIZE {len(one.body)})")
            return
        most = re.search(r"BODY\.PEEK\[\]<0\.(\d+)>", what)
        assert most is not None
        body = one.body[: int(most[1])]
        head = f"* {number} FETCH (UID {one.uid} BODY[]<0> {{{len(body)}}}\r\n".encode()
        self.writer.write(head + body + b")\r\n")


@asynccontextmanager
async def mailbox_server(
    context: ssl.SSLContext | None = None, *, starttls: bool = False
) -> AsyncIterator[MailboxServer]:
    """A server that listens; with a context by TLS, at once or when it is asked to."""
    made = MailboxServer(context=context, starttls=starttls)
    at_once = None if starttls else context
    server = await asyncio.start_server(made.converse, "127.0.0.1", 0, ssl=at_once)
    made.port = server.sockets[0].getsockname()[1]
    tasks_before = asyncio.all_tasks()
    try:
        yield made
    finally:
        server.close()
        for task in asyncio.all_tasks() - tasks_before:
            if task is not asyncio.current_task() and "converse" in repr(task.get_coro()):
                task.cancel()
        await asyncio.sleep(0.01)
