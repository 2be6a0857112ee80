"""Sources of requests that change the calendar."""

from __future__ import annotations

from itertools import count
from typing import Final

from tests.benchmarks import items
from tests.benchmarks.client import Answer, Exchange, Wrong
from tests.benchmarks.items import Item, Kind
from tests.benchmarks.subject import Subject, nothing
from tests.benchmarks.webdav import ICALENDAR

FIRST_NEW: Final = 10_000_000
"""The number of the first new object, beyond those of any calendar that is measured."""
CONNECTIONS: Final = 8


class ChangedObjects:
    """Objects that are put over themselves; each belongs to one connection, which knows its tag."""

    def __init__(self, subject: Subject, etags: dict[str, str]) -> None:
        self._subject = subject
        self._etags = etags
        singles = [(item, item.text()) for item in subject.sample() if item.kind is Kind.SINGLE]
        self._mine = [singles[number::CONNECTIONS] for number in range(CONNECTIONS)]
        self._turns = [0] * CONNECTIONS
        self._put: dict[int, tuple[Item, str]] = {}
        self._revisions = count(1)

    def next(self, connection: int, previous: Answer | None) -> Exchange:
        """A PUT with If-Match."""
        if previous is not None:
            self._answered(connection, previous)
        mine = self._mine[connection]
        item, text = mine[self._turns[connection] % len(mine)]
        self._turns[connection] += 1
        sent = items.revised(text, next(self._revisions))
        self._put[connection] = item, sent
        request = self._subject.asker.request(
            "PUT",
            self._subject.path(item),
            sent,
            Content_Type=ICALENDAR,
            If_Match=self._etags[item.name],
        )
        return Exchange(request, 204, _is_put)

    async def settle(self) -> None:
        """Reads back what each connection put last, and its tag."""
        for item, text in self._put.values():
            request = self._subject.asker.request("GET", self._subject.path(item))
            answer = await self._subject.asker.ask(Exchange(request, 200, nothing))
            if answer.body != text.encode():
                raise Wrong(f"{item.name} is not what was put last")
            self._etags[item.name] = answer.header("etag") or ""
        self._put.clear()

    def _answered(self, connection: int, answer: Answer) -> None:
        etag = answer.header("etag")
        if etag is None:
            raise Wrong(f"a PUT was answered {answer.status} without an entity tag")
        self._etags[self._put[connection][0].name] = etag


class NewObjects:
    """Objects that are put once, and deleted after the slice."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._numbers = count(FIRST_NEW)
        self._put: list[str] = []
        self._texts = [
            (item.uid, item.text()) for item in subject.sample() if item.kind is Kind.SINGLE
        ]

    def next(self, connection: int, previous: Answer | None) -> Exchange:
        """A PUT of what is not there; the words are those of another object."""
        number = next(self._numbers)
        uid, text = self._texts[number % len(self._texts)]
        path = f"{self._subject.calendar}{number}.ics"
        self._put.append(path)
        sent = text.replace(uid, f"{number}@example.org", 1)
        request = self._subject.asker.request(
            "PUT", path, sent, Content_Type=ICALENDAR, If_None_Match="*"
        )
        return Exchange(request, 201, _is_put)

    async def settle(self) -> None:
        """Deletes what was put, all of which must be there."""
        for path in self._put:
            request = self._subject.asker.request("DELETE", path)
            await self._subject.asker.ask(Exchange(request, 204, nothing))
        self._put.clear()


async def change(subject: Subject, item: Item) -> None:
    """Puts a changed object in place of one."""
    request = subject.asker.request(
        "PUT", subject.path(item), items.revised(item.text(), 1), Content_Type=ICALENDAR
    )
    await subject.asker.ask(Exchange(request, 204, nothing))


def _is_put(answer: Answer) -> None:
    if answer.body or not answer.header("etag"):
        raise Wrong("a PUT was answered with a body, or without an entity tag")
