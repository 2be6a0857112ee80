"""The calendar that operations are prepared for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.benchmarks import webdav
from tests.benchmarks.client import Answer, Exchange
from tests.benchmarks.items import Item
from tests.benchmarks.webdav import DAV, Asker, multistatus

MANY: Final = 500
"""Different objects that requests go round in."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A filled calendar at a running server."""

    asker: Asker
    calendar: str
    items: Sequence[Item]

    @property
    def names(self) -> set[str]:
        return {item.name for item in self.items}

    def path(self, item: Item) -> str:
        """The path of an object."""
        return self.calendar + item.name

    def sample(self, size: int = MANY) -> list[Item]:
        """Objects from all over the calendar."""
        step = max(1, len(self.items) // size)
        return list(self.items[::step][:size])

    async def etags(self) -> dict[str, str]:
        """The entity tag of every object."""
        request = self.asker.request(
            "PROPFIND", self.calendar, webdav.propfind("D:getetag"), Depth="1"
        )
        found = multistatus(await self.asker.ask(Exchange(request, 207, nothing)))
        return {name: found.text(name, DAV + "getetag") for name in found.responses if name}


def nothing(answer: Answer) -> None:
    """The check of an answer of which only the status matters."""
