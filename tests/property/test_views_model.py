"""Whatever happens to objects: all see what is theirs to see, tags do not lie, sync is whole."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caldavd.dav.server import Server
from caldavd.names import DAV
from caldavd.store.connect import connect
from caldavd.store.engine import Database
from tests.protocol.client import NS, Client, NamesAsPasswords
from tests.protocol.conftest import add_user
from tests.protocol.people import ace, delegate, grant, href
from tests.unit.builders import event

EXAMPLES: Final = 12
WRITERS: Final = ("ann", "writer", "proxy")
READERS: Final = (*WRITERS, "reader")
SEES_ALL: Final = frozenset({"ann", "proxy"})
NAMES: Final = ("a.ics", "b.ics")
CLASSES: Final = ("PUBLIC", "CONFIDENTIAL", "PRIVATE")


@dataclass(frozen=True)
class Step:
    """Somebody puts an object, or deletes it."""

    who: str
    name: str
    deletes: bool
    summary: int
    access: str
    alarmed: bool


steps = st.builds(
    Step,
    st.sampled_from(READERS),
    st.sampled_from(NAMES),
    st.sampled_from((False, False, False, True)),
    st.integers(0, 2),
    st.sampled_from(CLASSES),
    st.booleans(),
)


@dataclass
class Watcher:
    """A client that synchronises, and remembers each text that it saw by name and tag."""

    client: Client
    token: str = ""
    held: dict[str, str] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def open_db(location: Path | str, runner: asyncio.Runner) -> Iterator[Database]:
    opened = runner.run(connect(location, pool_size=2, synchronous="off"))
    yield opened
    runner.run(opened.close())


@pytest.mark.rfc("5545 3.8.1.3")
@pytest.mark.rfc("6578 3.2")
def test_every_history_shows_each_reader_what_is_theirs(
    open_db: Database, runner: asyncio.Runner
) -> None:
    numbers = itertools.count()

    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(st.lists(steps, min_size=1, max_size=10))
    def check(history: list[Step]) -> None:
        assert runner.run(_faults(open_db, f"-{next(numbers)}", history)) == []

    check()


async def _faults(db: Database, suffix: str, history: list[Step]) -> list[object]:
    clients = await _build(Server(db, NamesAsPasswords(db)), suffix)
    calendar = clients["ann"].home + "calendar/"
    watchers = {who: Watcher(client) for who, client in clients.items()}
    faults: list[object] = []
    for number, step in enumerate(history):
        await _do(clients[step.who], calendar, step, number)
        for who, watcher in watchers.items():
            faults += [(number, who, *fault) for fault in await _look(watcher, who, calendar)]
    return faults


async def _build(server: Server, suffix: str) -> dict[str, Client]:
    clients = {who: Client(server, who + suffix) for who in READERS}
    for client in clients.values():
        await add_user(server.db, str(client.name), "")
    granted = [
        ace(href("writer" + suffix), "D:read", "D:write"),
        ace(href("reader" + suffix), "D:read"),
    ]
    assert (await grant(clients["ann"], clients["ann"].home + "calendar/", *granted)).status == 200
    assert (await delegate(clients["ann"], "write", "proxy" + suffix)).status == 207
    return clients


async def _do(client: Client, calendar: str, step: Step, number: int) -> None:
    """Puts what says of each part whom it is meant for, or deletes; refused or not."""
    if step.deletes:
        await client("DELETE", calendar + step.name)
        return
    who = str(client.name).partition("-")[0]
    whose = "owners" if who in SEES_ALL else who
    said = "closed" if step.access != "PUBLIC" else "open"
    text = event(uid=step.name, summary=f"{said} {step.summary}", lines=[f"CLASS:{step.access}"])
    if step.alarmed:
        alarm = f"BEGIN:VALARM\r\nDESCRIPTION:alarm-{whose}-{number}\r\nACTION:DISPLAY\r\n"
        alarm += "TRIGGER:-PT5M\r\nEND:VALARM\r\n"
        text = text.replace("END:VEVENT", alarm + "END:VEVENT")
    await client.put(calendar + step.name, text)


async def _look(watcher: Watcher, who: str, calendar: str) -> list[tuple[object, ...]]:
    faults: list[tuple[object, ...]] = []
    await _sync(watcher, calendar)
    listed = await watcher.client.propfind(calendar, "D:getetag", depth="1")
    tags = {one: str(listed.props(one)[DAV + "getetag"][1].text) for one in listed.hrefs[1:]}
    if tags != watcher.held:
        faults.append(("sync", tags, watcher.held))
    for path, tag in tags.items():
        got = await watcher.client("GET", path)
        if got.etag != tag or watcher.texts.setdefault((path, tag), got.text) != got.text:
            faults.append(("tag", path, tag, got.etag))
        faults += [("saw", path, word) for word in _forbidden(who) if word in got.text]
    return faults


def _forbidden(who: str) -> list[str]:
    own = "owners" if who in SEES_ALL else who
    words = [f"alarm-{other}-" for other in ("owners", "writer", "reader") if other != own]
    return words if who in SEES_ALL else [*words, "closed", "PRIVATE"]


async def _sync(watcher: Watcher, calendar: str) -> None:
    answer = await watcher.client.sync(calendar, watcher.token)
    for path in answer.statuses():
        watcher.held.pop(path, None)
    for response in answer.xml.findall("D:response", NS):
        tag = response.findtext(".//D:getetag", None, NS)
        if tag is not None:
            watcher.held[response.findtext("D:href", "", NS)] = tag
    watcher.token = answer.token
