"""The figures as text, as Markdown and as JSON; pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Final

from tests.benchmarks.expectations import memory, verdicts
from tests.benchmarks.figures import Row

BUSY_GENERATOR: Final = 0.9
_HEADINGS: Final = (
    "operation",
    "objects",
    "req/s",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "CPU µs",
    "db CPU µs",
    "bare CPU µs",
    "bare/ours CPU",
    "ours/bare req/s",
    "MB",
    "expected",
    "",
)
_LEFT: Final = (0, 12, 13)
"""Columns of words; the others are numbers."""
LEGEND: Final = f"""\
CPU: processor time of the server's processes a request, user and system. bare: an aiohttp
application that answers the same requests with an answer of the same size and headers, measured
in slices between ours. MB: resident memory of the server after the operation, mapped files in it.
An expectation in shares of bare holds for processor time and, on SQLite, for requests per second;
one of growth for the processor time of server and database together. Where nothing stands below
bare, a function was measured without a protocol (CPU: of the process that called it), or a command.
* the generator was busy for more than {BUSY_GENERATOR:.0%} of the time: more requests per second \
were possible."""


def text(rows: Sequence[Row], machine: Mapping[str, str]) -> str:
    """A table for the terminal for each database."""
    parts = [_lines(machine, "{}: {}")]
    for database in dict.fromkeys(row.database for row in rows):
        cells = [list(_HEADINGS), *_cells(rows, database)]
        widths = [max(len(line[n]) for line in cells) for n in range(len(_HEADINGS))]
        parts.append(f"{database}\n" + "\n".join(_aligned(line, widths) for line in cells))
    parts += [str_ for str_ in ("\n".join(_memory(rows)), LEGEND) if str_]
    return "\n\n".join(parts)


def markdown(rows: Sequence[Row], machine: Mapping[str, str]) -> str:
    """The same for the documentation."""
    parts = [_lines(machine, "- {}: {}")]
    rules = [":--" if n in _LEFT else "--:" for n in range(len(_HEADINGS))]
    for database in dict.fromkeys(row.database for row in rows):
        cells = [list(_HEADINGS), rules, *_cells(rows, database)]
        lines = "\n".join(f"| {' | '.join(line)} |" for line in cells)
        parts.append(f"### {database}\n\n{lines}")
    parts += [_lines(dict.fromkeys(_memory(rows), ""), "- {}{}"), LEGEND.replace("* ", r"\* ")]
    return "\n\n".join(part for part in parts if part) + "\n"


def as_json(rows: Sequence[Row], machine: Mapping[str, str]) -> str:
    """All figures for other programs."""
    found = {"machine": dict(machine), "rows": [row.as_json() for row in rows]}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _cells(rows: Sequence[Row], database: str) -> list[list[str]]:
    return [_row_cells(row, rows) for row in rows if row.database == database]


def _row_cells(row: Row, rows: Sequence[Row]) -> list[str]:
    judged = verdicts(row, rows)
    ours, bare = row.ours, row.bare
    return [
        row.title,
        str(row.objects),
        _number(ours.per_s) + _mark(ours.generator_busy),
        _number(ours.latency_ms(50)),
        _number(ours.latency_ms(95)),
        _number(ours.latency_ms(99)),
        _number(ours.cpu_us),
        _number(ours.database_cpu_us) if row.database != "sqlite" else "-",
        _number(bare.cpu_us),
        _share(row.cpu_ratio),
        _share(row.rate_ratio) + _mark(bare.generator_busy),
        f"{row.resident_mb:.0f}",
        "; ".join(verdict.expected for verdict in judged),
        "; ".join(str(verdict) for verdict in judged),
    ]


def _memory(rows: Sequence[Row]) -> list[str]:
    return [
        f"{one.expected}: {'met' if one.met else 'missed'}, {one.found}" for one in memory(rows)
    ]


def _mark(busy: float) -> str:
    return "*" if busy > BUSY_GENERATOR else ""


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _number(value: float) -> str:
    """Three digits or more, no exponent."""
    if math.isnan(value):
        return "-"
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{digits}f}"


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if n in _LEFT else cell.rjust(width)
        for n, (cell, width) in enumerate(zip(line, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def _lines(values: Mapping[str, str], form: str) -> str:
    return "\n".join(form.format(name, value) for name, value in values.items())
