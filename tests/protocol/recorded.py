"""A database that notes which statements run on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from sqlalchemy.sql.base import Executable

from caldavd.store import statement as statements
from caldavd.store.engine import Database, ReadTx, Row, WriteTx

T = TypeVar("T")

_COMPILED: Final = statements.sqlite()


@dataclass(frozen=True)
class _Tx:
    """A transaction whose statements are noted."""

    tx: Any
    noted: list[str]
    rows: dict[int, int]

    async def one(self, statement: Executable, **values: Any) -> Row | None:
        self.noted.append(_COMPILED.get(statement).sql)
        return await self.tx.one(statement, **values)

    async def all(self, statement: Executable, **values: Any) -> Sequence[Row]:
        self.noted.append(_COMPILED.get(statement).sql)
        found: Sequence[Row] = await self.tx.all(statement, **values)
        self.rows[len(self.noted) - 1] = len(found)
        return found

    async def run(self, statement: Executable, **values: Any) -> int:
        self.noted.append(_COMPILED.get(statement).sql)
        return await self.tx.run(statement, **values)

    async def many(self, statement: Executable, rows: Any) -> None:
        self.noted.append(_COMPILED.get(statement).sql)
        await self.tx.many(statement, rows)

    async def offload(self, work: Callable[..., T], *arguments: Any) -> T:
        return await self.tx.offload(work, *arguments)


@dataclass(frozen=True)
class Recorded:
    """Notes what is done to a database."""

    db: Database
    noted: list[str] = field(default_factory=list)
    rows: dict[int, int] = field(default_factory=dict)
    """How many rows a statement found that asked for all, by its place in `noted`."""

    @property
    def dialect(self) -> str:
        return self.db.dialect

    @property
    def texts(self) -> int:
        """How many statements read the texts of objects."""
        return sum("calendar_object.content" in sql for sql in self.noted)

    async def read(self, work: Callable[[ReadTx], Awaitable[T]], *, snapshot: bool = True) -> T:
        return await self.db.read(
            lambda tx: work(_Tx(tx, self.noted, self.rows)), snapshot=snapshot
        )

    async def write(self, work: Callable[[WriteTx], Awaitable[T]]) -> T:
        return await self.db.write(lambda tx: work(_Tx(tx, self.noted, self.rows)))

    async def close(self) -> None:
        await self.db.close()
