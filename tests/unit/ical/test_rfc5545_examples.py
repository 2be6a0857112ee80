"""The worked examples of RFC 5545 §3.8.5.3 and §3.3.10: each rule, each date that the RFC lists."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from caldavd.ical.parse import parse
from caldavd.ical.recurrence import iterate
from caldavd.ical.validate import Limits
from caldavd.model import Window
from tests.unit.builders import event

NEW_YORK = ZoneInfo("America/New_York")
ALL_OF_JANUARY = "1/" + ",".join(map(str, range(1, 32)))
TWENTY_MINUTES = tuple(f"{hour:02}:{minute:02}" for hour in range(9, 17) for minute in (0, 20, 40))

ENDLESS = "..."
EXAMPLES: dict[str, tuple[str, str]] = {
    "19970902 FREQ=DAILY;COUNT=10": ("1997 9/2,3,4,5,6,7,8,9,10,11", ""),
    "19971220 FREQ=DAILY;UNTIL=19971224T000000Z": ("1997 12/20,21,22,23", ""),
    "19970902 FREQ=DAILY;INTERVAL=2": (
        "1997 9/2,4,6,8,10,12,14,16,18,20,22,24,26,28,30 "
        "10/2,4,6,8,10,12,14,16,18,20,22,24,26,28,30 "
        "11/1,3,5,7,9,11,13,15,17,19,21,23,25,27,29 12/1,3",
        ENDLESS,
    ),
    "19970902 FREQ=DAILY;INTERVAL=10;COUNT=5": ("1997 9/2,12,22 10/2,12", ""),
    "19980101 FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA": (
        " ".join(f"{year} {ALL_OF_JANUARY}" for year in (1998, 1999, 2000)),
        "",
    ),
    "19980101 FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1": (
        " ".join(f"{year} {ALL_OF_JANUARY}" for year in (1998, 1999, 2000)),
        "",
    ),
    "19970902 FREQ=WEEKLY;COUNT=10": ("1997 9/2,9,16,23,30 10/7,14,21,28 11/4", ""),
    "19970902 FREQ=WEEKLY;UNTIL=19971224T000000Z": (
        "1997 9/2,9,16,23,30 10/7,14,21,28 11/4,11,18,25 12/2,9,16,23",
        "",
    ),
    "19970902 FREQ=WEEKLY;INTERVAL=2;WKST=SU": (
        "1997 9/2,16,30 10/14,28 11/11,25 12/9,23 1998 1/6,20 2/3,17",
        ENDLESS,
    ),
    "19970902 FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH": (
        "1997 9/2,4,9,11,16,18,23,25,30 10/2",
        "",
    ),
    "19970902 FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH": (
        "1997 9/2,4,9,11,16,18,23,25,30 10/2",
        "",
    ),
    "19970901 FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR": (
        "1997 9/1,3,5,15,17,19,29 10/1,3,13,15,17,27,29,31 11/10,12,14,24,26,28 12/8,10,12,22",
        "",
    ),
    "19970902 FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH": (
        "1997 9/2,4,16,18,30 10/2,14,16",
        "",
    ),
    "19970905 FREQ=MONTHLY;COUNT=10;BYDAY=1FR": (
        "1997 9/5 10/3 11/7 12/5 1998 1/2 2/6 3/6 4/3 5/1 6/5",
        "",
    ),
    "19970905 FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR": ("1997 9/5 10/3 11/7 12/5", ""),
    "19970907 FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU": (
        "1997 9/7,28 11/2,30 1998 1/4,25 3/1,29 5/3,31",
        "",
    ),
    "19970922 FREQ=MONTHLY;COUNT=6;BYDAY=-2MO": (
        "1997 9/22 10/20 11/17 12/22 1998 1/19 2/16",
        "",
    ),
    "19970928 FREQ=MONTHLY;BYMONTHDAY=-3": (
        "1997 9/28 10/29 11/28 12/29 1998 1/29 2/26",
        ENDLESS,
    ),
    "19970902 FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15": (
        "1997 9/2,15 10/2,15 11/2,15 12/2,15 1998 1/2,15",
        "",
    ),
    "19970930 FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1": (
        "1997 9/30 10/1,31 11/1,30 12/1,31 1998 1/1,31 2/1",
        "",
    ),
    "19970910 FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15": (
        "1997 9/10,11,12,13,14,15 1999 3/10,11,12,13",
        "",
    ),
    "19970902 FREQ=MONTHLY;INTERVAL=2;BYDAY=TU": (
        "1997 9/2,9,16,23,30 11/4,11,18,25 1998 1/6,13,20,27 3/3,10,17,24,31",
        ENDLESS,
    ),
    "19970610 FREQ=YEARLY;COUNT=10;BYMONTH=6,7": (
        "1997 6/10 7/10 1998 6/10 7/10 1999 6/10 7/10 2000 6/10 7/10 2001 6/10 7/10",
        "",
    ),
    "19970310 FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3": (
        "1997 3/10 1999 1/10 2/10 3/10 2001 1/10 2/10 3/10 2003 1/10 2/10 3/10",
        "",
    ),
    "19970101 FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200": (
        "1997 1/1 4/10 7/19 2000 1/1 4/9 7/18 2003 1/1 4/10 7/19 2006 1/1",
        "",
    ),
    "19970519 FREQ=YEARLY;BYDAY=20MO": ("1997 5/19 1998 5/18 1999 5/17", ENDLESS),
    "19970512 FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO": ("1997 5/12 1998 5/11 1999 5/17", ENDLESS),
    "19970313 FREQ=YEARLY;BYMONTH=3;BYDAY=TH": (
        "1997 3/13,20,27 1998 3/5,12,19,26 1999 3/4,11,18,25",
        ENDLESS,
    ),
    "19970605 FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8": (
        "1997 6/5,12,19,26 7/3,10,17,24,31 8/7,14,21,28 "
        "1998 6/4,11,18,25 7/2,9,16,23,30 8/6,13,20,27 "
        "1999 6/3,10,17,24 7/1,8,15,22,29 8/5,12,19,26",
        ENDLESS,
    ),
    "19970902 FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13": (
        "1998 2/13 3/13 11/13 1999 8/13 2000 10/13",
        ENDLESS,
    ),
    "19970913 FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13": (
        "1997 9/13 10/11 11/8 12/13 1998 1/10 2/7 3/7 4/11 5/9 6/13",
        ENDLESS,
    ),
    "19961105 FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8": (
        "1996 11/5 2000 11/7 2004 11/2",
        ENDLESS,
    ),
    "19970904 FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3": ("1997 9/4 10/7 11/6", ""),
    "19970929 FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2": (
        "1997 9/29 10/30 11/27 12/30 1998 1/29 2/26 3/30",
        ENDLESS,
    ),
    "19970805 FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO": ("1997 8/5,10,19,24", ""),
    "19970805 FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU": ("1997 8/5,17,19,31", ""),
    "20070115 FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5": ("2007 1/15,30 2/15 3/15,30", ""),
}
"""DTSTART, which is at 9:00 in New York, and the rule, to the dates, each at 9:00 there too."""

FRIDAY_13TH = "19970902 FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13"
"""The example whose DTSTART, which is none of them, is an EXDATE."""


def starts(start: str, rule: str, most: int, exdate: tuple[str, ...] = ()) -> list[datetime]:
    """The first instances, one more than `most` at the most, by the clock in New York."""
    text = event(
        start=f"America/New_York:{start}T090000",
        duration="PT1H",
        rrule=rule,
        exdate=exdate,
    )
    document = parse(text.encode(), Limits(max_per_day=2_000))
    found: list[datetime] = []
    for instance in iterate(document, Window(None, None), UTC):
        assert isinstance(instance.start, datetime)
        found.append(instance.start.astimezone(NEW_YORK).replace(tzinfo=None))
        if len(found) > most:
            break
    return found


def listed(text: str) -> list[datetime]:
    """The dates in a text like `1997 9/2,12 10/2`, at 9:00."""
    dates: list[datetime] = []
    year = 0
    for word in text.split():
        month, slash, days = word.partition("/")
        if not slash:
            year = int(word)
            continue
        dates += [datetime(year, int(month), int(day), 9) for day in days.split(",")]  # noqa: DTZ001
    return dates


@pytest.mark.rfc("5545 3.8.5.3")
@pytest.mark.rfc("5545 3.3.10")
@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_has_the_dates_that_the_rfc_lists(example: str) -> None:
    start, rule = example.split()
    text, more = EXAMPLES[example]
    exdate = (f"America/New_York:{start}T090000",) if example == FRIDAY_13TH else ()
    expected = listed(text)

    found = starts(start, rule, len(expected), exdate)

    assert found[: len(expected)] == expected
    assert len(found) == len(expected) + bool(more)


@pytest.mark.rfc("5545 3.8.5.3")
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # The RFC lists 15:00 as well, which is after UNTIL: 17:00 UTC is 13:00 in New York.
        ("FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z", ("09:00", "12:00")),
        ("FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T210000Z", ("09:00", "12:00", "15:00")),
        (
            "FREQ=MINUTELY;INTERVAL=15;COUNT=6",
            ("09:00", "09:15", "09:30", "09:45", "10:00", "10:15"),
        ),
        ("FREQ=MINUTELY;INTERVAL=90;COUNT=4", ("09:00", "10:30", "12:00", "13:30")),
    ],
)
def test_an_example_of_one_day_has_the_times_that_the_rfc_lists(
    rule: str, expected: tuple[str, ...]
) -> None:
    found = starts("19970902", rule, len(expected))

    assert [f"{moment:%Y%m%d %H:%M}" for moment in found] == [f"19970902 {at}" for at in expected]


@pytest.mark.rfc("5545 3.8.5.3")
@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40",
        "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16",
    ],
)
def test_every_twenty_minutes_from_nine_to_twenty_to_five(rule: str) -> None:
    found = starts("19970902", rule, 2 * len(TWENTY_MINUTES) - 1)

    assert [f"{moment:%d %H:%M}" for moment in found] == [
        f"{day} {at}" for day in ("02", "03") for at in TWENTY_MINUTES
    ]


@pytest.mark.rfc("5545 3.3.10")
def test_the_example_of_the_parts_in_order_of_their_evaluation() -> None:
    rule = "FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYDAY=SU;BYHOUR=8,9;BYMINUTE=30"

    found = starts("19970105", rule, 8)

    assert [f"{moment:%Y%m%d %H:%M}" for moment in found] == [
        "19970105 09:00",
        "19970105 09:30",
        "19970112 08:30",
        "19970112 09:30",
        "19970119 08:30",
        "19970119 09:30",
        "19970126 08:30",
        "19970126 09:30",
        "19990103 08:30",
    ]


@pytest.mark.rfc("5545 3.3.10")
def test_the_last_work_day_of_the_month() -> None:
    found = starts("19970930", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", 3)

    assert found == listed("1997 9/30 10/31 11/28 12/31")
