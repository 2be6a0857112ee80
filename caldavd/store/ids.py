"""Ids that the application assigns: unique over all tables, rising with time."""

from __future__ import annotations

import secrets
import time
from typing import Final

_EPOCH_MS: Final = 1_767_225_600_000  # 2026-01-01T00:00:00Z
_RANDOM_BITS: Final = 22


def new() -> int:
    """A positive 63-bit id: milliseconds since 2026, then 22 random bits."""
    elapsed_ms = time.time_ns() // 1_000_000 - _EPOCH_MS
    return (elapsed_ms << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)


def many(count: int) -> range:
    """So many ids, one after the other: those of one millisecond could be equal, drawn singly."""
    first = new()
    return range(first, first + count)


def before() -> int:
    """An id below every one that `new` returns from now on, as long as the clock runs forward."""
    return new() - (1 << _RANDOM_BITS)


def at(second: int) -> int:
    """An id below every one that is made from a second (of the epoch) on; 0 for one before 2026."""
    return max(0, second * 1000 - _EPOCH_MS) << _RANDOM_BITS
