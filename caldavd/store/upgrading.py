"""Brings the database to its schema at a start, in a process of its own.

Alembic and the parts of SQLAlchemy that it needs take some 20 MB that a server never uses again.
"""

from __future__ import annotations

import sqlite3
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from caldavd.store import scripts

_VERSION: Final = "SELECT version_num FROM alembic_version"


def upgrade(location: Path | str) -> tuple[str | None, str]:
    """The versions before and after. Raises WrongSchema, Unavailable."""
    newest = scripts.newest()
    if isinstance(location, Path) and _sqlite_version(location) == newest:
        return newest, newest
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(_upgrade, location).result()


def _upgrade(location: Path | str) -> tuple[str | None, str]:
    done = import_module("caldavd.store.schema").upgrade(location)
    return done.before, done.after


def _sqlite_version(file: Path) -> str | None:
    """The version of a file, None where it cannot be told: the upgrade itself says why."""
    if not file.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            row = opened.execute(_VERSION).fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else str(row[0])
