"""Brings the database to its schema at a start, in a process of its own.

Alembic and the parts of SQLAlchemy that it needs take some 20 MB that a server never uses again.
The process is told on its standard input where the database is, as a URL may hold a password.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Final

from caldavd.store import place, scripts
from caldavd.store.engine import Unavailable, WrongSchema

_VERSION: Final = "SELECT version_num FROM alembic_version"


def upgrade(location: Path | str) -> tuple[str | None, str]:
    """The versions before and after. Raises WrongSchema, Unavailable."""
    newest = scripts.newest()
    if isinstance(location, Path) and _sqlite_version(location) == newest:
        place.require_writable(location)
        return newest, newest
    told = {"file" if isinstance(location, Path) else "url": str(location)}
    done = subprocess.run(
        [sys.executable, "-m", "caldavd.store.upgrading"],
        input=json.dumps(told),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise WrongSchema("the database could not be upgraded: see the lines above")
    answer = json.loads(done.stdout)
    if "unavailable" in answer:
        raise Unavailable(answer["unavailable"])
    if "wrong" in answer:
        raise WrongSchema(answer["wrong"])
    return answer["before"], answer["after"]


def main() -> None:
    """Upgrades the database that standard input names, and says how it went."""
    schema = import_module("caldavd.store.schema")
    told = json.load(sys.stdin)
    location = Path(told["file"]) if "file" in told else told["url"]
    try:
        done = schema.upgrade(location)
    except WrongSchema as error:
        print(json.dumps({"wrong": str(error)}))
    except Unavailable as error:
        print(json.dumps({"unavailable": str(error)}))
    else:
        print(json.dumps({"before": done.before, "after": done.after}))


def _sqlite_version(file: Path) -> str | None:
    """The version of a file, None where it cannot be told: the upgrade itself says why."""
    if not place.is_there(file):
        return None
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            row = opened.execute(_VERSION).fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else str(row[0])


if __name__ == "__main__":
    main()
