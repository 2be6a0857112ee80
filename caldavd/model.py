"""Frozen nouns that every layer may name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Window:
    """A time range in aware UTC instants: `start` inclusive, `end` exclusive, None = open.

    RFC 4791 §9.9 wants at least one bound where a client sends it; inside the server both may be
    open.
    """

    start: datetime | None
    end: datetime | None
