"""What a row is expected to reach, and whether it does; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.figures import Row

LARGE: Final = 20_000
MAX_RESIDENT_MB: Final = 120
MAX_GROWTH: Final = 4 / 3
"""Processor time a request at the largest scale, as a multiple of that at the smallest."""
GROWS_NOT: Final = ("get", "propfind0", "sync1")
SHARES: Final = {
    ("sqlite", "get"): 0.40,
    ("sqlite", "propfind0"): 0.28,
    ("sqlite", "sync1"): 0.25,
}
"""The least share of the bare application, in processor time and in requests per second."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An expectation in words, and what came of it."""

    expected: str
    met: bool
    found: str

    def __str__(self) -> str:
        return "met" if self.met else f"missed: {self.found}"


def verdicts(row: Row, rows: Sequence[Row]) -> list[Verdict]:
    """What is expected of a row, which may depend on others of the same run."""
    found = []
    share = SHARES.get((row.database, row.key))
    if share is not None:
        reached = min(row.cpu_ratio, row.rate_ratio)
        found.append(Verdict(f"≥ {share:.2f} of bare", reached >= share, f"{reached:.3f}"))
    smallest = _smallest(row, rows)
    if (
        row.database == "sqlite"
        and row.key in GROWS_NOT
        and row.objects >= LARGE > smallest.objects
    ):
        growth = row.ours.cpu_us / smallest.ours.cpu_us
        wanted = f"≤ {MAX_GROWTH:.2f} × {smallest.objects} objects"
        found.append(Verdict(wanted, growth <= MAX_GROWTH, f"{growth:.2f} ×"))
    return found


def memory(rows: Sequence[Row]) -> list[Verdict]:
    """What is expected of the most memory that a server had at each scale."""
    most: dict[tuple[str, int], float] = {}
    for row in rows:
        place = row.database, row.objects
        most[place] = max(most.get(place, 0.0), row.resident_mb)
    return [
        Verdict(
            f"< {MAX_RESIDENT_MB} MB resident at {objects} objects, {database}",
            resident < MAX_RESIDENT_MB,
            f"{resident:.0f} MB",
        )
        for (database, objects), resident in most.items()
        if objects >= LARGE and database == "sqlite"
    ]


def _smallest(row: Row, rows: Sequence[Row]) -> Row:
    same = (one for one in rows if (one.database, one.key) == (row.database, row.key))
    return min(same, key=lambda one: one.objects, default=row)
