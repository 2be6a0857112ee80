"""Sources of requests that change the calendar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

from tests.benchmarks import items
from tests.benchmarks.client import Answer, Exchange, Source, Wrong
from tests.benchmarks.items import Item, Kind
from tests.benchmarks.subject import Subject, nothing
from tests.benchmarks.webdav import ICALENDAR

FIRST_NEW: Final = 10_000_000
"""The number of the first new object, beyond those of any calendar that is measured."""
CONNECTIONS: Final = 8

Write = Callable[[str], str]
"""The text of an object by its UID."""


async def changed_singles(subject: Subject) -> Source:
    """PUT of single events that are there, each under the condition that nobody else changed it."""
    singles = [item for item in subject.sample() if item.kind is Kind.SINGLE]
    return await _changed(subject, [(item.name, item.text()) for item in singles])


async def changed(prefix: str, write: Write, subject: Subject) -> Source:
    """The same of other objects, which are put first; they stay, where no query looks."""
    names = [f"{prefix}-{number}" for number in range(2 * CONNECTIONS)]
    mine = [(f"{name}.ics", write(f"{name}@example.org")) for name in names]
    for name, text in mine:
        await subject.asker.ask(Exchange(_put(subject, name, text), 201, _is_put))
    return await _changed(subject, mine)


async def new_singles(subject: Subject) -> Source:
    """PUT of single events that are not there; their words are those of others."""
    singles = [item for item in subject.sample() if item.kind is Kind.SINGLE]
    return NewObjects(subject, [(item.uid, item.text()) for item in singles])


async def new(write: Write, subject: Subject) -> Source:
    """PUT of other objects that are not there."""
    uid = "the-uid@example.org"
    return NewObjects(subject, [(uid, write(uid))])


async def change(subject: Subject, item: Item) -> None:
    """Puts a changed object in place of one."""
    request = _put(subject, item.name, items.revised(item.text(), 1))
    await subject.asker.ask(Exchange(request, 204, nothing))


class ChangedObjects:
    """Objects that are put over themselves; each belongs to one connection, which knows its tag."""

    def __init__(
        self, subject: Subject, objects: Sequence[tuple[str, str]], etags: dict[str, str]
    ) -> None:
        self._subject = subject
        self._etags = etags
        self._mine = [objects[number::CONNECTIONS] for number in range(CONNECTIONS)]
        self._turns = [0] * CONNECTIONS
        self._put: dict[int, tuple[str, str]] = {}
        self._revisions = count(1)

    def next(self, connection: int, previous: Answer | None) -> Exchange:
        """A PUT with If-Match."""
        if previous is not None:
            self._answered(connection, previous)
        mine = self._mine[connection]
        name, text = mine[self._turns[connection] % len(mine)]
        self._turns[connection] += 1
        sent = items.revised(text, next(self._revisions))
        self._put[connection] = name, sent
        return Exchange(_put(self._subject, name, sent, If_Match=self._etags[name]), 204, _is_put)

    async def settle(self) -> None:
        """Reads back what each connection put last, and its tag."""
        for name, text in self._put.values():
            request = self._subject.asker.request("GET", self._subject.calendar + name)
            answer = await self._subject.asker.ask(Exchange(request, 200, nothing))
            if answer.body != text.encode():
                raise Wrong(f"{name} is not what was put last")
            self._etags[name] = answer.header("etag") or ""
        self._put.clear()

    def _answered(self, connection: int, answer: Answer) -> None:
        etag = answer.header("etag")
        if etag is None:
            raise Wrong(f"a PUT was answered {answer.status} without an entity tag")
        self._etags[self._put[connection][0]] = etag


class NewObjects:
    """Objects that are put once, and deleted after the slice; `texts` are by UID."""

    def __init__(self, subject: Subject, texts: Sequence[tuple[str, str]]) -> None:
        self._subject = subject
        self._numbers = count(FIRST_NEW)
        self._put: list[str] = []
        self._texts = texts

    def next(self, connection: int, previous: Answer | None) -> Exchange:
        """A PUT of what is not there."""
        number = next(self._numbers)
        uid, text = self._texts[number % len(self._texts)]
        name = f"{number}.ics"
        self._put.append(self._subject.calendar + name)
        sent = text.replace(uid, f"{number}@example.org")
        return Exchange(_put(self._subject, name, sent, If_None_Match="*"), 201, _is_put)

    async def settle(self) -> None:
        """Deletes what was put, all of which must be there."""
        for path in self._put:
            request = self._subject.asker.request("DELETE", path)
            await self._subject.asker.ask(Exchange(request, 204, nothing))
        self._put.clear()


async def _changed(subject: Subject, objects: Sequence[tuple[str, str]]) -> Source:
    return ChangedObjects(subject, objects, await subject.etags())


def _put(subject: Subject, name: str, text: str, **headers: str) -> bytes:
    path = subject.calendar + name
    return subject.asker.request("PUT", path, text, Content_Type=ICALENDAR, **headers)


def _is_put(answer: Answer) -> None:
    if answer.body or not answer.header("etag"):
        raise Wrong("a PUT was answered with a body, or without an entity tag")
