"""What outlives requests by links: who guesses at them, who used them, feeds made of late."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Final, Protocol

from caldavd.service.publish import Use

MAX_KEPT_BYTES: Final = 16 << 20
"""Of all feeds that are kept."""
ANSWERS: Final = 30
"""By one link to an invitation, in ANSWERS_S."""
ANSWERS_S: Final = 3_600
OPENED: Final = 60
"""Requests by one link to an invitation, in OPENED_S."""
OPENED_S: Final = 60
MAX_COUNTED: Final = 10_000
"""Links to invitations of which it is known how often they were used."""
RENDERINGS: Final = 1
"""Feeds that are made at the same time: what they take is taken from the users' requests."""


class Guesses(Protocol):
    """Counts links that lead nowhere, by the address from which they were tried."""

    def refusal(self, address: str, now: int) -> float:
        """Seconds for which requests from an address are refused unseen; 0: come in."""

    def guessed(self, address: str, now: int) -> None:
        """Counts one."""


class Uncounted:
    """Lets everybody try as often as they like."""

    def refusal(self, address: str, now: int) -> float:
        """Never."""
        return 0.0

    def guessed(self, address: str, now: int) -> None:
        """Counts nothing."""


def untold(use: Use) -> None:
    """Tells nobody."""


class Publisher:
    """The state of publishing in one process."""

    def __init__(
        self, guesses: Guesses | None = None, used: Callable[[Use], None] = untold
    ) -> None:
        self.guesses: Guesses = guesses or Uncounted()
        self.used = used
        self.turn = asyncio.Semaphore(RENDERINGS)
        self.kept = Kept()
        self.answered = Counted(ANSWERS, ANSWERS_S)
        self.opened = Counted(OPENED, OPENED_S)


class Counted:
    """How often each link was used of late: `most` times in `per_s` seconds. Bounded."""

    def __init__(self, most: int, per_s: int) -> None:
        self._most, self._per_s = most, per_s
        self._counted: OrderedDict[Hashable, tuple[int, int]] = OrderedDict()

    def refusal(self, link: Hashable, now: int) -> int:
        """Counts a use; seconds for which a link cannot be used any more, 0: it can."""
        since, count = self._counted.get(link, (now, 0))
        if now >= since + self._per_s:
            since, count = now, 0
        if count >= self._most:
            return since + self._per_s - now
        self._counted[link] = since, count + 1
        self._counted.move_to_end(link)
        if len(self._counted) > MAX_COUNTED:
            self._counted.popitem(last=False)
        return 0


class Kept:
    """Feeds that were made of late, by their entity tags: many ask for the same."""

    def __init__(self, max_bytes: int = MAX_KEPT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._feeds: OrderedDict[str, tuple[bytes, ...]] = OrderedDict()

    def get(self, tag: str) -> tuple[bytes, ...] | None:
        """The parts of a feed."""
        found = self._feeds.get(tag)
        if found is not None:
            self._feeds.move_to_end(tag)
        return found

    def put(self, tag: str, parts: Sequence[bytes]) -> None:
        """Keeps a feed, unless it is too long, and forgets those used longest ago."""
        size = sum(map(len, parts))
        if size > self._max_bytes // 4 or tag in self._feeds:
            return
        self._feeds[tag] = tuple(parts)
        self._bytes += size
        while self._bytes > self._max_bytes:
            _, forgotten = self._feeds.popitem(last=False)
            self._bytes -= sum(map(len, forgotten))
