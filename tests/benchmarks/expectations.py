"""What a row is expected to reach, and whether it does; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.figures import Row

LARGE: Final = 20_000
MAX_RESIDENT_MB: Final = 120
MAX_GROWTH: Final = 4 / 3
"""Processor time a request at the largest scale, as a multiple of that at the smallest."""
GROWS_NOT: Final = ("get", "propfind0", "sync1", "week", "month", "expand", "freebusy")
"""Those whose answer does not grow; one with a text filter must read every text."""
DATABASE_SHARE: Final = {"sqlite": 1.0, "postgresql": 0.5}
"""What is left of an expectation where statements travel to another process."""


@dataclass(frozen=True, slots=True)
class Least:
    """The least share of the bare application, on SQLite.

    In processor time and in requests per second; on PostgreSQL in the server's own processor time.
    """

    share: float
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    objects: int | None = None
    """The one scale that it holds for."""


SHARES: Final = {
    "get": Least(0.40, ("sqlite",)),
    "propfind0": Least(0.28, ("sqlite",)),
    "sync1": Least(0.25, ("sqlite",)),
    "multiget": Least(0.05),
    "week": Least(0.20, objects=2_000),
    "putnew": Least(0.10),
}
BESIDE: Final = {"putshared": "putunshared"}
"""Rows that may cost at most MAX_GROWTH times another one."""
MOST_P95_MS: Final = {
    "freebusy10": 10.0,
    "outbox10": 20.0,
    "outbox100": 100.0,
    "invite1000": 300.0,
    "deliver1000": 10_000.0,
}
"""On SQLite; on PostgreSQL too, if it is in ON_BOTH."""
ON_BOTH: Final = frozenset({"invite1000", "deliver1000"})


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
    return [*_share(row), *_latency(row), *_growth(row, _smallest(row, rows)), *_pair(row, rows)]


def _share(row: Row) -> Iterator[Verdict]:
    least = SHARES.get(row.key)
    if least is None or row.database not in least.databases:
        return
    if least.objects not in (None, row.objects):
        return
    wanted = least.share * DATABASE_SHARE[row.database]
    # PostgreSQL may have to share a core with the generator: its rate says little.
    reached = min(row.cpu_ratio, row.rate_ratio) if row.database == "sqlite" else row.cpu_ratio
    digits = 2 if round(wanted, 2) == wanted else 3
    yield Verdict(f"≥ {wanted:.{digits}f} of bare", reached >= wanted, f"{reached:.3f}")


def _latency(row: Row) -> Iterator[Verdict]:
    if row.key in MOST_P95_MS:
        share = 1 if row.key in ON_BOTH else DATABASE_SHARE[row.database]
        most = MOST_P95_MS[row.key] / share
        found = row.ours.latency_ms(95)
        yield Verdict(f"p95 < {most:g} ms", found < most, f"{found:.1f} ms")


def _growth(row: Row, smallest: Row) -> Iterator[Verdict]:
    if row.key in GROWS_NOT and row.objects >= LARGE > smallest.objects:
        growth = _all_cpu_us(row) / _all_cpu_us(smallest)
        wanted = f"≤ {MAX_GROWTH:.2f} × {smallest.objects} objects"
        yield Verdict(wanted, growth <= MAX_GROWTH, f"{growth:.2f} ×")


def _pair(row: Row, rows: Sequence[Row]) -> Iterator[Verdict]:
    for other in rows:
        if other.key == BESIDE.get(row.key) and other.database == row.database:
            times = _all_cpu_us(row) / _all_cpu_us(other)
            wanted = f"≤ {MAX_GROWTH:.2f} × the row above"
            yield Verdict(wanted, times <= MAX_GROWTH, f"{times:.2f} ×")


def _all_cpu_us(row: Row) -> float:
    return row.ours.cpu_us + row.ours.database_cpu_us


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
