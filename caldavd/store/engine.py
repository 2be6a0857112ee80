"""Database, ReadTx and WriteTx: the front door to SQL, the same for both databases.

Statements are SQLAlchemy Core expressions kept as module constants. They are compiled once per
dialect and run on the driver. A unit of work is an `async def` that takes the transaction; on
SQLite it never suspends, so that a whole transaction is one job of a worker thread.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy.sql.base import Executable

T = TypeVar("T")
Row = Sequence[Any]
"""A result row: values by position, in the order of the statement's columns."""


class Conflict(Exception):
    """A unique constraint was hit: another row holds that name, UID or address.

    The transaction is spoilt (PostgreSQL runs no further statement in it): let it pass through.
    """


class Unavailable(Exception):
    """The database did not answer in time, or could not be reached; the work was not done."""


class Full(Unavailable):
    """The database has no room left: what is there can be read, and nothing written."""


class WrongSchema(Exception):
    """The database is not at a schema that this program can use; the message says what to do."""


class ReadTx(Protocol):
    """A transaction that sees one state of the database."""

    async def one(self, statement: Executable, **values: Any) -> Row | None:
        """The first row, or None."""

    async def all(self, statement: Executable, **values: Any) -> Sequence[Row]:
        """Every row."""

    async def offload(self, work: Callable[..., T], *arguments: Any) -> T:
        """Runs CPU work of more than about 5 ms away from the event loop."""


class WriteTx(ReadTx, Protocol):
    """A transaction that may write. It is committed by whoever opened it, never by its users."""

    async def run(self, statement: Executable, **values: Any) -> int:
        """Runs a statement and returns the number of rows it changed. Raises Conflict."""

    async def many(self, statement: Executable, rows: Iterable[Mapping[str, Any]]) -> None:
        """Runs a statement once for every mapping of values. Raises Conflict."""


class Database(Protocol):
    """One SQLite file or one PostgreSQL database, open."""

    dialect: str
    """`sqlite` or `postgresql`, for messages and metrics; no caller may branch on it."""

    async def read(self, work: Callable[[ReadTx], Awaitable[T]], *, snapshot: bool = True) -> T:
        """Runs `work` on one unchanging state.

        `snapshot=False` is for work of a single statement, which needs no transaction around it.
        """

    async def write(self, work: Callable[[WriteTx], Awaitable[T]]) -> T:
        """Runs `work` in one transaction; when it returns here, what it wrote is durable.

        `work` is run again if the database asks for it (deadlock, serialisation), so it must not
        do anything but read and write rows. What it raises rolls its writes back.
        """

    async def close(self) -> None:
        """Waits for running work, then closes every connection."""
