"""The list of features that python-caldav knows, held against the tests of this directory."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from caldav.compatibility_hints import FeatureSet

from tests.client.faults import FAULTS
from tests.client.saves import SAVES
from tests.client.searches import SEARCHES

NOT_OF_A_SERVER = {
    "auto-connect": "what a client is told beforehand: auto-connect.url shows that it need not be",
    "url": "what a client is told beforehand: auto-connect.url shows that it need not be",
    "test-calendar": "for tests of servers that make no calendars: create-calendar",
    "test-calendar.compatibility-tests": "as above",
}


def in_decorators(source: str) -> Iterator[str]:
    """The features that tests are marked with, or have as their first parameter."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr="feature"), args=names):
                yield from (str(ast.literal_eval(name)) for name in names)
            case ast.Call(
                func=ast.Attribute(attr="parametrize"),
                args=[ast.Tuple(elts=[ast.Constant(value="feature"), *_]), ast.List(elts=rows)],
            ):
                for row in rows:
                    assert isinstance(row, ast.Tuple)
                    yield str(ast.literal_eval(row.elts[0]))


def held() -> set[str]:
    """Every feature that some test runs under."""
    files = Path(__file__).parent.glob("test_*.py")
    marked = {name for file in files for name in in_decorators(file.read_text("utf-8"))}
    return marked | SAVES.keys() | SEARCHES.keys()


def test_every_feature_has_a_test_or_a_reason_for_none():
    assert set(FeatureSet.FEATURES) - held() == NOT_OF_A_SERVER.keys()


@pytest.mark.parametrize("server", FAULTS)
def test_every_fault_of_a_server_has_a_test_that_it_would_fail(server: str):
    unanswered = {
        fault: feature for fault, feature in FAULTS[server].items() if feature not in held()
    }

    assert unanswered == {}
