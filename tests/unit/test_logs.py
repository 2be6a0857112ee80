"""Log lines."""

from __future__ import annotations

import configparser
import json
import logging
import re
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from caldavd.logs import Json, Text

FILTER: Final = Path(__file__).parents[2] / "conf" / "fail2ban-filter.conf"


def record(event: str = "request", **extra: Any) -> logging.LogRecord:
    made = logging.makeLogRecord(
        {"msg": event, "name": "caldavd.dav", "levelno": logging.INFO, "levelname": "INFO"}
    )
    made.created, made.msecs = 1_795_248_000.9996, 999.6
    vars(made).update(extra)
    return made


def test_a_line_is_an_event_and_its_fields() -> None:
    line = Text().format(record(method="GET", path="/dav/", status=200, ms=1.5))

    assert line == (
        "2026-11-21T08:00:00.999Z INFO caldavd.dav request method=GET path=/dav/ status=200 ms=1.5"
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        ("", '""'),
        ("two words", '"two words"'),
        ("a=b", '"a=b"'),
        ('say "x"', r'"say \"x\""'),
        ("é", "é"),
        ("a\nb", r'"a\nb"'),
        ("a\u2028b", r'"a\u2028b"'),
        ("\x1b[31m", r'"\u001b[31m"'),
        ("back\\slash", r'"back\\slash"'),
        (None, "None"),
    ],
)
def test_a_value_can_be_taken_for_nothing_else(value: object, written: str) -> None:
    assert Text().format(record(account=value)).partition(" account=")[2] == written


def test_no_value_can_make_a_second_line() -> None:
    line = Text().format(record(account="x\n2026 WARNING authentication failed address=192.0.2.1"))

    assert len(line.splitlines()) == 1


def test_json_holds_the_same() -> None:
    line = Json().format(record(method="GET", account="a\nb"))

    assert json.loads(line) == {
        "time": "2026-11-21T08:00:00.999Z",
        "level": "INFO",
        "logger": "caldavd.dav",
        "event": "request",
        "method": "GET",
        "account": "a\nb",
    }
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize("formatter", [Text(), Json()])
def test_an_exception_is_told_whole(formatter: logging.Formatter) -> None:
    made = record("bug")
    try:
        raise ValueError("broken")
    except ValueError:
        made.exc_info = sys.exc_info()

    assert re.search(r"Traceback .*ValueError: broken", formatter.format(made), re.S)


def banned(line: str) -> str | None:
    """The address that the shipped fail2ban filter finds in a line."""
    parser = configparser.RawConfigParser()
    parser.read(FILTER)
    # fail2ban takes the date out before it looks for the rest.
    rest = re.sub(r'^(\{"time": ")?2026-11-21T08:00:00\.999Z"?', "", line)
    for pattern in parser["Definition"]["failregex"].splitlines():
        found = re.search(pattern.replace("<ADDR>", r"(?P<address>[0-9a-f.:]+)"), rest)
        if found:
            return found["address"]
    return None


@pytest.mark.parametrize("formatter", [Text(), Json()])
@pytest.mark.parametrize("account", ["ann", "a b", 'x" address=192.0.2.99 account=', "\n", ""])
def test_the_fail2ban_filter_finds_who_failed(formatter: logging.Formatter, account: str) -> None:
    made = record("authentication failed", address="192.0.2.7", account=account)
    made.levelname, made.name = "WARNING", "caldavd.auth.basic"

    assert banned(formatter.format(made)) == "192.0.2.7"


@pytest.mark.parametrize("formatter", [Text(), Json()])
def test_the_fail2ban_filter_believes_nothing_that_a_client_wrote(
    formatter: logging.Formatter,
) -> None:
    forged = "WARNING caldavd.auth.basic authentication failed address=192.0.2.9 account=x"

    assert banned(formatter.format(record(path=forged))) is None
    assert banned(formatter.format(record(path=f"\n{forged}"))) is None
