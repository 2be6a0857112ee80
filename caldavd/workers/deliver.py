"""Delivers messages within this server once they are committed, each in its own transaction."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Final

from caldavd.clock import Clock
from caldavd.service import deliver
from caldavd.service.routes import Rules
from caldavd.store import tasks
from caldavd.store.engine import Database, Unavailable, WriteTx
from caldavd.store.tasks import Message, Task

BATCH: Final = 50
LEASE_S: Final = 60
MAX_ATTEMPTS: Final = 8
"""After so many a message is kept, and nobody tries again by itself."""
PATIENCE_S: Final = 0.1
"""How long a request waits for what it caused."""
_BACK_OFF_S: Final = 5
_KINDS: Final = (tasks.ITIP, deliver.REFRESH)

_log: Final = logging.getLogger(__name__)


class Deliverer:
    """One process' share of the deliveries."""

    def __init__(self, db: Database, rules: Rules, clock: Clock) -> None:
        self._db = db
        self._rules = rules
        self._clock = clock
        self._running: asyncio.Task[None] | None = None
        self._again = False

    async def settle(self, patience_s: float = PATIENCE_S) -> None:
        """Starts with what is due, and waits a little while for its end."""
        self._again = True
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self.work())
        await asyncio.wait([self._running], timeout=patience_s)

    async def work(self) -> None:
        """Does all that is due, and what follows from it. Raises Unavailable."""
        self._again = True
        while self._again:
            self._again = False
            for kind in _KINDS:
                while await self._batch(kind):
                    pass

    async def close(self) -> None:
        """Waits for what is being delivered."""
        if self._running is not None:
            await asyncio.wait([self._running])

    async def _batch(self, kind: str) -> bool:
        """Whether there was anything to do."""
        claim = partial(tasks.claim, kind=kind, now=self._clock(), lease_s=LEASE_S, limit=BATCH)
        found = await self._db.write(claim)
        wanted = sorted({one.message_id for one in found if one.message_id is not None})
        messages: dict[int, Message] = {}
        if wanted:
            messages = await self._db.read(partial(tasks.messages, ids_=wanted))
        for one in found:
            message = None if one.message_id is None else messages.get(one.message_id)
            await self._one(one, message)
        return bool(found)

    async def _one(self, of: Task, message: Message | None) -> None:
        try:
            await self._db.write(partial(self._do, of=of, message=message))
        except Unavailable:
            raise
        except Exception as error:
            _log.exception("not delivered", extra={"task": of.id, "attempts": of.attempts})
            await self._db.write(partial(self._put_off, of=of, error=type(error).__name__))

    async def _do(self, tx: WriteTx, of: Task, message: Message | None) -> None:
        """Delivers, and removes the task with it: what was done is done once.

        What an organizer said comes in the order in which it was said; answers tell it themselves.
        """
        now = self._clock()
        if message is not None and message.method not in deliver.OF_ATTENDEES:
            for one, about in await tasks.take(tx, of, message):
                await deliver.deliver(tx, self._rules, one, about, now)
        elif await tasks.done(tx, [of.id]):
            if of.kind == deliver.REFRESH:
                await deliver.tell_again(tx, self._rules, of, now)
            elif message is not None:
                await deliver.deliver(tx, self._rules, of, message, now)

    async def _put_off(self, tx: WriteTx, of: Task, error: str) -> None:
        now = self._clock()
        retry_at = now + _BACK_OFF_S * 2**of.attempts if of.attempts < MAX_ATTEMPTS else None
        await tasks.failed(tx, of, now, error, retry_at)
