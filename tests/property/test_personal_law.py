"""What is personal in an object: parted and joined it is the object, and nobody's mixes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from caldavd.ical.contentline import read
from caldavd.ical.personal import dumps, loads, merge, own, same_essence, seen, split

ENDS: Final = st.sampled_from(("\r\n", "\n", "\r\r\n"))
DAYS: Final = ("", "20260102", "20260103", "20260104")
SHARED: Final = ("SUMMARY:Lunch", "LOCATION:Room, with a view", 'X-OTHER;P="a:b":1', "DTSTAMP:1")
NESTED: Final = ("BEGIN:VLOCATION", "NAME:Here", "END:VLOCATION")


def alarm(whose: str) -> tuple[str, ...]:
    return "BEGIN:VALARM", f"DESCRIPTION:{whose}", "ACKNOWLEDGED:20260101T000000Z", "END:VALARM"


def pieces(whose: str) -> st.SearchStrategy[tuple[str, ...]]:
    """Something personal, that says whose it is."""
    return st.sampled_from(
        (
            alarm(whose),
            (f"X-MOZ-LASTACK:{whose}",),
            (f"X-MOZ-SNOOZE-TIME-17:{whose}",),
            (f"X-APPLE-DEFAULT-ALARM:{whose}",),
        )
    )


TRANSP: Final = st.sampled_from((("TRANSP:OPAQUE",), ("TRANSP:TRANSPARENT",)))


@st.composite
def texts(draw: st.DrawFn, whose: str, days: Sequence[str] | None = None) -> str:
    """An object with lines of a reader's own in any place, and some of them folded."""
    kept = days or ("", *draw(st.sets(st.sampled_from(DAYS[1:]))))
    end = draw(ENDS)
    lines = ["BEGIN:VCALENDAR", "BEGIN:VTIMEZONE", "TZID:Z", "END:VTIMEZONE"]
    for day in kept:
        inside: list[tuple[str, ...]] = [(line,) for line in SHARED]
        inside += [("RECURRENCE-ID;TZID=Z:" + day,)] if day else []
        inside += draw(st.lists(st.just(NESTED), max_size=1))
        inside += draw(st.lists(pieces(whose), max_size=3))
        inside += draw(st.lists(TRANSP, max_size=1))
        shuffled = draw(st.permutations(inside))
        lines += ["BEGIN:VEVENT", *(line for item in shuffled for line in item), "END:VEVENT"]
    lines.append("END:VCALENDAR")
    fold = draw(st.integers(2, 40))
    folded = [end.join((line[:fold], " " + line[fold:])) if line[fold:] else line for line in lines]
    return "".join(line + end for line in folded)


def whose(text: str) -> set[str]:
    return set(re.findall("ann|bob", re.sub(r"[\r\n]+[ \t]", "", text)))


@given(texts("ann"))
def test_what_is_parted_and_joined_is_the_text(text: str) -> None:
    parted = split(text)

    assert merge(parted.shared, parted.parts) == text
    assert merge(parted.shared, loads(dumps(parted.parts))) == text


@given(texts("ann"))
def test_the_shared_text_holds_nothing_personal(text: str) -> None:
    shared = split(text).shared

    assert whose(shared) == set()
    assert "TRANSP" not in re.sub(r"[\r\n]+[ \t]", "", shared)
    assert split(shared).shared == shared


@given(texts("ann"), texts("bob"))
def test_whatever_somebody_has_nobody_else_sees(owners: str, readers: str) -> None:
    mine = own(split(readers).parts, split(owners).parts)

    assert whose(seen(owners, None)) == set()
    assert whose(seen(owners, mine)) <= {"bob"}
    assert whose(merge(split(readers).shared, split(owners).parts)) <= {"ann"}


@given(texts("ann", DAYS), texts("bob", DAYS))
def test_a_reader_gets_back_what_they_set(owners: str, readers: str) -> None:
    mine = own(split(readers).parts, split(owners).parts)

    again = seen(owners, mine)

    assert _personal(again) == _personal(readers)
    assert same_essence(split(again).shared, split(owners).shared)


@given(texts("ann"), texts("ann"))
def test_what_a_reader_sees_can_be_read(owners: str, readers: str) -> None:
    mine = own(split(readers).parts, split(owners).parts)

    (calendar,) = read(seen(owners, mine))

    assert [part.name for part in calendar.components if part.name != "VTIMEZONE"] == [
        part.name for part in read(owners)[0].components if part.name != "VTIMEZONE"
    ]


def _personal(text: str) -> list[tuple[object, ...]]:
    """Of each component what is personal, without regard to order; TRANSP as what it means."""
    found: list[tuple[object, ...]] = []
    for part in read(text)[0].components:
        if part.name == "VEVENT":
            key = part.first("RECURRENCE-ID")
            transp = part.first("TRANSP")
            means = "OPAQUE" if transp is None else transp.value
            lines = sorted(
                line for line in part.lines if line.name.startswith(("X-MOZ", "X-APPLE"))
            )
            alarms = [one.lines for one in part.components if one.name == "VALARM"]
            found.append((key and key.value, means, lines, alarms))
    return sorted(found, key=repr)
