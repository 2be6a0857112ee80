"""Why a room declines, in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from caldavd.ical.hours import Hours
from caldavd.ical.values import Temporal
from caldavd.itip.reason import MAX_HOURS, Reason, Why, told
from caldavd.languages.known import LANGUAGES

ENGLISH, GERMAN, ITALIAN = (LANGUAGES[code] for code in ("en", "de", "it"))
NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OFFICE = Hours("mon-thu,sat", "09:00", "17:00", "Europe/Berlin")


def hours(*of: Hours) -> str:
    """What is said of opening hours."""
    return told(Reason(Why.OCCUPIED, shut=(NINE,), hours=of), ENGLISH).partition("It is open: ")[2]


@pytest.mark.parametrize(
    ("reason", "english", "german"),
    [
        (
            Reason(Why.BOOKERS),
            "You are not among those who can book it.",
            "Sie gehören nicht zu denen, die hier buchen können.",
        ),
        (Reason(Why.OVER), "It is over.", "Der Termin ist vorbei."),
        (
            Reason(Why.AHEAD, 1),
            "It can be booked 1 day ahead at most.",
            "Eine Buchung ist höchstens 1 Tag im Voraus möglich.",
        ),
        (
            Reason(Why.LONGEST, 7_200),
            "It can be booked for 2 hours at most.",
            "Eine Buchung ist für höchstens 2 Stunden möglich.",
        ),
        (
            Reason(Why.LONGEST, 5_400),
            "It can be booked for 90 minutes at most.",
            "Eine Buchung ist für höchstens 90 Minuten möglich.",
        ),
        (
            Reason(Why.LONGEST, 86_400),
            "It can be booked for 1 day at most.",
            "Eine Buchung ist für höchstens 1 Tag möglich.",
        ),
        (
            Reason(Why.INSTANCES, 1_500),
            "At most 1500 instances of a series can be booked.",
            "Von einer Serie können höchstens 1500 Termine gebucht werden.",
        ),
        (
            Reason(Why.OCCUPIED, taken=(NINE,), shut=(NINE,), hours=(OFFICE,)),
            "Not free: Monday 2 March 2026, 09:00 (UTC). "
            "Not open: Monday 2 March 2026, 09:00 (UTC). "
            "It is open: Monday–Thursday, Saturday 09:00–17:00 (Europe/Berlin).",
            "Nicht frei: Montag, 2. März 2026, 09:00 Uhr (UTC). "
            "Geschlossen: Montag, 2. März 2026, 09:00 Uhr (UTC). "
            "Geöffnet: Montag–Donnerstag, Samstag 09:00–17:00 (Europe/Berlin).",
        ),
    ],
)
def test_a_reason_is_told_in_the_language_of_who_asked(reason: Reason, english: str, german: str):
    assert (told(reason, ENGLISH), told(reason, GERMAN)) == (english, german)


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (NINE.astimezone(ZoneInfo("Asia/Tokyo")), "lunedì 2 marzo 2026, ore 18:00"),
        (NINE.replace(tzinfo=None), "lunedì 2 marzo 2026, ore 09:00"),
        (date(2026, 3, 1), "domenica 1 marzo 2026"),
    ],
)
def test_a_time_is_told_as_the_organizer_wrote_it(when: Temporal, words: str):
    said = told(Reason(Why.OCCUPIED, taken=(when,)), ITALIAN)

    assert said == f"Non è libero: {words}."


def test_many_conflicts_are_told_in_part():
    days = tuple(NINE.date() + timedelta(days=one) for one in range(13))

    said = told(Reason(Why.OCCUPIED, taken=days), ENGLISH)

    assert said.count("March") == 10
    assert said.endswith("; Wednesday 11 March 2026; and 3 more.")


def test_opening_hours_are_told_if_they_are_few():
    yearly = Hours("FREQ=YEARLY;BYMONTH=5", "09:00", "17:00", "UTC")
    once = Hours("2026-03-01", "09:00", "17:00", "UTC")

    assert hours(yearly, once) == (
        "FREQ=YEARLY;BYMONTH=5 09:00–17:00 (UTC); Sunday 1 March 2026 09:00–17:00 (UTC)."
    )
    assert hours(*[OFFICE] * MAX_HOURS).count("Berlin") == MAX_HOURS
    assert hours(*[OFFICE] * (MAX_HOURS + 1)) == ""
