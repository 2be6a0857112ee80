"""RFC 5545 §3.1, RFC 6868: what is written is folded, escaped, and reads back as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caldavd.ical.contentline import Component, Line, parameters, read, unescape
from caldavd.ical.values import Temporal
from caldavd.ical.write import escape, fold, parameter_text, time_line, write, write_line
from tests.unit.builders import BERLIN, event, valarm

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]))
NAMES = st.from_regex(r"[A-Z][A-Z0-9-]{0,20}", fullmatch=True).filter(
    lambda name: name not in ("BEGIN", "END")
)
PARAMETERS = st.lists(st.builds(parameter_text, NAMES, TEXT), max_size=3).map("".join)
LINES = st.lists(st.builds(Line, NAMES, PARAMETERS, TEXT), max_size=4)
COMPONENTS = st.recursive(
    st.builds(Component, NAMES, LINES),
    lambda inner: st.builds(Component, NAMES, LINES, st.lists(inner, max_size=3)),
    max_leaves=6,
)


def test_a_text_of_short_lines_is_written_as_it_was() -> None:
    text = event(zones=[BERLIN], alarms=[valarm()], attendees=["bob"])

    assert write(read(text)) == text


@pytest.mark.rfc("5545 3.1")
def test_a_long_line_is_folded_at_75_octets() -> None:
    assert fold("X:" + "a" * 148) == "X:" + "a" * 73 + "\r\n " + "a" * 74 + "\r\n " + "a"


@pytest.mark.rfc("5545 3.1")
def test_a_line_of_75_octets_is_not_folded() -> None:
    assert write_line(Line("X", "", "a" * 73)) == "X:" + "a" * 73 + "\r\n"


@pytest.mark.rfc("5545 3.1")
@given(TEXT)
def test_no_fold_cuts_a_character_or_leaves_a_line_too_long(text: str) -> None:
    pieces = fold(text).split("\r\n ")

    assert "".join(pieces) == text
    assert max(len(piece.encode()) for piece in pieces[:1]) <= 75
    assert all(len(piece.encode()) <= 74 for piece in pieces[1:])


@settings(max_examples=30, deadline=None)
@given(st.lists(COMPONENTS, max_size=2))
def test_what_is_written_reads_back_the_same(components: list[Component]) -> None:
    assert read(write(components)) == components


@settings(max_examples=30, deadline=None)
@given(st.lists(COMPONENTS, max_size=2))
def test_a_text_with_bare_line_feeds_reads_the_same(components: list[Component]) -> None:
    assert read(write(components).replace("\r\n", "\n")) == components


@pytest.mark.rfc("5545 3.3.11")
def test_text_is_escaped() -> None:
    assert escape("a\\b;c,d\ne\r\nf") == r"a\\b\;c\,d\ne\nf"


@pytest.mark.rfc("5545 3.3.11")
@given(TEXT)
def test_escaped_text_reads_back_the_same(text: str) -> None:
    assert unescape(escape(text)) == text


@pytest.mark.rfc("6868 3.1")
def test_a_parameter_is_quoted_and_encoded_at_need() -> None:
    assert parameter_text("CN", 'Ann "A" Ex', "a:b^c\nd") == ";CN=Ann ^'A^' Ex,\"a:b^^c^nd\""


@pytest.mark.rfc("6868 3.2")
@given(st.lists(TEXT, min_size=1))
def test_a_parameter_reads_back_the_same(values: list[str]) -> None:
    line = Line("X", parameter_text("P", *values), "")

    assert parameters(line) == {"P": tuple(values)}


@pytest.mark.rfc("5545 3.3.5")
@pytest.mark.parametrize(
    ("value", "line"),
    [
        (date(2026, 1, 5), Line("DTSTART", ";VALUE=DATE;X=1", "20260105")),
        (datetime(2026, 1, 5, 9), Line("DTSTART", ";X=1", "20260105T090000")),  # noqa: DTZ001
        (datetime(2026, 1, 5, 9, tzinfo=UTC), Line("DTSTART", ";X=1", "20260105T090000Z")),
        (
            datetime(2026, 7, 5, 9, tzinfo=ZoneInfo("Europe/Berlin")),
            Line("DTSTART", ";X=1", "20260705T070000Z"),
        ),
    ],
)
def test_a_time_is_written_by_its_kind(value: Temporal, line: Line) -> None:
    assert time_line("DTSTART", value, ";X=1") == line
