"""What a room answers: by its terms, by who asks, by when it is free."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from caldavd.ical import parse
from caldavd.ical.freebusy import of_document
from caldavd.ical.hours import Hours
from caldavd.ical.recurrence import TooMany
from caldavd.itip.booking import (
    ACCEPTED,
    DECLINED,
    NEEDS_ACTION,
    Asked,
    Decision,
    Terms,
    answered,
    asked_of,
    conflicts,
    decide,
    pending,
)
from caldavd.itip.reason import Reason, Why
from caldavd.itip.snapshot import meeting
from caldavd.languages.en import ENGLISH
from caldavd.model import Window
from tests.unit.builders import calendar, event, vevent
from tests.unit.itip.meetings import BOB, people

HOUR = 3_600
DAY = 24 * HOUR
NOW = 1_767_225_600  # 2026-01-01T00:00:00Z


def asked(*starts: int, length: int = HOUR) -> list[Asked]:
    """Instances that begin so many seconds from now."""
    return [Asked(f"key{start}", NOW + start, NOW + start + length) for start in starts]


def day(number: int) -> list[Asked]:
    return asked(*(DAY * one for one in range(1, number + 1)))


def at(number: int) -> datetime:
    """When a day begins."""
    return datetime.fromtimestamp(NOW + DAY * number, UTC)


def taken(*numbers: int) -> list[tuple[int, int]]:
    """The first half hours of days."""
    return [(NOW + DAY * one, NOW + DAY * one + HOUR // 2) for one in numbers]


def test_what_is_free_is_accepted():
    assert decide(Terms(), True, taken(2), day(1), NOW) == Decision(ACCEPTED)


def test_a_manual_room_says_nothing_whoever_asks():
    assert decide(Terms(automatic=False), False, taken(1), day(1), NOW) == Decision(NEEDS_ACTION)


@pytest.mark.parametrize(
    ("busy", "clashes"),
    [
        ([(0, HOUR)], False),
        ([(0, HOUR + 1)], True),
        ([(2 * HOUR, 3 * HOUR)], False),
        ([(2 * HOUR - 1, 3 * HOUR)], True),
        ([(0, 9 * HOUR)], True),
        ([(HOUR + 60, HOUR + 120)], True),
        ([(5 * HOUR, 6 * HOUR), (0, 7 * HOUR), (60, 120)], True),
        ([], False),
    ],
)
def test_an_instance_conflicts_with_what_overlaps_it(busy: list[tuple[int, int]], clashes: bool):
    one = Asked(None, HOUR, 2 * HOUR)

    assert conflicts(busy, [one]) == ([one] if clashes else [])


@pytest.mark.parametrize(
    ("percent", "busy", "answer", "declined"),
    [
        (0, (2,), DECLINED, []),
        (24, (2,), DECLINED, []),
        (25, (2,), ACCEPTED, [2]),
        (50, (2, 3), ACCEPTED, [2, 3]),
        (49, (2, 3), DECLINED, []),
        (99, (1, 2, 3, 4), DECLINED, []),
    ],
)
def test_a_share_of_conflicts_is_declined_by_instance(
    percent: int, busy: tuple[int, ...], answer: str, declined: list[int]
):
    decision = decide(Terms(conflicts_percent=percent), True, taken(*busy), day(4), NOW)

    keys = frozenset(f"key{DAY * one}" for one in declined)
    assert (decision.partstat, decision.declined) == (answer, keys)


def test_one_meeting_is_declined_whatever_the_share():
    decision = decide(Terms(conflicts_percent=99), True, taken(1), day(1), NOW)

    assert decision == Decision(DECLINED, Reason(Why.OCCUPIED, taken=(at(1),)))


@pytest.mark.parametrize(
    "when", [datetime(2026, 1, 2, 9, 30, tzinfo=ZoneInfo("Europe/Berlin")), date(2026, 1, 2)]
)
def test_a_conflict_is_as_the_organizer_wrote_it(when: datetime | date):
    one = Asked(None, NOW + DAY, NOW + DAY + HOUR, when)

    reason = decide(Terms(), True, taken(1), [one], NOW).reason

    assert reason == Reason(Why.OCCUPIED, taken=(when,))


def test_what_is_taken_and_when_it_is_closed_are_told_apart():
    hours = (Hours("mon-fri", "09:00", "17:00", "Europe/Berlin"),)
    terms = Terms(conflicts_percent=50, hours=hours)

    both = decide(terms, True, taken(1), day(2), NOW, taken(1, 2))
    closed = decide(terms, True, [], day(2), NOW, taken(2))
    busy = decide(terms, True, taken(2), day(2), NOW)

    reason = Reason(Why.OCCUPIED, taken=(at(1),), shut=(at(2),), hours=hours)
    assert both == Decision(DECLINED, reason)
    reason = Reason(Why.OCCUPIED, shut=(at(2),), hours=hours)
    assert closed == Decision(ACCEPTED, reason, frozenset({f"key{2 * DAY}"}))
    reason = Reason(Why.OCCUPIED, taken=(at(2),))
    assert busy == Decision(ACCEPTED, reason, frozenset({f"key{2 * DAY}"}))


@pytest.mark.parametrize(
    ("terms", "may_book", "of", "reason"),
    [
        (Terms(), False, day(1), Reason(Why.BOOKERS)),
        (Terms(), True, [], Reason(Why.OVER)),
        (Terms(ahead_days=2), True, asked(2 * DAY), None),
        (Terms(ahead_days=2), True, asked(2 * DAY + 1), Reason(Why.AHEAD, 2)),
        (Terms(ahead_days=2), True, asked(DAY, 9 * DAY), None),
        (Terms(longest_s=HOUR), True, day(1), None),
        (Terms(longest_s=HOUR - 60), True, day(1), Reason(Why.LONGEST, HOUR - 60)),
        (Terms(longest_s=DAY), True, asked(1, length=DAY + 1), Reason(Why.LONGEST, DAY)),
    ],
)
def test_the_terms_bound_who_how_early_and_how_long(
    terms: Terms, may_book: bool, of: list[Asked], reason: Reason | None
):
    expected = Decision(DECLINED, reason) if reason else Decision(ACCEPTED)

    assert decide(terms, may_book, [], of, NOW) == expected


def asks(answer: str = "bob", *, start: str = "20260105T090000Z", rrule: str | None = None) -> str:
    return event(start=start, lines=people(answer), rrule=rrule)


def instances(text: str, ahead_days: int = 0, now: int = NOW) -> list[str]:
    """The starts of the instances that bob is asked for."""
    document = parse.stored(text)
    parts = pending(meeting(document), BOB)
    found = asked_of(document, parts, ahead_days, UTC, now)
    return [f"{datetime.fromtimestamp(one.starts, UTC):%Y%m%d}" for one in found]


def test_the_instances_that_are_over_are_not_asked_for():
    text = asks(rrule="FREQ=DAILY;COUNT=4")

    assert instances(text, now=NOW + 6 * DAY) == ["20260107", "20260108"]
    assert instances(text, now=NOW + 60 * DAY) == []


def test_a_meeting_far_away_is_asked_for():
    assert instances(asks(start="20360105T090000Z")) == ["20360105"]


def test_an_endless_series_is_not_gone_through_for_an_instance_that_is_over():
    fields = {"rrule": "FREQ=HOURLY", "start": "20250105T090000Z"}
    over = vevent(recurrence_id="20250105T090000Z", start="20250105T093000Z", lines=people("bob"))
    document = parse.stored(calendar(vevent(lines=people("bob ACCEPTED"), **fields), over))
    parts = pending(meeting(document), BOB)

    with pytest.raises(TooMany):
        asked_of(document, parts, 0, UTC, NOW)

    seldom = parse.stored(document.text.replace("HOURLY", "DAILY"))
    assert asked_of(seldom, pending(meeting(seldom), BOB), 0, UTC, NOW) == []


def test_what_is_answered_is_not_asked_for():
    assert instances(asks("bob ACCEPTED")) == []
    assert instances(asks("cid")) == []


def test_a_series_is_followed_for_two_years_or_as_far_as_it_can_be_booked():
    text = asks(rrule="FREQ=MONTHLY")

    assert (len(instances(text)), len(instances(text, 1_461))) == (24, 48)


def test_a_series_of_too_many_instances_is_too_much():
    with pytest.raises(TooMany):
        instances(asks(rrule="FREQ=HOURLY"))


def test_declined_instances_become_overrides_that_take_no_time():
    text = asks(rrule="FREQ=DAILY;COUNT=3").replace(
        "END:VEVENT", "X-CALDAVD-RECEIVED:20260101T000000Z\r\nEND:VEVENT"
    )
    document = parse.stored(text)
    reason = Reason(Why.OCCUPIED, taken=(date(2026, 1, 6), date(2026, 1, 7)))
    decision = Decision(ACCEPTED, reason, frozenset({"20260106T090000Z"}))

    new = answered(document, pending(meeting(document), BOB), BOB, decision, ENGLISH)

    parts = meeting(new).parts
    said = {
        key: [one.parameter_text for one in part.attendees.values()] for key, part in parts.items()
    }
    comments = {
        key: [one.value for one in part.component.all("COMMENT")] for key, part in parts.items()
    }
    assert said == {None: [";PARTSTAT=ACCEPTED"], "20260106T090000Z": [";PARTSTAT=DECLINED"]}
    comment = "Not free: Tuesday 6 January 2026\\; Wednesday 7 January 2026."
    assert comments == {None: [comment], "20260106T090000Z": []}


@pytest.mark.parametrize(
    ("mine", "received", "busy"),
    [
        ("DECLINED;X-CALDAVD-REPLIED=20260101T000000Z", True, False),
        ("ACCEPTED;X-CALDAVD-REPLIED=20260101T000000Z", True, True),
        ("DECLINED", True, True),
        ("DECLINED;X-CALDAVD-REPLIED=20260101T000000Z", False, True),
    ],
)
def test_only_what_the_owner_declined_takes_no_time(mine: str, received: bool, busy: bool):
    lines = [*people("ann ACCEPTED"), f"ATTENDEE;PARTSTAT={mine}:mailto:bob@example.com"]
    lines += ["X-CALDAVD-RECEIVED:20260101T000000Z"] * received
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))

    assert bool(list(of_document(parse.stored(event(lines=lines)), window, UTC))) is busy
