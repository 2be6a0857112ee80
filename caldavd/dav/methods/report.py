"""REPORT (RFC 3253 §3.6): which one, its selection, its rendering."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from caldavd.dav.message import Request, Response
from caldavd.dav.property import Table
from caldavd.dav.resolve import Target
from caldavd.dav.respond import multistatus
from caldavd.dav.row import AnyReport, Report, RunRead
from caldavd.dav.server import Context
from caldavd.dav.wanted import SMALL_BYTES, body_of, minimal, wanted, zones
from caldavd.errors import SUPPORTED_REPORT, Failed, Refused, not_found
from caldavd.model import Unmapped
from caldavd.store.engine import ReadTx

REMEMBERED: Final = 256
"""How many small bodies are remembered with what they say."""
_READ: Final = ("Depth", "CalDAV-Timezones", "Brief", "Prefer")
"""The headers that a report is read with."""


@dataclass(frozen=True, slots=True)
class Command:
    """A report of the table, and what it was asked."""

    report: AnyReport
    query: Any


def parser(reports: Mapping[str, AnyReport]) -> Callable[[Context, Request], Command]:
    """The `parse` of REPORT over a table of reports; clients send the same queries again."""
    remembered: dict[tuple[object, ...], Command] = {}

    def parse(context: Context, request: Request) -> Command:
        if len(request.body) > SMALL_BYTES:
            return _parse(reports, context, request)
        limit = context.server.limits.max_xml_bytes
        key = (request.body, limit, *map(request.headers.get, _READ))
        found = remembered.get(key)
        if found is None:
            found = _parse(reports, context, request)
            if isinstance(found.report, Report) and found.report.lasting(found.query):
                if len(remembered) >= REMEMBERED:
                    del remembered[next(iter(remembered))]
                remembered[key] = found
        return found

    return parse


def _parse(reports: Mapping[str, AnyReport], context: Context, request: Request) -> Command:
    root = body_of(request.body, context.server.limits.max_xml_bytes)
    if root is None:
        raise Failed(400, "REPORT needs a body that says which report")
    report = reports.get(str(root.tag))
    if report is None:
        raise Refused(SUPPORTED_REPORT, f"there is no report {root.tag} here")
    shown = wanted(root, brief=minimal(request.headers))
    if "Depth" in request.headers:
        shown = replace(shown, depth=request.headers["Depth"])
    if "CalDAV-Timezones" in request.headers:
        shown = replace(shown, zones=zones(request.headers))
    return Command(report, report.parse(context, root, shown))


def runner(table: Callable[[], Table]) -> RunRead:
    """The `run` of REPORT over a table of properties."""

    async def run(tx: ReadTx, context: Context, target: Target, command: Command) -> Response:
        if isinstance(target.resource, Unmapped):
            raise not_found("this resource")
        report = command.report
        if not isinstance(target.resource, report.on):
            raise Refused(SUPPORTED_REPORT, f"{report.name} is no report of this resource")
        if isinstance(report, Report):
            selection, shown = await report.select(tx, context, target, command.query)
            return await multistatus(tx, context, table(), selection, shown)
        return await report.run(tx, context, target, command.query)

    return run
