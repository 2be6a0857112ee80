"""What Prometheus reads: counters and histograms, none with a label that holds user data."""

from __future__ import annotations

import platform
import resource
import sys
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, TypeVar

from caldavd import __version__
from caldavd.store.engine import Database, ReadTx, WriteTx

T = TypeVar("T")


class Indexing(Protocol):
    """What was done to the index of occurrences since the start of the process."""

    @property
    def outcomes(self) -> Mapping[str, int]:
        """Objects indexed anew by what became of them."""

    @property
    def waiting(self) -> int:
        """Objects that wait for it."""

    @property
    def finished_at(self) -> int:
        """When the last piece of work was finished."""


CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OTHER: Final = "other"

_BOUNDS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_MAX_KINDS: Final = 100
_METHODS: Final = frozenset(
    {"OPTIONS", "GET", "HEAD", "PUT", "DELETE", "POST", "PATCH", "PROPFIND", "PROPPATCH"}
    | {"MKCALENDAR", "MKCOL", "COPY", "MOVE", "REPORT", "ACL", "LOCK", "UNLOCK", "SEARCH"}
)
_STATM: Final = Path("/proc/self/statm")

Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Histogram:
    counts: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS_S) + 1))
    total_s: float = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(_BOUNDS_S, seconds)] += 1
        self.total_s += seconds

    def lines(self, name: str, labels: Labels) -> Iterator[str]:
        running = 0
        for bound, count in zip((*map(str, _BOUNDS_S), "+Inf"), self.counts, strict=True):
            running += count
            yield _line(f"{name}_bucket", (*labels, ("le", bound)), running)
        yield _line(f"{name}_sum", labels, self.total_s)
        yield _line(f"{name}_count", labels, running)


class Metrics:
    """The counters of one process."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._started = time.time()
        self._requests: dict[tuple[str, str, int], int] = {}
        self._durations: dict[tuple[str, str], _Histogram] = {}
        self._database: dict[str, _Histogram] = {"read": _Histogram(), "write": _Histogram()}
        self._in_flight = {"read": 0, "write": 0}
        self._logins: Callable[[], Mapping[str, int]] = dict
        self._indexing: Indexing | None = None
        self._tasks: Mapping[tuple[str, str], int] = {}
        self._mails: Counter[str] = Counter()
        self._looks: Counter[str] = Counter()

    def observe(self, method: str, kind: str, status: int, seconds: float) -> None:
        """Counts one request; `kind` says what its URL led to, in one of few words."""
        method = method if method in _METHODS else OTHER
        if (method, kind) not in self._durations and len(self._durations) >= _MAX_KINDS:
            kind = OTHER
        request = (method, kind, status)
        self._requests[request] = self._requests.get(request, 0) + 1
        duration = self._durations.get((method, kind))
        if duration is None:
            duration = self._durations[method, kind] = _Histogram()
        duration.observe(seconds)

    def read_logins(self, counts: Callable[[], Mapping[str, int]]) -> None:
        """Says where the numbers of logins by result are to be read."""
        self._logins = counts

    def read_indexing(self, progress: Indexing) -> None:
        """Says where to read what is done to the index of occurrences."""
        self._indexing = progress

    def note_tasks(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Says how many tasks there are, by kind and state."""
        self._tasks = counts

    def count_mail(self, fate: str) -> None:
        """Counts a mail that arrived, and what became of it."""
        self._mails[fate] += 1

    def count_look(self, ok: bool) -> None:
        """Counts a look into the mailbox."""
        self._looks["ok" if ok else "failed"] += 1

    def begin(self, mode: str) -> float:
        """A transaction begins to wait for its turn; when that was."""
        self._in_flight[mode] += 1
        return time.perf_counter()

    def end(self, mode: str, began: float) -> None:
        """A transaction has ended."""
        self._in_flight[mode] -= 1
        self._database[mode].observe(time.perf_counter() - began)

    def render(self) -> str:
        """Everything, in Prometheus' text format."""
        return "\n".join(line for family in self._families() for line in family) + "\n"

    def _families(self) -> Iterator[Iterator[str]]:
        yield self._build()
        yield _family("caldavd_requests_total", "counter", "Requests answered.", self._counted())
        yield _histograms(
            "caldavd_request_duration_seconds",
            "Time from the first byte read to the answer.",
            {(("method", m), ("kind", k)): one for (m, k), one in self._durations.items()},
        )
        yield _histograms(
            "caldavd_database_seconds",
            "Time of transactions, with the wait for their turn.",
            {(("mode", mode),): one for mode, one in self._database.items()},
        )
        yield _family(
            "caldavd_database_in_flight",
            "gauge",
            "Transactions that run or wait.",
            {(("mode", mode),): float(count) for mode, count in self._in_flight.items()},
        )
        yield _family(
            "caldavd_logins_total",
            "counter",
            "Logins that were verified, failed, or were sent away unseen.",
            {(("result", result),): float(n) for result, n in self._logins().items()},
        )
        yield _family(
            "caldavd_tasks",
            "gauge",
            "What is to be delivered and sent; dead: nobody tries any more.",
            {(("kind", k), ("state", s)): float(n) for (k, s), n in self._tasks.items()},
        )
        yield _family(
            "caldavd_mails_received_total",
            "counter",
            "Mails that arrived, by what became of them.",
            {(("fate", fate),): float(n) for fate, n in sorted(self._mails.items())},
        )
        yield _family(
            "caldavd_mailbox_looks_total",
            "counter",
            "Looks into the mailbox, by how they ended.",
            {(("result", result),): float(n) for result, n in sorted(self._looks.items())},
        )
        if self._indexing is not None:
            yield from _indexed(self._indexing)
        yield from self._process()

    def _build(self) -> Iterator[str]:
        labels = (
            ("version", __version__),
            ("python", platform.python_version()),
            ("database", self._dialect),
        )
        return _family("caldavd_build_info", "gauge", "What is running.", {labels: 1.0})

    def _counted(self) -> dict[Labels, float]:
        return {
            (("method", method), ("kind", kind), ("status", str(status))): float(count)
            for (method, kind, status), count in self._requests.items()
        }

    def _process(self) -> Iterator[Iterator[str]]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        for name, type_, help_, value in (
            ("process_resident_memory_bytes", "gauge", "Resident memory.", float(_resident())),
            ("process_start_time_seconds", "gauge", "Start of the process.", self._started),
            ("process_cpu_seconds_total", "counter", "CPU time.", used.ru_utime + used.ru_stime),
        ):
            yield _family(name, type_, help_, {(): value})


class MeasuredDatabase:
    """A Database whose transactions are counted and timed."""

    def __init__(self, db: Database, metrics: Metrics) -> None:
        self.dialect = db.dialect
        self._db = db
        self._metrics = metrics

    async def read(self, work: Callable[[ReadTx], Awaitable[T]], *, snapshot: bool = True) -> T:
        """As the database does it."""
        began = self._metrics.begin("read")
        try:
            return await self._db.read(work, snapshot=snapshot)
        finally:
            self._metrics.end("read", began)

    async def write(self, work: Callable[[WriteTx], Awaitable[T]]) -> T:
        """As the database does it."""
        began = self._metrics.begin("write")
        try:
            return await self._db.write(work)
        finally:
            self._metrics.end("write", began)

    async def close(self) -> None:
        """As the database does it."""
        await self._db.close()


def _indexed(progress: Indexing) -> Iterator[Iterator[str]]:
    yield _family(
        "caldavd_index_objects_total",
        "counter",
        "Objects indexed anew, by what became of them.",
        {(("result", result),): float(n) for result, n in sorted(progress.outcomes.items())},
    )
    for name, help_, value in (
        ("waiting", "Objects that wait to be indexed anew.", progress.waiting),
        ("finished_time_seconds", "When that was last finished here.", progress.finished_at),
    ):
        yield _family(f"caldavd_index_{name}", "gauge", help_, {(): float(value)})


def _family(name: str, type_: str, help_: str, samples: Mapping[Labels, float]) -> Iterator[str]:
    yield f"# HELP {name} {help_}"
    yield f"# TYPE {name} {type_}"
    for labels, value in samples.items():
        yield _line(name, labels, value)


def _histograms(name: str, help_: str, samples: Mapping[Labels, _Histogram]) -> Iterator[str]:
    yield f"# HELP {name} {help_}"
    yield f"# TYPE {name} histogram"
    for labels, one in samples.items():
        yield from one.lines(name, labels)


def _line(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    return f"{name}{{{inside}}} {value:.17g}" if inside else f"{name} {value:.17g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _resident() -> int:
    """Bytes of memory in use now; where only the most so far is known, that."""
    try:
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
