"""The examples of RFC 4791 §7.8 on the calendar of its appendix B."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from caldavd.ical.filter import (
    CompFilter,
    Filter,
    ParamFilter,
    PropFilter,
    TextMatch,
    bounds,
    check,
    matches,
)
from caldavd.ical.parse import Document, parse
from caldavd.model import Window

FIXTURES = Path(__file__).parents[3] / "fixtures" / "ics" / "rfc4791"
NAMES = [f"abcd{number}" for number in range(1, 9)]


def january(first: int, last: int, hour: int = 0) -> Window:
    return Window(
        datetime(2006, 1, first, hour, tzinfo=UTC), datetime(2006, 1, last, hour, tzinfo=UTC)
    )


def calendar(*components: CompFilter) -> Filter:
    return Filter(CompFilter("VCALENDAR", comp_filters=components))


def document(name: str) -> Document:
    return parse((FIXTURES / f"{name}.ics").read_bytes())


ALARM = calendar(
    CompFilter("VTODO", comp_filters=(CompFilter("VALARM", time_range=january(6, 7, 10)),))
)
EXAMPLES = {
    "7.8 appendix B": (calendar(), NAMES),
    "7.8.1": (calendar(CompFilter("VEVENT", time_range=january(4, 5))), ["abcd2", "abcd3"]),
    "7.8.2 and 7.8.3": (
        calendar(CompFilter("VEVENT", time_range=january(3, 5))),
        ["abcd2", "abcd3"],
    ),
    "7.8.4": (calendar(CompFilter("VFREEBUSY", time_range=january(2, 3))), ["abcd8"]),
    # The answer that the RFC prints is of a task whose DUE is another than in appendix B.
    "7.8.5": (ALARM, []),
    "7.8.6": (
        calendar(
            CompFilter(
                "VEVENT",
                prop_filters=(
                    PropFilter(
                        "UID",
                        text_match=TextMatch("DC6C50A017428C5216A2F1CD@example.com", "i;octet"),
                    ),
                ),
            )
        ),
        ["abcd3"],
    ),
    "7.8.7": (
        calendar(
            CompFilter(
                "VEVENT",
                prop_filters=(
                    PropFilter(
                        "ATTENDEE",
                        text_match=TextMatch("mailto:lisa@example.com"),
                        param_filters=(
                            ParamFilter("PARTSTAT", text_match=TextMatch("NEEDS-ACTION")),
                        ),
                    ),
                ),
            )
        ),
        ["abcd3"],
    ),
    "7.8.8": (calendar(CompFilter("VEVENT")), ["abcd1", "abcd2", "abcd3"]),
    "7.8.9": (
        calendar(
            CompFilter(
                "VTODO",
                prop_filters=(
                    PropFilter("COMPLETED", is_not_defined=True),
                    PropFilter("STATUS", text_match=TextMatch("CANCELLED", negate=True)),
                ),
            )
        ),
        ["abcd4", "abcd5"],
    ),
}


@pytest.mark.rfc("4791 7.8")
@pytest.mark.parametrize(("filter", "names"), EXAMPLES.values(), ids=EXAMPLES)
def test_an_example_finds_what_the_rfc_prints(filter: Filter, names: list[str]) -> None:
    check(filter)

    assert [name for name in NAMES if matches(filter, document(name), UTC)] == names


@pytest.mark.rfc("4791 7.8.5")
def test_the_alarm_that_the_rfc_prints_is_found() -> None:
    assert matches(ALARM, document("example-7.8.5"), UTC)


@pytest.mark.rfc("4791 7.8.10")
def test_a_property_that_is_not_standard_can_be_asked_for() -> None:
    guid = PropFilter("X-ABC-GUID", text_match=TextMatch("ABC"))
    filter = calendar(CompFilter("VEVENT", prop_filters=(guid,)))

    check(filter)

    assert not any(matches(filter, document(name), UTC) for name in NAMES)


@pytest.mark.parametrize(("filter", "names"), EXAMPLES.values(), ids=EXAMPLES)
def test_the_bounds_of_an_example_leave_out_no_match(filter: Filter, names: list[str]) -> None:
    found = bounds(filter)

    assert all(found.component in (None, document(name).component) for name in names)
