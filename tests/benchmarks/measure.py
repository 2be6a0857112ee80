"""Slices of load in turn on the server and on the bare application, at every scale."""

from __future__ import annotations

import gc
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.benchmarks import processes, servers
from tests.benchmarks.client import Answer, Client, Exchange, Round, Slice, Source, Wrong
from tests.benchmarks.figures import Figures, Row
from tests.benchmarks.operations import Operation
from tests.benchmarks.servers import Bare, Caldavd
from tests.benchmarks.subject import Subject
from tests.benchmarks.webdav import Asker

WARM_UP: Final = 0.15
"""Of the measured time, before it."""
SHORTEST_SLICE_S: Final = 0.5
MOST_SLICES: Final = 6
_AIOHTTP_SETS: Final = frozenset({"content-length", "date", "server"})


@dataclass(frozen=True, slots=True)
class Place:
    """A server with a filled calendar; `database_pid` is 0 where the database has no process."""

    server: Caldavd
    subject: Subject
    database: str
    database_pid: int

    def database_cpu_s(self) -> float:
        """Processor time of the database's processes."""
        return _used(self.database_pid)


@dataclass(slots=True)
class _Prepared:
    """An operation at one place."""

    place: Place
    source: Source
    row: Row
    bare_source: Source | None = None
    answer: Answer | None = None
    body_bytes: int = 0


class Bench:
    """Measures operations at several places, against one bare application."""

    def __init__(self, bare: Bare, seconds: float) -> None:
        self._bare = bare
        self._bare_client = Client(servers.HOST, bare.port)
        self._control = Asker(Client(servers.HOST, bare.control_port), servers.HOST, "", "")
        self._seconds = seconds
        self._slices = max(1, min(MOST_SLICES, int(seconds / SHORTEST_SLICE_S)))

    async def measure(self, operation: Operation, places: Sequence[Place]) -> list[Row]:
        """One row for each place. Raises Wrong if an answer is wrong."""
        prepared = [await self._prepare(operation, place) for place in places]
        for _ in range(self._slices):
            for one in prepared:
                await self._ours(operation, one)
                await self._theirs(operation, one)
        for one in prepared:
            one.row.resident_mb = processes.resident_mb(one.place.server.process.pid)
        return [one.row for one in prepared]

    async def _prepare(self, operation: Operation, place: Place) -> _Prepared:
        """Prepares and warms up, so that logins, statements and caches are not in the figures."""
        source = await operation.prepare(place.subject)
        row = Row(place.database, operation.key, operation.title, len(place.subject.items))
        prepared = _Prepared(place, source, row)
        client = place.subject.asker.client
        slice_ = await client.load(source, operation.connections, self._seconds * WARM_UP)
        prepared.answer = slice_.doubtful[0][1]
        prepared.body_bytes = round(slice_.body_bytes / slice_.requests)
        slice_.verify()
        await source.settle()
        check = partial(_has_length, prepared.body_bytes)
        status = prepared.answer.status
        prepared.bare_source = Round([Exchange(sent, status, check) for sent in slice_.sent])
        return prepared

    async def _ours(self, operation: Operation, one: _Prepared) -> None:
        pids = one.place.server.process.pid, one.place.database_pid
        client = one.place.subject.asker.client
        slice_ = await self._slice(client, operation, one.source, one.row.ours, pids)
        slice_.verify()
        await one.source.settle()

    async def _theirs(self, operation: Operation, one: _Prepared) -> None:
        assert one.answer is not None
        assert one.bare_source is not None
        await self._tell(one.answer, one.body_bytes)
        pids = self._bare.process.pid, 0
        slice_ = await self._slice(
            self._bare_client, operation, one.bare_source, one.row.bare, pids
        )
        slice_.verify()

    async def _slice(
        self,
        client: Client,
        operation: Operation,
        source: Source,
        figures: Figures,
        pids: tuple[int, int],
    ) -> Slice:
        server, database = pids
        seconds = self._seconds / self._slices
        gc.collect()
        gc.disable()
        before = _used(server), _used(database), time.process_time()
        try:
            slice_ = await client.load(source, operation.connections, seconds)
        finally:
            gc.enable()
        after = _used(server), _used(database), time.process_time()
        figures.requests += slice_.requests
        figures.elapsed_s += slice_.elapsed_s
        figures.cpu_s += after[0] - before[0]
        figures.database_cpu_s += after[1] - before[1]
        figures.generator_cpu_s += after[2] - before[2]
        figures.body_bytes += slice_.body_bytes
        figures.latencies_s += slice_.latencies_s
        return slice_

    async def _tell(self, answer: Answer, body_bytes: int) -> None:
        """Has the bare application give an answer like this one from now on."""
        wanted = {"status": answer.status, "headers": _headers(answer), "bytes": body_bytes}
        request = self._control.request("PUT", "/", json.dumps(wanted))
        await self._control.ask(Exchange(request, 200, partial(_has_length, 0)))


def _used(pid: int) -> float:
    return processes.cpu_s(pid) if pid else 0.0


def _headers(answer: Answer) -> dict[str, str]:
    """The fields of an answer that the server itself has set."""
    fields = re.findall(r"\r\n([^:]+):[ \t]*([^\r\n]*)", answer.head.decode("latin-1"))
    return {name: value for name, value in fields if name.lower() not in _AIOHTTP_SETS}


def _has_length(length: int, answer: Answer) -> None:
    if len(answer.body) != length:
        raise Wrong(f"the bare application answered {len(answer.body)} bytes, not {length}")
