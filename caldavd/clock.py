"""The current time as a value that tests can own."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns whole seconds since 1970-01-01T00:00:00Z."""


def now() -> int:
    """The system's time, in whole seconds since 1970-01-01T00:00:00Z."""
    return int(time.time())
