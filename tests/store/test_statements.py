"""Every statement of the store compiles on both dialects."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from sqlalchemy.sql.base import Executable

import caldavd.store
from caldavd.store import statement


def _statements() -> dict[str, Executable]:
    found = {}
    for module in pkgutil.iter_modules(caldavd.store.__path__):
        loaded = importlib.import_module(f"caldavd.store.{module.name}")
        found |= {
            f"{module.name}.{name}": value
            for name, value in vars(loaded).items()
            if isinstance(value, Executable)
        }
    return found


@pytest.mark.parametrize("name", _statements())
@pytest.mark.parametrize("dialect", [statement.sqlite, statement.postgresql])
def test_every_statement_compiles(name, dialect):
    compiled = dialect().get(_statements()[name])

    assert compiled.sql
