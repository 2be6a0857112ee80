"""A rule of `store.rules`, and the kind of statement that most of them are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select

MAX_FOUND: Final = 1_000
"""How many offenders a statement returns."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A statement whose rows break the rule, and how to tell of one."""

    name: str
    offenders: Select[Any]
    says: str


def without(child: Any, parent: Any, on: ColumnElement[bool], *shown: Any) -> Select[Any]:
    """Rows of a table that have no partner in another."""
    return select(*shown).select_from(child.outerjoin(parent, on)).where(parent.c[0].is_(None))
