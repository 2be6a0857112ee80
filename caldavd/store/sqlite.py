"""SQLite: one writer thread that commits in groups, a few reader threads, one job a transaction.

A unit of work is a coroutine that never suspends here: every statement runs at once in the thread
that drives it. So a transaction costs one hop between threads, however many statements it has
(measured at 1.4 times a bare request for a GET, against 5.8 with a hop per statement).
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar, cast

from sqlalchemy.sql.base import Executable

from caldavd.store.engine import Conflict, Full, ReadTx, Row, Unavailable, WriteTx
from caldavd.store.statement import Statements, sqlite

T = TypeVar("T")

READERS: Final = 2
BUSY_TIMEOUT_MS: Final = 10_000
GROUP: Final = 32
"""How many waiting transactions share one commit, hence one fsync."""
STEPS: Final = 100_000
"""Instructions of SQLite's machine, some milliseconds, between two looks at who still waits."""

_TAKEN: Final = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-2048",
)


class _Job(NamedTuple):
    """Work for a thread, and where its result goes."""

    work: Callable[[WriteTx], Awaitable[Any]]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits any more: what has not begun need not begin."""
        return self.future.cancelled()


class _Outcome(NamedTuple):
    """What became of a job."""

    job: _Job
    result: Any
    error: BaseException | None = None


def _tell(loop: asyncio.AbstractEventLoop, outcomes: Sequence[_Outcome]) -> None:
    """Wakes a loop once for all of its jobs that have ended."""
    # A loop that was closed meanwhile has nobody left who waits.
    if not loop.is_closed():
        loop.call_soon_threadsafe(_settle, outcomes)


def _settle(outcomes: Sequence[_Outcome]) -> None:
    for job, result, error in outcomes:
        if job.future.done():
            continue
        if error is None:
            job.future.set_result(result)
        else:
            job.future.set_exception(error)


class _Tx:
    """ReadTx and WriteTx over one connection, in the thread that owns it."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        statements: Statements,
        abandoned: Callable[[], bool] = lambda: False,
    ) -> None:
        self._connection = connection
        self._statements = statements
        self._abandoned = abandoned

    def _execute(self, statement: Executable, values: Mapping[str, Any]) -> sqlite3.Cursor:
        compiled = self._statements.get(statement)
        try:
            return self._connection.execute(compiled.sql, compiled.arguments(values))
        except sqlite3.IntegrityError as error:
            raise _conflict_or_bug(error) from error

    async def one(self, statement: Executable, **values: Any) -> Row | None:
        row = self._execute(statement, values).fetchone()
        return cast("Row | None", row)

    async def all(self, statement: Executable, **values: Any) -> Sequence[Row]:
        return self._execute(statement, values).fetchall()

    async def run(self, statement: Executable, **values: Any) -> int:
        return self._execute(statement, values).rowcount

    async def many(self, statement: Executable, rows: Iterable[Mapping[str, Any]]) -> None:
        compiled = self._statements.get(statement)
        try:
            self._connection.executemany(compiled.sql, (compiled.arguments(row) for row in rows))
        except sqlite3.IntegrityError as error:
            raise _conflict_or_bug(error) from error

    async def offload(self, work: Callable[..., T], *arguments: Any) -> T:
        if self._abandoned():
            raise Unavailable("nobody waits for the answer any more")
        return work(*arguments)


class SqliteDatabase:
    """The Database of one SQLite file."""

    dialect = "sqlite"

    def __init__(self, path: Path, *, synchronous: str = "full") -> None:
        self._statements = sqlite()
        self._writes: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._reads: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        writer = _connect(path, synchronous)
        readers = [_connect(path, synchronous, "PRAGMA query_only=ON") for _ in range(READERS)]
        self._threads = [
            threading.Thread(
                target=self._serve_writes, args=(writer,), name="sqlite-writer", daemon=True
            )
        ] + [
            threading.Thread(
                target=self._serve_reads, args=(reader,), name=f"sqlite-reader-{n}", daemon=True
            )
            for n, reader in enumerate(readers)
        ]
        for thread in self._threads:
            thread.start()

    async def read(self, work: Callable[[ReadTx], Awaitable[T]], *, snapshot: bool = True) -> T:
        """A single statement is a snapshot by itself, so `snapshot` changes nothing here."""
        return await self._submit(self._reads, work)

    async def write(self, work: Callable[[WriteTx], Awaitable[T]]) -> T:
        """The writer thread runs it under BEGIN IMMEDIATE, in order of arrival."""
        return await self._submit(self._writes, work)

    async def close(self) -> None:
        """Ends the threads after the jobs already queued."""
        if self._closed:
            return
        self._closed = True
        self._writes.put(None)
        for _ in range(READERS):
            self._reads.put(None)
        await asyncio.to_thread(self._join)

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()

    async def _submit(
        self, jobs: queue.SimpleQueue[_Job | None], work: Callable[[WriteTx], Awaitable[T]]
    ) -> T:
        if self._closed:
            raise Unavailable("the database is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        jobs.put(_Job(work, loop, future))
        return await future

    def _serve_reads(self, connection: sqlite3.Connection) -> None:
        """Reads, one after the other; one that nobody waits for any more ends soon.

        SQLite asks in this very thread whether to go on: no other job can be hit by mistake.
        """
        job: _Job | None = None

        def abandoned() -> bool:
            return job is not None and job.abandoned

        connection.set_progress_handler(abandoned, STEPS)
        tx = _Tx(connection, self._statements, abandoned)
        while (job := self._reads.get()) is not None:
            if job.abandoned:
                continue
            try:
                connection.execute("BEGIN")
                result = _drive(job.work(tx))
                # Inside, for it too may be asked whether to go on: the thread must outlive it.
                connection.execute("COMMIT")
            except BaseException as error:
                connection.rollback()
                outcome = _Outcome(job, None, _translated(error))
            else:
                outcome = _Outcome(job, result)
            _tell(job.loop, (outcome,))
        connection.close()

    def _serve_writes(self, connection: sqlite3.Connection) -> None:
        tx = _Tx(connection, self._statements)
        ended = False
        while not ended:
            group, ended = self._next_group()
            _commit(connection, tx, group)
        connection.execute("PRAGMA optimize")
        connection.close()

    def _next_group(self) -> tuple[list[_Job], bool]:
        """The jobs that wait now, at least one, at most GROUP; and whether they are the last."""
        group: list[_Job] = []
        job = self._writes.get()
        while job is not None:
            group.append(job)
            if len(group) == GROUP or self._writes.empty():
                return group, False
            job = self._writes.get()
        return group, True


def _commit(connection: sqlite3.Connection, tx: _Tx, group: list[_Job]) -> None:
    """One commit for all; nobody hears of success before it."""
    outcomes: list[_Outcome] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job in group:
            if not job.abandoned:
                outcomes.append(_run_in_savepoint(connection, tx, job))
        connection.execute("COMMIT")
    except BaseException as error:
        connection.rollback()
        translated = _translated(error)
        outcomes = [outcome for outcome in outcomes if outcome.error is not None]
        outcomes += [_Outcome(job, None, translated) for job in group]
    for loop in {job.loop for job in group}:
        _tell(loop, [outcome for outcome in outcomes if outcome.job.loop is loop])


def _run_in_savepoint(connection: sqlite3.Connection, tx: _Tx, job: _Job) -> _Outcome:
    """One that fails takes nothing of the others in its group with it."""
    connection.execute("SAVEPOINT job")
    try:
        result = _drive(job.work(tx))
    except BaseException as error:
        if not connection.in_transaction:
            raise  # a full disk: SQLite has rolled the whole group back
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        return _Outcome(job, None, _translated(error))
    connection.execute("RELEASE job")
    return _Outcome(job, result)


def _connect(path: Path, synchronous: str, *more: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        for pragma in (*_PRAGMAS, f"PRAGMA synchronous={synchronous}", *more):
            connection.execute(pragma)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise Unavailable(f"{path}: {error}") from error
    return connection


def _drive(work: Awaitable[T]) -> T:
    """Runs a coroutine that never suspends to its end."""
    coroutine = cast("Coroutine[Any, Any, T]", work)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return cast("T", stop.value)
    coroutine.close()
    raise RuntimeError("a transaction awaited something other than its own statements")


def _conflict_or_bug(error: sqlite3.IntegrityError) -> Exception:
    """Only a taken key is a Conflict: an orphan or a missing value is our own mistake."""
    return Conflict(str(error)) if error.sqlite_errorcode in _TAKEN else error


def _translated(error: BaseException) -> BaseException:
    if isinstance(error, sqlite3.OperationalError):
        full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        unavailable = Full(str(error)) if full else Unavailable(str(error))
        unavailable.__cause__ = error
        return unavailable
    return error
