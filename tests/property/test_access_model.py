"""Whoever was granted what, in whatever groups: every answer is a naive model's."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caldavd.dav.server import Server
from caldavd.model import Level
from caldavd.store.connect import connect
from caldavd.store.engine import Database
from tests.protocol.client import Client, NamesAsPasswords
from tests.protocol.conftest import add_user
from tests.protocol.locking import lockinfo
from tests.protocol.people import ace, delegate, grant, href, join, make_group
from tests.protocol.sharing import give
from tests.unit.builders import event

EXAMPLES: Final = 25
USERS: Final = ("u0", "u1", "u2")
GROUPS: Final = ("g0", "g1")
EVERYBODY: Final = {"all": "<D:all/>", "authenticated": "<D:authenticated/>"}
WRITE: Final = frozenset({"write-properties", "write-content", "bind", "unbind"})
READ: Final = frozenset({"read", "read-free-busy", "read-current-user-privilege-set"})
LEAVES: Final[Mapping[str, frozenset[str]]] = {
    "C:read-free-busy": frozenset({"read-free-busy"}),
    "D:read": READ,
    "D:read-acl": frozenset({"read-acl"}),
    "D:write": WRITE,
    "D:bind": frozenset({"bind"}),
    "D:unbind": frozenset({"unbind"}),
    "D:write-content": frozenset({"write-content"}),
    "D:write-acl": frozenset({"write-acl"}),
    "D:unlock": frozenset({"unlock"}),
    "D:all": READ | WRITE | {"read-acl", "write-acl", "unlock"},
}
PROXY: Final = {"read": READ, "write": READ | WRITE}
SHARED: Final[Mapping[Level, frozenset[str]]] = {
    Level.FREE_BUSY: frozenset({"read-free-busy"}),
    Level.BUSY: READ,
    Level.READ: READ,
    Level.WRITE: READ | WRITE,
    Level.MANAGE: READ | WRITE | {"read-acl", "write-acl"},
}
ALL: Final = LEAVES["D:all"]
NEVER: Final = {"If_Match": '"never"'}
FREE_BUSY_QUERY: Final = (
    '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
    '<C:time-range start="20260701T000000Z" end="20260702T000000Z"/></C:free-busy-query>'
)

user = st.sampled_from(USERS)
anyone = st.sampled_from((*USERS, *GROUPS))
place = st.tuples(user, st.sampled_from(("", "calendar/", "tasks/")))
shared = st.tuples(user, st.sampled_from(("calendar", "tasks")))
entry = st.tuples(
    st.sampled_from((*USERS, *GROUPS, *EVERYBODY)),
    st.lists(st.sampled_from(sorted(LEAVES)), min_size=1, max_size=2),
)


@dataclass(frozen=True)
class World:
    """Who is in which group, who acts for whom, the entries of each home and calendar, and shares.

    Shares of a calendar are by whom it is shared with, `` being everyone; all are accepted or none.
    """

    memberships: frozenset[tuple[str, str]]
    delegates: frozenset[tuple[str, str, str]]
    lists: Mapping[tuple[str, str], list[tuple[str, list[str]]]] = field(default_factory=dict)
    shares: Mapping[tuple[str, str], tuple[bool, dict[str, Level]]] = field(default_factory=dict)

    def identities(self, who: str) -> set[str]:
        """Somebody, and everything that they are in."""
        found = {who}
        for _ in GROUPS:
            found |= {group for group, member in self.memberships if member in found}
        return found

    def held(self, who: str, owner: str, calendar: str) -> frozenset[str]:
        """The privileges of somebody on a calendar of another, or on the home for ``."""
        me = self.identities(who)
        found: set[str] = set()
        for at in {"", calendar}:
            for whom, names in self.lists.get((owner, at), []):
                if whom in me or whom in EVERYBODY:
                    found.update(*(LEAVES[name] for name in names))
        for of, level, delegate_ in self.delegates:
            if of == owner and delegate_ in me:
                found |= PROXY[level]
        return frozenset(found)

    def level(self, who: str, owner: str, calendar: str) -> Level | None:
        """The level at which somebody has a calendar of another, once it is theirs."""
        accepted, levels = self.shares.get((owner, calendar.rstrip("/")), (False, {}))
        reached = [level for to, level in levels.items() if to in {"", *self.identities(who)}]
        had = [one for one in reached if accepted or one is Level.FREE_BUSY]
        return max(had, default=None)


@dataclass(frozen=True)
class Holds:
    """The privileges on a calendar, those on what it lies in, and whether objects are masked."""

    here: frozenset[str]
    above: frozenset[str]
    masked: bool


worlds = st.builds(
    World,
    st.frozensets(st.tuples(st.sampled_from(GROUPS), anyone).filter(lambda m: m[0] != m[1])),
    st.frozensets(
        st.tuples(user, st.sampled_from(("read", "write")), anyone).filter(lambda d: d[0] != d[2]),
        max_size=2,
    ),
    st.dictionaries(place, st.lists(entry, max_size=3), max_size=5),
    st.dictionaries(
        shared,
        st.tuples(
            st.sampled_from((True, True, False)),
            st.dictionaries(st.sampled_from(("", *USERS, *GROUPS)), st.sampled_from(Level)),
        ),
        max_size=4,
    ),
)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def open_db(location: Path | str, runner: asyncio.Runner) -> Iterator[Database]:
    opened = runner.run(connect(location, pool_size=2, synchronous="off"))
    yield opened
    runner.run(opened.close())


@pytest.mark.rfc("3744 6")
def test_every_answer_is_that_of_a_naive_model(open_db: Database, runner: asyncio.Runner):
    numbers = itertools.count()

    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(worlds)
    def check(world: World) -> None:
        assert runner.run(_differences(open_db, f"-{next(numbers)}", world)) == []

    check()


async def _differences(db: Database, suffix: str, world: World) -> list[tuple[object, ...]]:
    """Requests whose answers differ from the model's: who, what, the status, the one expected."""
    clients = await _build(Server(db, NamesAsPasswords(db)), suffix, world)
    wrong: list[tuple[object, ...]] = []
    for who, owner in itertools.permutations(USERS, 2):
        for calendar in ("calendar/", "tasks/"):
            level, held = world.level(who, owner, calendar), world.held(who, owner, calendar)
            all_ = held | SHARED.get(level, frozenset())
            holds = Holds(all_, world.held(who, owner, ""), _hides(level, held))
            places = [(clients[owner].home + calendar, holds)]
            if level not in (None, Level.FREE_BUSY):
                mount = f"{clients[who].home}{owner}{suffix}-{calendar}"
                places.append((mount, replace(holds, above=ALL)))
            for path, there in places:
                for name, status in (await _asked(clients[who], path, calendar)).items():
                    expected = _expected(name, there)
                    if status not in expected:
                        wrong.append((who, path, name, status, expected))
    return wrong


def _hides(level: Level | None, held: frozenset[str]) -> bool:
    """Whether somebody sees busy blocks: has a share of these, and may not read without it."""
    return level is Level.BUSY and not held & {"read", "write-acl"}


async def _build(server: Server, suffix: str, world: World) -> dict[str, Client]:
    """The world with names that no other example has."""
    clients = {name: Client(server, name + suffix) for name in USERS}
    for client in clients.values():
        await add_user(server.db, str(client.name), "")
        await client.put(client.home + "calendar/a.ics", event(uid="a"))
    for name in GROUPS:
        await make_group(server, name + suffix)
    for group, member in world.memberships:
        await join(server, group + suffix, member + suffix)
    await _give(server, clients, suffix, world)
    return clients


async def _give(server: Server, clients: Mapping[str, Client], suffix: str, world: World) -> None:
    for owner, level in {(owner, level) for owner, level, _ in world.delegates}:
        named = [to + suffix for of, at, to in world.delegates if (of, at) == (owner, level)]
        assert (await delegate(clients[owner], level, *named)).status == 207
    for (owner, at), entries in world.lists.items():
        made = [ace(EVERYBODY.get(who) or href(who + suffix), *names) for who, names in entries]
        assert (await grant(clients[owner], clients[owner].home + at, *made)).status == 200
    for (owner, calendar), (accepted, levels) in world.shares.items():
        for to, level in levels.items():
            if to != owner:
                sharee = to + suffix if to else None
                await give(server, owner + suffix, calendar, sharee, level, at_once=accepted)


async def _asked(client: Client, calendar: str, name: str) -> dict[str, int]:
    """The status of one request of each kind; none of them changes anything."""
    new, there = calendar + "new.ics", calendar + "a.ics"
    is_there = name != "tasks/"
    answers = {
        "read": await client.propfind(calendar, "D:getetag", depth="1"),
        "read-free-busy": await client("REPORT", calendar, FREE_BUSY_QUERY),
        "bind object": await client.put(new, event(uid="n"), **NEVER),
        "unbind above": await client("DELETE", calendar, **NEVER),
        "write-acl": await client("ACL", calendar, "<D:acl xmlns:D='DAV:'/>", **NEVER),
        "write-content": await client("LOCK", calendar, lockinfo(), **NEVER),
    }
    if is_there:
        answers |= {
            "read object": await client("GET", there),
            "write-content object": await client.put(there, event(uid="a", summary="X"), **NEVER),
            "unbind object": await client("DELETE", there, **NEVER),
        }
    return {name: answer.status for name, answer in answers.items()}


def _expected(name: str, holds: Holds) -> set[int]:
    held = holds.here
    privilege, _, where = name.partition(" ")
    if not held or (privilege == "read-free-busy" and privilege not in held):
        return {404}
    if where == "object" and not held & (WRITE | {"read"}):
        return {404}
    if where == "above":
        held = holds.above
    if where == "object" and holds.masked and privilege != "bind":
        held &= READ
    return {200, 207, 412} if privilege in held else {403}
