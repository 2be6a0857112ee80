"""PostgreSQL through asyncpg: a pool for readers, a pool for writers, retries on deadlock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

import asyncpg
from sqlalchemy import Insert
from sqlalchemy.sql.base import Executable

from caldavd.store.engine import Conflict, Full, ReadTx, Row, Unavailable, WriteTx
from caldavd.store.statement import Compiled, Statements, postgresql

T = TypeVar("T")

ATTEMPTS: Final = 6
ACQUIRE_TIMEOUT_S: Final = 20
STATEMENT_TIMEOUT_S: Final = 60
COPIED: Final = 20
"""So many new rows or more go by COPY, which takes them in less than half the time."""

_COMPRESS_FAST: Final = (
    "SELECT set_config(name, 'lz4', false) FROM pg_settings "
    "WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)"
)
"""Where PostgreSQL knows it, from 14 on: what it does else takes longer than to write a text."""
_RETRY: Final = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_FULL: Final = asyncpg.DiskFullError
_LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # No more connections, memory or room on the disk.
    asyncpg.InsufficientResourcesError,
    # A statement cancelled by whoever runs the database, and all that goes with its shutdown.
    asyncpg.OperatorInterventionError,
    # Locks that are not to be waited for, and a standby that was asked to write.
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    TimeoutError,
    OSError,
)


class _Tx:
    """ReadTx and WriteTx over one pooled connection."""

    def __init__(self, connection: Any, statements: Statements) -> None:
        self._connection = connection
        self._statements = statements

    async def one(self, statement: Executable, **values: Any) -> Row | None:
        compiled = self._statements.get(statement)
        try:
            row = await self._connection.fetchrow(compiled.sql, *compiled.arguments(values))
        except asyncpg.UniqueViolationError as error:
            raise Conflict(str(error)) from error
        return cast("Row | None", row)

    async def all(self, statement: Executable, **values: Any) -> Sequence[Row]:
        compiled = self._statements.get(statement)
        return cast(
            "Sequence[Row]",
            await self._connection.fetch(compiled.sql, *compiled.arguments(values)),
        )

    async def run(self, statement: Executable, **values: Any) -> int:
        compiled = self._statements.get(statement)
        try:
            tag = await self._connection.execute(compiled.sql, *compiled.arguments(values))
        except asyncpg.UniqueViolationError as error:
            raise Conflict(str(error)) from error
        count = str(tag).rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def many(self, statement: Executable, rows: Iterable[Mapping[str, Any]]) -> None:
        compiled = self._statements.get(statement)
        arguments = [compiled.arguments(row) for row in rows]
        try:
            if len(arguments) >= COPIED and _is_plain(statement, compiled):
                table = cast("Insert", statement).table.name
                columns = compiled.order
                await self._connection.copy_records_to_table(
                    table, records=arguments, columns=columns
                )
            else:
                await self._connection.executemany(compiled.sql, arguments)
        except asyncpg.UniqueViolationError as error:
            raise Conflict(str(error)) from error

    async def offload(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.to_thread(work, *arguments)


class PostgresqlDatabase:
    """The Database of one PostgreSQL database."""

    dialect = "postgresql"

    def __init__(self, readers: Any, writers: Any) -> None:
        self._readers = readers
        self._writers = writers
        self._statements = postgresql()

    @classmethod
    async def connect(cls, url: str, pool_size: int) -> PostgresqlDatabase:
        """Opens both pools. Raises Unavailable when nobody answers at `url`."""
        try:
            readers = await _pool(url, pool_size)
            writers = await _pool(url, pool_size)
        except (*_LOST, asyncpg.PostgresError) as error:
            raise Unavailable(f"PostgreSQL does not let us in: {error}") from error
        return cls(readers, writers)

    async def read(self, work: Callable[[ReadTx], Awaitable[T]], *, snapshot: bool = True) -> T:
        """REPEATABLE READ where more than one statement must see the same state."""
        if snapshot:
            return await self._attempt(self._readers, work, "repeatable_read", readonly=True)
        try:
            async with self._readers.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                return await work(_Tx(connection, self._statements))
        except _LOST as error:
            raise _unavailable(error) from error

    async def write(self, work: Callable[[WriteTx], Awaitable[T]]) -> T:
        """READ COMMITTED, so that what is read after a lock is what the lock waited for."""
        return await self._attempt(self._writers, work, "read_committed", readonly=False)

    async def close(self) -> None:
        """Waits for running transactions, but not for ever."""
        for pool in (self._readers, self._writers):
            try:
                await asyncio.wait_for(pool.close(), STATEMENT_TIMEOUT_S)
            except TimeoutError:
                pool.terminate()

    async def _attempt(
        self,
        pool: Any,
        work: Callable[[WriteTx], Awaitable[T]],
        isolation: str,
        *,
        readonly: bool,
    ) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with (
                    pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection,
                    connection.transaction(isolation=isolation, readonly=readonly),
                ):
                    return await work(_Tx(connection, self._statements))
            except _RETRY as error:
                if attempt == ATTEMPTS:
                    raise Unavailable(f"gave up after {ATTEMPTS} attempts: {error}") from error
                await asyncio.sleep(0.01 * attempt)
            except _LOST as error:
                raise _unavailable(error) from error
        raise AssertionError("unreachable")


def _is_plain(statement: Executable, compiled: Compiled) -> bool:
    """Whether a statement adds a row of given values, one for each column, whatever is there."""
    if type(statement) is not Insert:  # That of the dialect, below it, knows ON CONFLICT.
        return False
    return compiled.order == tuple(column.name for column in statement.table.columns)


def _unavailable(error: Exception) -> Unavailable:
    words = str(error) or type(error).__name__
    return Full(words) if isinstance(error, _FULL) else Unavailable(words)


async def _pool(url: str, size: int) -> Any:
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        command_timeout=STATEMENT_TIMEOUT_S,
        timeout=ACQUIRE_TIMEOUT_S,
        init=plan_once,
        reset=_no_reset,
    )


async def plan_once(connection: Any) -> None:
    """Has each statement planned once: to plan a query anew costs more than to run it.

    A plan may be made while the tables are empty and must do when they are full, so that indexes
    are to look cheap. A SET, not parameters of the connection: poolers refuse unknown ones.
    """
    await connection.execute("SET plan_cache_mode = force_generic_plan; SET random_page_cost = 1.1")
    await connection.execute(_COMPRESS_FAST)


async def _no_reset(connection: Any) -> None:
    """Nobody else uses SET, LISTEN or advisory locks on pooled connections: saves a round trip."""
