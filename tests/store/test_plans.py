"""How the databases run what reads the occurrence index, be the tables empty or not."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import asyncpg
import pytest
from sqlalchemy.sql.base import Executable

from caldavd.store import busy, mails, objects, occurrences, scheduling
from caldavd.store.postgresql import plan_once
from caldavd.store.statement import postgresql, sqlite

READ: Final[dict[str, Executable]] = {
    "query": occurrences._FIND,
    "busy": busy._BUSY,
    "undecided": busy._UNDECIDED,
    "names": objects._BY_NAMES,
    "texts": objects._CONTENTS,
    "holders": scheduling._HOLDERS,
    "mailed before": mails._EARLIER,
}


async def planned(url: str, statement: Executable) -> Sequence[str]:
    """The lines of the plan that PostgreSQL keeps for a statement, whatever its values."""
    connection = await asyncpg.connect(url)
    try:
        await plan_once(connection)
        text = postgresql().get(statement).sql
        await connection.execute(f"PREPARE it AS {text}")
        values = ", ".join(["NULL"] * max(map(int, re.findall(r"\$(\d+)", text))))
        return [row[0] for row in await connection.fetch(f"EXPLAIN EXECUTE it({values})")]
    finally:
        await connection.close()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", READ)
async def test_a_plan_that_postgresql_makes_of_empty_tables_will_do_for_full_ones(
    location: str, name: str
) -> None:
    plan = await planned(location, READ[name])

    assert [line for line in plan if "Seq Scan" in line] == []


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", ["query", "undecided"])
async def test_postgresql_scans_a_range_of_where_indexes_begin(location: str, name: str) -> None:
    plan = await planned(location, READ[name])

    (scan,) = (line for line in plan if "indexed_from >" in line)
    assert "Index Cond:" in scan


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["query", "undecided"])
def test_sqlite_scans_a_range_of_where_indexes_begin_and_one_of_where_they_end(
    location: Path, name: str
) -> None:
    compiled = sqlite().get(READ[name])
    values = [None] * len(compiled.order)
    with closing(sqlite3.connect(location)) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {compiled.sql}", values).fetchall()

    plan = "\n".join(row[3] for row in rows)
    assert "ix_calendar_object_unbounded (collection_id=? AND indexed_until>? AND" in plan
    assert "ix_calendar_object_begun (collection_id=? AND indexed_from>? AND" in plan
