"""CANCEL and ADD: instances that go and come."""

from __future__ import annotations

import pytest

from caldavd.errors import Refused
from caldavd.ical.parse import parse
from caldavd.itip.outcome import Action, Changes, Ignored, Outcome, Recurrence
from tests.unit.builders import valarm
from tests.unit.itip.messages import (
    after,
    answers,
    cancel,
    components,
    got,
    having,
    message,
    part,
    request,
    said,
)


@pytest.mark.rfc("5546 3.2.5")
def test_what_is_cancelled_stays_as_cancelled_with_what_is_the_attendees() -> None:
    text = having(request(part(day=7))).replace("END:VEVENT", valarm() + "END:VEVENT", 1)

    outcome = got(text, cancel(part(at=1, sequence=1, lines=["COMMENT:Sorry"])))

    assert said(outcome.text, "STATUS") == ["CANCELLED", "CANCELLED"]
    assert said(outcome.text, "COMMENT") == ["Sorry", "Sorry"]
    assert [len(one.components) for one in components(outcome.text)] == [1, 0]
    assert outcome.changes == Changes(Action.CANCEL)
    assert (outcome.inbox, outcome.keeps_tag) == (True, False)


@pytest.mark.rfc("5546 4.2.9")
def test_what_was_cancelled_and_is_asked_for_again_takes_place() -> None:
    text = having(request(), cancel(part(at=1, sequence=1, lines=["STATUS:CANCELLED"])))

    outcome = got(text, request(at=2, sequence=2))

    assert said(outcome.text, "STATUS") == [""]


@pytest.mark.rfc("5546 3.2.5")
def test_an_instance_that_is_cancelled_is_taken_from_the_series() -> None:
    text = having(request(part(day=7, summary="Other")))

    outcome = got(text, cancel(part(day=7, at=1, sequence=1), part(day=8, at=1, sequence=1)))

    assert said(outcome.text, "EXDATE") == ["20260107T090000Z,20260108T090000Z"]
    assert outcome.changes == Changes(
        Action.CANCEL,
        recurrences=(Recurrence("20260107T090000Z"), Recurrence("20260108T090000Z")),
    )


@pytest.mark.rfc("5546 3.2.5")
def test_the_same_cancellation_of_an_instance_again_changes_nothing() -> None:
    told = cancel(part(day=7, at=1, sequence=1))
    text = having(request(), told)

    assert got(text, told).text is None


@pytest.mark.rfc("5546 3.2.5")
def test_an_instance_without_its_series_stays_as_cancelled() -> None:
    text = having(message("REQUEST", part(day=7)), message("REQUEST", part(day=8)))

    outcome = got(text, cancel(part(day=7, at=1, sequence=1)))

    assert said(outcome.text, "STATUS") == ["CANCELLED", ""]


@pytest.mark.rfc("5546 3.2.5")
@pytest.mark.parametrize(
    ("rule", "until"),
    [
        ("FREQ=DAILY;COUNT=5", "FREQ=DAILY;UNTIL=20260107T085959Z"),
        ("FREQ=DAILY", "FREQ=DAILY;UNTIL=20260107T085959Z"),
        ("FREQ=DAILY;UNTIL=20260106T090000Z", None),
    ],
)
def test_an_instance_and_all_after_it_end_the_series(rule: str, until: str | None) -> None:
    text = having(request(part(day=8), rrule=rule) if until else request(rrule=rule))
    told = cancel(part(day=7, at=1, sequence=1)).replace(
        "RECURRENCE-ID:", "RECURRENCE-ID;RANGE=THISANDFUTURE:"
    )

    outcome = got(text, told)

    assert said(outcome.text, "RRULE") == ([] if until is None else [until])


@pytest.mark.rfc("5546 3.2.5")
def test_the_first_instance_and_all_after_it_are_the_whole() -> None:
    told = cancel(part(day=5, at=1, sequence=1)).replace(
        "RECURRENCE-ID:", "RECURRENCE-ID;RANGE=THISANDFUTURE:"
    )

    outcome = got(having(request()), told)

    assert outcome.changes == Changes(Action.CANCEL)
    assert said(outcome.text, "STATUS") == ["CANCELLED"]


@pytest.mark.rfc("5546 3.2.5")
def test_a_series_in_days_ends_the_day_before() -> None:
    text = having(request(start="20260105"))
    told = cancel(part(at=1, sequence=1, start="20260107", recurrence_id="20260107")).replace(
        "RECURRENCE-ID;", "RECURRENCE-ID;RANGE=THISANDFUTURE;"
    )

    outcome = got(text, told)

    assert said(outcome.text, "RRULE") == ["FREQ=DAILY;UNTIL=20260106"]
    assert outcome.text is not None
    assert parse(outcome.text.encode()).uid == "1@example.com"


def test_an_instance_is_the_same_in_any_zone() -> None:
    zoned = request(start="Europe/Berlin:20260105T100000", duration="PT1H")

    outcome = got(having(zoned), cancel(part(day=7, at=1, sequence=1)))

    assert "EXDATE;TZID=Europe/Berlin:20260107T100000" in (outcome.text or "")


@pytest.mark.parametrize(
    ("told", "ignored"),
    [
        (cancel(part(day=20, at=1, sequence=1)), Ignored.NO_INSTANCE),
        (
            message("CANCEL", part(day=7, at=1, sequence=1)).replace(
                "RECURRENCE-ID:20260107T090000Z", "RECURRENCE-ID;RANGE=THISANDFUTURE:some day"
            ),
            Ignored.NO_INSTANCE,
        ),
        (cancel(part(at=1, sequence=1, people=["cid"])), Ignored.UNINVITED),
        (cancel(part(at=1)), Ignored.STALE),
    ],
)
def test_a_cancellation_of_something_else_changes_nothing(told: str, ignored: Ignored) -> None:
    text = having(request(at=2))

    assert got(text, told) == Outcome(ignored=ignored)


@pytest.mark.rfc("5546 5.2.1")
def test_a_cancellation_of_what_is_not_there_is_ignored() -> None:
    assert got(None, cancel(part(sequence=1))) == Outcome(ignored=Ignored.UNKNOWN)


@pytest.mark.rfc("5546 3.2.4")
def test_an_instance_that_is_added_is_a_date_of_the_series() -> None:
    told = message("ADD", part(at=1, sequence=1, start="20260120T090000Z", duration="PT1H"))

    text = having(request(), told)

    assert said(text, "RDATE") == ["20260120T090000Z", ""]
    assert said(text, "RECURRENCE-ID") == ["", "20260120T090000Z"]
    assert after(text, told) == text


@pytest.mark.rfc("5546 3.2.4")
def test_what_is_added_to_nothing_is_asked_for_as_a_whole() -> None:
    told = message("ADD", part(at=1, sequence=1, start="20260120T090000Z", duration="PT1H"))

    assert got(None, told) == Outcome(answer="REFRESH", ignored=Ignored.UNKNOWN)


def test_the_answer_to_the_series_is_no_answer_to_what_is_added() -> None:
    text = having(request()).replace("ATTENDEE:mailto:bob", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob")
    told = message("ADD", part(at=1, sequence=1, start="20260120T090000Z", duration="PT1H"))

    assert answers(after(text, told)) == {
        "": ["ann=ACCEPTED", "bob=ACCEPTED", "cid"],
        "20": ["ann=ACCEPTED", "bob", "cid"],
    }


@pytest.mark.rfc("5546 3.2.8")
def test_a_declined_counter_proposal_is_for_the_attendee_to_see() -> None:
    assert got(having(request()), message("DECLINECOUNTER", part())) == Outcome(inbox=True)


@pytest.mark.rfc("5546 3.4.4")
def test_a_task_that_is_added_says_when_it_is() -> None:
    told = message("ADD", part(at=1, sequence=1, start=None)).replace("VEVENT", "VTODO")

    with pytest.raises(Refused, match="says when"):
        got(None, told)
