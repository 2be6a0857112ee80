"""A message on its way to one or many: what is the same for many is worked out once."""

from __future__ import annotations

import asyncio
from typing import Final, TypeVar

from caldavd.ical.parse import Document
from caldavd.itip.address import Addresses
from caldavd.itip.alike import Likeness, likeness
from caldavd.itip.incoming import Incoming, incoming
from caldavd.itip.outcome import Outcome
from caldavd.itip.receive import take
from caldavd.itip.snapshot import Meeting, meeting
from caldavd.service import schedule
from caldavd.service.offload import offloaded
from caldavd.store.engine import WriteTx
from caldavd.store.tasks import Message

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

REMEMBERED: Final = 8
"""Objects, and outcomes, that a letter remembers: those who have not answered have the same one."""


class Letter:
    """A message, and what became of it where it came before."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self._turn = asyncio.Lock()
        """Who has it waits for nobody: of several recipients at once the first works it out."""
        self._read: Incoming | None = None
        self._objects: dict[str, tuple[Document, Meeting]] = {}
        self._outcomes: dict[tuple[str | None, Likeness], Outcome] = {}

    async def read(self, tx: WriteTx) -> Incoming:
        """What is in it. Raises Refused(VALID_SCHEDULING_MESSAGE)."""
        async with self._turn:
            return await self._known(tx)

    async def outcome(
        self, tx: WriteTx, stored: str | None, me: Addresses, now: int
    ) -> tuple[Document | None, Outcome]:
        """The recipient's object of this text, and what becomes of it.

        Raises Refused(VALID_SCHEDULING_MESSAGE).
        """
        async with self._turn:
            message = await self._known(tx)
            before, of = (None, None) if stored is None else await self._object(tx, stored)
            alike = likeness(message.meeting, of, me)
            known = None if alike is None else self._outcomes.get((stored, alike))
            if known is not None:
                return before, known
            size = len(self.message.text) + len(stored or "")
            outcome = await offloaded(tx, size, take, before, message, me, schedule.moment(now))
            if alike is not None:
                _remember(self._outcomes, (stored, alike), outcome)
            return before, outcome

    async def _known(self, tx: WriteTx) -> Incoming:
        if self._read is None:
            document = await schedule.parsed(tx, self.message.text)
            self._read = await tx.offload(incoming, document, self.message.method)
        return self._read

    async def _object(self, tx: WriteTx, text: str) -> tuple[Document, Meeting]:
        """The object of a text, and as scheduling sees it."""
        found = self._objects.get(text)
        if found is None:
            document = await schedule.parsed(tx, text)
            found = document, await offloaded(tx, len(text), meeting, document)
            _remember(self._objects, text, found)
        return found


def _remember(among: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if len(among) >= REMEMBERED:
        among.pop(next(iter(among)), None)
    among[key] = value
