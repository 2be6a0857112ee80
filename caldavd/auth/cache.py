"""What was verified of late, by the keyed hash of its header."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from caldavd.model import Actor

T = TypeVar("T")

MAX_ENTRIES: Final = 10_000


@dataclass(slots=True)
class Verified:
    """A login that was right; with which app password, and when that was last noted as used."""

    actor: Actor
    app_password_id: int | None = None
    used_at: int = 0


class Cache(Generic[T]):
    """Values that live for a while after their last use. Bounded: the oldest use goes first."""

    def __init__(self, life_s: float, max_entries: int = MAX_ENTRIES) -> None:
        self._life_s = life_s
        self._max = max_entries
        self._entries: OrderedDict[bytes, tuple[T, float]] = OrderedDict()

    def get(self, key: bytes, now: int) -> T | None:
        """The value of a key, whose life begins anew."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        value, end = entry
        if now >= end:
            del self._entries[key]
            return None
        self._entries[key] = (value, now + self._life_s)
        self._entries.move_to_end(key)
        return value

    def has(self, key: bytes, now: int) -> bool:
        """Whether a key is alive; its life goes on as it was."""
        entry = self._entries.get(key)
        return entry is not None and now < entry[1]

    def put(self, key: bytes, value: T, now: int) -> None:
        """Keeps a value, and lets go of the one used longest ago if there are too many."""
        if self._life_s <= 0:
            return
        self._entries[key] = (value, now + self._life_s)
        self._entries.move_to_end(key)
        if len(self._entries) > self._max:
            self._entries.popitem(last=False)

    def remove(self, key: bytes) -> None:
        """Forgets a key, if it is known."""
        self._entries.pop(key, None)
