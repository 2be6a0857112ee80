"""The rows of the method and report tables: parse first, then run in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from caldavd.dav.message import Request, Response
from caldavd.dav.resolve import Target
from caldavd.dav.respond import Selection, Wanted
from caldavd.dav.server import Context
from caldavd.errors import Condition
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.xml.parse import Element

Parse: TypeAlias = Callable[[Context, Request], Any]
"""Pure, before the transaction: the command that `run` carries out. Raises Refused, Failed."""

RunRead: TypeAlias = Callable[[ReadTx, Context, Target, Any], Awaitable[Response]]
RunWrite: TypeAlias = Callable[[WriteTx, Context, Target, Any], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Reads:
    """A method that only reads."""

    name: str
    on: tuple[type, ...]
    parse: Parse
    run: RunRead
    content: bool = False
    """Whether an object's text is loaded together with its row."""
    feature: str = ""
    """The token of the DAV header that announces it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a method that changes something can be asked besides: its commands only read."""

    command: type
    run: RunRead


@dataclass(frozen=True, slots=True)
class Writes:
    """A method that changes something; `run` may be run again, from the start."""

    name: str
    on: tuple[type, ...]
    parse: Parse
    run: RunWrite
    feature: str = ""
    taken: Condition | None = None
    """What a URL that leads to something is refused with, if not with 405."""
    question: Question | None = None


Method: TypeAlias = Reads | Writes


@dataclass(frozen=True, slots=True)
class Report:
    """A report that answers 207: it only selects, `respond` renders."""

    name: str
    on: tuple[type, ...]
    parse: Callable[[Context, Element, Wanted], Any]
    select: Callable[[ReadTx, Context, Target, Any], Awaitable[tuple[Selection, Wanted]]]
    feature: str = ""
    lasting: Callable[[Any], bool] = lambda query: False
    """Whether what `parse` made of a body is what it would make of the same body any other time."""


@dataclass(frozen=True, slots=True)
class OtherReport:
    """A report whose answer is its own."""

    name: str
    on: tuple[type, ...]
    parse: Callable[[Context, Element, Wanted], Any]
    run: Callable[[ReadTx, Context, Target, Any], Awaitable[Response]]
    feature: str = ""


AnyReport: TypeAlias = Report | OtherReport
