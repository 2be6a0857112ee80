"""A message on its way to one or many: what is the same for many is worked out once."""

from __future__ import annotations

from typing import Final, TypeVar

from caldavd.ical.parse import Document
from caldavd.itip.address import Addresses
from caldavd.itip.alike import Likeness, likeness
from caldavd.itip.incoming import Incoming, incoming
from caldavd.itip.outcome import Outcome
from caldavd.itip.receive import take
from caldavd.itip.snapshot import meeting
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
        self._read: Incoming | None = None
        self._documents: dict[str, Document] = {}
        self._outcomes: dict[tuple[str | None, Likeness], Outcome] = {}

    async def read(self, tx: WriteTx) -> Incoming:
        """What is in it. Raises Refused(VALID_SCHEDULING_MESSAGE)."""
        if self._read is None:
            document = await schedule.parsed(tx, self.message.text)
            self._read = await tx.offload(incoming, document, self.message.method)
        return self._read

    async def outcome(
        self, tx: WriteTx, stored: str | None, me: Addresses, now: int
    ) -> tuple[Document | None, Outcome]:
        """The recipient's object of this text, and what becomes of it.

        Raises Refused(VALID_SCHEDULING_MESSAGE).
        """
        message = await self.read(tx)
        before = None if stored is None else await self._document(tx, stored)

        def work() -> Outcome:
            of = None if before is None else meeting(before)
            alike = likeness(message.meeting, of, me)
            known = None if alike is None else self._outcomes.get((stored, alike))
            if known is not None:
                return known
            outcome = take(before, message, me, schedule.moment(now))
            if alike is not None:
                _remember(self._outcomes, (stored, alike), outcome)
            return outcome

        size = len(self.message.text) + len(stored or "")
        return before, await offloaded(tx, size, work)

    async def _document(self, tx: WriteTx, text: str) -> Document:
        found = self._documents.get(text)
        if found is None:
            found = await schedule.parsed(tx, text)
            _remember(self._documents, text, found)
        return found


def _remember(among: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if len(among) >= REMEMBERED:
        among.pop(next(iter(among)), None)
    among[key] = value
