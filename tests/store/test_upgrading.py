"""The upgrade at a start, in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from caldavd.store import schema, scripts, upgrading
from caldavd.store.engine import Unavailable, WrongSchema


def test_the_names_of_the_files_tell_the_newest_version():
    assert scripts.newest() == schema.head()


def test_a_database_is_brought_to_the_newest_version_once(blank_location: Path | str):
    newest = schema.head()

    assert upgrading.upgrade(blank_location) == (None, newest)
    assert upgrading.upgrade(blank_location) == (newest, newest)
    assert schema.current(blank_location) == newest


def test_a_newer_database_is_refused_in_words(tmp_path: Path):
    file = tmp_path / "newer.sqlite3"
    schema.upgrade(file)
    with schema.create_engine(f"sqlite:///{file}").begin() as connection:
        connection.execute(schema.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(WrongSchema, match="9999"):
        upgrading.upgrade(file)


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path):
    file = tmp_path / "letter.sqlite3"
    file.write_text("Dear Ada, " * 1000)

    with pytest.raises(Unavailable):
        upgrading.upgrade(file)
