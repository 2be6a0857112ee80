"""After any history of locks, the server and a naive model agree on who may do what."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caldavd.clock import now
from caldavd.dav.server import Server
from caldavd.service.locks import MAX_AT
from caldavd.store.connect import connect
from caldavd.store.engine import Database
from tests.protocol.client import Client, NamesAsPasswords
from tests.protocol.conftest import add_user
from tests.protocol.locking import lockinfo, tokens
from tests.unit.builders import event

EXAMPLES = 50
HOURS = 3_600

path = st.sampled_from(("", "x/", "y/", "x/a", "x/b", "y/a"))
name = st.sampled_from(("x/a", "x/b", "y/a", "y/b"))
which = st.integers(0, 5)
shown = st.frozensets(which, max_size=3)
step = st.one_of(
    st.tuples(st.just("lock"), path, st.booleans(), st.booleans(), st.sampled_from((1, 5))),
    st.tuples(st.just("refresh"), path, which, st.sampled_from((1, 5))),
    st.tuples(st.just("unlock"), path, which),
    st.tuples(st.just("put"), name, shown),
    st.tuples(st.just("delete"), name, shown),
    st.tuples(st.just("move"), name, name, shown),
    st.tuples(st.just("wait")),
)
histories = st.lists(step, min_size=1, max_size=25)


@dataclass
class Held:
    """A lock of the model: its root, below the home, as text."""

    root: str
    shared: bool
    infinite: bool
    until: int
    token: str

    def covers(self, at: str) -> bool:
        return at == self.root or (self.infinite and _above(self.root, at))


def _above(collection: str, at: str) -> bool:
    return collection != at and collection[-1:] in ("", "/") and at.startswith(collection)


def _parent(at: str) -> str:
    return at[: at.index("/") + 1]


@dataclass
class Model:
    """Locks in a list, objects in a set, and a clock that is moved by hand."""

    hour: int = 0
    locks: list[Held] = field(default_factory=list)
    present: set[str] = field(default_factory=set)
    tokens: list[str] = field(default_factory=lambda: ["urn:uuid:none"])

    def token(self, number: int) -> str:
        return self.tokens[-1 - number % len(self.tokens)]

    def alive(self) -> list[Held]:
        return [one for one in self.locks if one.until > self.hour]

    def covering(self, at: str) -> list[Held]:
        return [one for one in self.alive() if one.covers(at)]

    def open(self, submitted: set[str], *changed: str) -> bool:
        return all(
            not self.covering(at) or any(one.token in submitted for one in self.covering(at))
            for at in changed
        )

    def grants(self, at: str, *, shared: bool, infinite: bool) -> bool:
        others = self.covering(at)
        if infinite:
            others += [one for one in self.alive() if _above(at, one.root)]
        return all(shared and one.shared for one in others)

    def drop(self, root: str) -> None:
        self.locks = [one for one in self.locks if one.root != root]


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def open_db(location: Path | str, runner: asyncio.Runner) -> Iterator[Database]:
    opened = runner.run(connect(location, pool_size=2, synchronous="off"))
    yield opened
    runner.run(opened.close())


@pytest.mark.rfc("4918 7")
@pytest.mark.rfc("4918 9.10.5")
def test_server_and_model_agree_after_any_history(open_db: Database, runner: asyncio.Runner):
    numbers = itertools.count()

    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(histories)
    def check(history: list[tuple[object, ...]]) -> None:
        runner.run(_play(open_db, f"user{next(numbers)}", history))

    check()


async def _play(db: Database, user: str, history: list[tuple[object, ...]]) -> None:
    await add_user(db, user, user)
    model, began = Model(), now()
    server = Server(db, NamesAsPasswords(db), clock=lambda: began + model.hour * HOURS)
    client = Client(server, user)
    for made in ("x/", "y/"):
        await client("MKCALENDAR", client.home + made)
    for verb, *rest in history:
        done, expected = await STEPS[str(verb)](client, model, *rest)
        assert done == expected, (verb, rest)
    for at in ("", "x/", "x/a", "y/a"):
        if at in model.present or at[-1:] in ("", "/"):
            expected = {one.token for one in model.covering(at)}
            assert await tokens(client, client.home + at) == expected


async def _lock(
    client: Client, model: Model, at: str, shared: bool, infinite: bool, hours: int
) -> tuple[int, int]:
    free = "/" in at[:-1] and at not in model.present
    given = model.grants(at, shared=shared, infinite=infinite)
    calendar_open = not free or all(
        one.infinite or one.root != _parent(at) for one in model.alive()
    )
    reserved = any(one.root == at for one in model.alive())
    answer = await client(
        "LOCK",
        client.home + at,
        lockinfo("shared" if shared else "exclusive"),
        Depth="infinity" if infinite else "0",
        Timeout=f"Second-{hours * HOURS}",
    )
    if answer.status in (200, 201):
        token = answer.headers["Lock-Token"].strip("<>")
        model.tokens.append(token)
        model.locks.append(Held(at, shared, infinite, model.hour + hours, token))
    if not (given and calendar_open):
        return answer.status, 423
    if answer.status == 507:
        return sum(one.root == at for one in model.alive()), MAX_AT
    return answer.status, 201 if free and not reserved else 200


async def _refresh(
    client: Client, model: Model, at: str, number: int, hours: int
) -> tuple[int, int]:
    token = model.token(number)
    found = [one for one in model.covering(at) if one.token == token]
    answer = await client(
        "LOCK", client.home + at, If=f"(<{token}>)", Timeout=f"Second-{hours * HOURS}"
    )
    for one in found:
        one.until = model.hour + hours
    return answer.status, 200 if found else 412


async def _unlock(client: Client, model: Model, at: str, number: int) -> tuple[int, int]:
    token = model.token(number)
    found = any(one.token == token for one in model.covering(at))
    answer = await client("UNLOCK", client.home + at, Lock_Token=f"<{token}>")
    if found:
        model.locks = [one for one in model.locks if one.token != token]
    return answer.status, 204 if found else 409


def _submitted(model: Model, numbers: frozenset[int]) -> tuple[set[str], dict[str, str]]:
    submitted = {model.token(number) for number in numbers}
    if not submitted:
        return submitted, {}
    lists = "".join(f"(<{token}>)" for token in submitted)
    return submitted, {"If": f"{lists} (Not <DAV:no-lock>)"}


async def _put(client: Client, model: Model, at: str, numbers: frozenset[int]) -> tuple[int, int]:
    submitted, headers = _submitted(model, numbers)
    changed = [at] if at in model.present else [at, _parent(at)]
    allowed = model.open(submitted, *changed)
    answer = await client.put(client.home + at, event(uid=at), **headers)
    expected = 423 if not allowed else 204 if at in model.present else 201
    if allowed:
        model.present.add(at)
    return answer.status, expected


async def _delete(
    client: Client, model: Model, at: str, numbers: frozenset[int]
) -> tuple[int, int]:
    submitted, headers = _submitted(model, numbers)
    allowed = model.open(submitted, at, _parent(at))
    there = at in model.present
    answer = await client("DELETE", client.home + at, **headers)
    if there and allowed:
        model.present.discard(at)
        model.drop(at)
    return answer.status, 404 if not there else 204 if allowed else 423


async def _move(
    client: Client, model: Model, at: str, to: str, numbers: frozenset[int]
) -> tuple[int, int]:
    """To a name that is free: over another object it would be a conflict of UIDs."""
    if at not in model.present or to in model.present:
        return 0, 0
    submitted, headers = _submitted(model, numbers)
    allowed = model.open(submitted, at, _parent(at), to, _parent(to))
    answer = await client("MOVE", client.home + at, Destination=client.home + to, **headers)
    if allowed:
        # It keeps its UID, so put it back where the model's UIDs are those of names.
        model.present.discard(at)
        model.drop(at)
        await client("DELETE", client.home + to, If=_all(model))
        model.drop(to)
    return answer.status, 201 if allowed else 423


def _all(model: Model) -> str:
    lists = "".join(f"(<{one.token}>)" for one in model.alive())
    return f"{lists} (Not <DAV:no-lock>)"


async def _wait(client: Client, model: Model) -> tuple[int, int]:
    model.hour += 1
    return 0, 0


STEPS = {
    "lock": _lock,
    "refresh": _refresh,
    "unlock": _unlock,
    "put": _put,
    "delete": _delete,
    "move": _move,
    "wait": _wait,
}
