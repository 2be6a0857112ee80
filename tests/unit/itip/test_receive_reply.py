"""A REPLY: one attendee's answer in the organizer's object."""

from __future__ import annotations

import pytest

from caldavd.errors import Refused
from caldavd.ical.contentline import parameter
from caldavd.itip.outcome import Action, Changed, Changes, Ignored, Outcome, Recurrence
from tests.unit.builders import valarm
from tests.unit.itip.messages import (
    after,
    answer,
    answers,
    components,
    got,
    message,
    organized,
    part,
    reply,
    said,
)

PARTSTAT = Changed("ATTENDEE", ("PARTSTAT",))
MORE = "X-CALENDARSERVER-ATTENDEE-COMMENT"


@pytest.mark.rfc("6638 4.2")
def test_an_answer_is_written_and_the_others_are_told() -> None:
    outcome = got(organized(), reply(answer("bob=ACCEPTED")), "ann")

    assert answers(outcome.text) == {"": ["ann=ACCEPTED", "bob=ACCEPTED", "cid"]}
    assert outcome.refresh == frozenset({"mailto:cid@example.com"})
    assert outcome.changes == Changes(
        Action.REPLY, "mailto:bob@example.com", (Recurrence(None, (PARTSTAT,)),)
    )
    assert (outcome.keeps_tag, outcome.inbox) == (True, True)


@pytest.mark.rfc("6638 4.2")
@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([], "2.0"),
        (["REQUEST-STATUS:2.0;Success"], "2.0"),
        (["REQUEST-STATUS:2.8;Success", "REQUEST-STATUS:2.4;X"], "2.8,2.4"),
    ],
)
def test_the_status_of_an_answer_is_that_of_its_attendee(lines: list[str], status: str) -> None:
    outcome = got(organized(), reply(answer("bob=ACCEPTED", lines=lines)), "ann")

    (made,) = components(outcome.text)
    found = [parameter(line, "SCHEDULE-STATUS") for line in made.all("ATTENDEE")]
    assert found == [None, status, None]


def test_the_same_answer_again_changes_nothing() -> None:
    told = reply(answer("bob=DECLINED", day=7, lines=["COMMENT:No"]))
    text = after(organized(), told, who="ann")

    assert got(text, told, "ann") == Outcome()


@pytest.mark.rfc("5546 2.1.5")
def test_an_answer_that_a_later_one_overtook_is_ignored() -> None:
    text = after(organized(), reply(answer("bob=DECLINED", at=5)), who="ann")

    outcome = got(text, reply(answer("bob=ACCEPTED", at=4)), "ann")

    assert outcome == Outcome(answer="REQUEST", ignored=Ignored.STALE)


@pytest.mark.rfc("5546 2.1.5")
def test_an_answer_to_what_was_moved_since_is_ignored_and_its_sender_told() -> None:
    now = organized(sequence=1, start="20260105T100000Z", duration="PT1H")

    outcome = got(now, reply(answer("bob=ACCEPTED", rrule="FREQ=DAILY;COUNT=5")), "ann")

    (component,) = components(outcome.text)
    heard = [parameter(line, "X-CALDAVD-REPLIED") for line in component.all("ATTENDEE")]
    assert heard == [None, "20260102T000000Z", None]
    assert answers(outcome.text) == answers(now)
    assert outcome == Outcome(outcome.text, answer="REQUEST", ignored=Ignored.STALE)


@pytest.mark.rfc("5546 2.1.4")
def test_an_answer_to_what_was_only_described_anew_counts() -> None:
    now = organized(sequence=1, summary="New")

    outcome = got(now, reply(answer("bob=ACCEPTED", rrule="FREQ=DAILY;COUNT=5")), "ann")

    assert answers(outcome.text)[""][1] == "bob=ACCEPTED"
    assert outcome.refresh == frozenset({"mailto:bob@example.com", "mailto:cid@example.com"})


@pytest.mark.rfc("6638 4.2")
def test_an_answer_to_an_instance_makes_its_override() -> None:
    text = organized(alarms=[valarm()])

    outcome = got(text, reply(answer("bob=DECLINED", day=7)), "ann")

    assert answers(outcome.text) == {
        "": ["ann=ACCEPTED", "bob", "cid"],
        "07": ["ann=ACCEPTED", "bob=DECLINED", "cid"],
    }
    assert said(outcome.text, "DTSTART")[1] == "20260107T090000Z"
    assert [len(one.components) for one in components(outcome.text)] == [1, 1]


@pytest.mark.rfc("6638 4.2")
def test_an_answer_to_many_instances_is_one_change() -> None:
    told = reply(answer("bob=ACCEPTED"), *(answer("bob=DECLINED", day=day) for day in (6, 8)))

    outcome = got(organized(), told, "ann")

    assert [one[1] for one in answers(outcome.text).values()] == [
        "bob=ACCEPTED",
        "bob=DECLINED",
        "bob=DECLINED",
    ]


@pytest.mark.rfc("5546 3.2.3")
@pytest.mark.parametrize("day", [4, 10, 20])
def test_an_answer_to_an_instance_that_is_not_there_is_kept_for_the_organizer(day: int) -> None:
    outcome = got(organized(), reply(answer("bob=DECLINED", day=day)), "ann")

    assert outcome == Outcome(inbox=True, ignored=Ignored.NO_INSTANCE)


def test_an_answer_to_the_series_is_one_to_the_overrides_that_others_answers_made() -> None:
    text = after(organized(), reply(answer("cid=DECLINED", day=7)), who="ann")

    outcome = got(text, reply(answer("bob=ACCEPTED", at=1)), "ann")

    assert answers(outcome.text)["07"] == ["ann=ACCEPTED", "bob=ACCEPTED", "cid=DECLINED"]
    assert outcome.refresh == {"mailto:bob@example.com", "mailto:cid@example.com"}


def test_an_answer_to_the_series_leaves_what_was_answered_by_itself() -> None:
    text = after(organized(), reply(answer("bob=DECLINED", day=7)), who="ann")

    outcome = got(text, reply(answer("bob=ACCEPTED", at=1)), "ann")

    assert answers(outcome.text)["07"] == ["ann=ACCEPTED", "bob=DECLINED", "cid"]


@pytest.mark.rfc("5546 3.2.3")
def test_who_was_not_asked_changes_nothing() -> None:
    outcome = got(organized(), reply(answer("eve=ACCEPTED")), "ann")

    assert outcome == Outcome(inbox=True, ignored=Ignored.STRANGER)


def test_one_attendee_does_not_answer_for_another() -> None:
    told = reply(part(people=["bob=ACCEPTED", "cid=DECLINED"]))

    with pytest.raises(Refused):
        got(organized(), told, "ann")


@pytest.mark.rfc("5546 3.2.2.3")
def test_a_delegator_does_not_answer_for_the_delegate() -> None:
    to_dan = 'ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:dan@example.com"'
    dan = "ATTENDEE;CN=Dan;PARTSTAT=NEEDS-ACTION:mailto:dan@example.com"
    lines = [f"{to_dan}:mailto:bob@example.com", dan]

    outcome = got(organized(), reply(part(people=(), lines=lines)), "ann")

    assert answers(outcome.text)[""] == [
        "ann=ACCEPTED",
        "bob=DELEGATED",
        "cid",
        "dan=NEEDS-ACTION",
    ]
    assert outcome.refresh == {f"mailto:{name}@example.com" for name in ("bob", "cid", "dan")}


@pytest.mark.rfc("6638 3.2.2.4")
def test_who_declines_is_told_too_as_an_update_may_have_brought_back_what_was_removed() -> None:
    declined = got(organized(), reply(answer("bob=DECLINED")), "ann")
    accepted = got(organized(), reply(answer("bob=ACCEPTED")), "ann")

    assert (declined.refresh - accepted.refresh) == {"mailto:bob@example.com"}


def test_what_an_attendee_tells_is_seen_and_taken_back() -> None:
    text = after(organized(), reply(answer("bob=DECLINED", lines=["COMMENT:No"])), who="ann")

    empty = ["X-CALENDARSERVER-PRIVATE-COMMENT:"]
    later = after(text, reply(answer("bob=ACCEPTED", at=1, lines=empty)), who="ann")

    assert (said(text, MORE), said(later, MORE)) == (["No"], [""])


@pytest.mark.parametrize("lines", [[], ["COMMENT:"], ["COMMENT:\\n"]])
def test_an_answer_without_words_takes_nothing_back(lines: list[str]) -> None:
    text = after(organized(), reply(answer("bob=DECLINED", lines=["COMMENT:No"])), who="ann")

    later = after(text, reply(answer("bob=ACCEPTED", at=1, lines=lines)), who="ann")
    never = after(organized(), reply(answer("bob=ACCEPTED", lines=lines)), who="ann")

    assert said(later, MORE) == ["No"]
    assert answers(later) == {"": ["ann=ACCEPTED", "bob=ACCEPTED", "cid"]}
    assert MORE not in (never or "")


def test_the_organizers_own_comment_is_none_of_the_attendees() -> None:
    text = organized(lines=["COMMENT:Bring cake"])

    outcome = got(text, reply(answer("bob=ACCEPTED", lines=["COMMENT:Bring cake"])), "ann")

    assert said(outcome.text, MORE) == [""]


def test_a_private_comment_is_kept_with_who_made_it() -> None:
    lines = ["X-CALENDARSERVER-PRIVATE-COMMENT:Too early"]

    outcome = got(organized(), reply(answer("bob=DECLINED", lines=lines)), "ann")

    (made,) = components(outcome.text)
    line = made.first(MORE)
    assert line is not None
    assert line.value == "Too early"
    assert parameter(line, "X-CALENDARSERVER-ATTENDEE-REF") == "mailto:bob@example.com"
    assert parameter(line, "X-CALENDARSERVER-DTSTAMP") == "20260103T120000Z"


@pytest.mark.rfc("5546 4.4.10")
def test_that_a_message_was_of_no_use_is_for_the_organizer_to_see() -> None:
    lines = ["REQUEST-STATUS:3.0;Invalid Property Name;FOO"]
    told = reply(answer("bob", lines=lines))

    outcome = got(organized(), told, "ann")

    assert (outcome.inbox, outcome.changes, outcome.refresh) == (True, None, frozenset())


def test_an_answer_may_not_make_the_object_grow_without_end() -> None:
    people = [f"p{number}" for number in range(2_000)]
    text = organized(people=["ann", *people], rrule="FREQ=DAILY")
    told = reply(
        *(
            answer("p7=DECLINED", recurrence_id=f"2026{month:02}{day:02}T090000Z")
            for month in range(2, 6)
            for day in range(1, 29)
        )
    )

    assert got(text, told, "ann") == Outcome(inbox=True, ignored=Ignored.TOO_LARGE)


@pytest.mark.rfc("6638 7.1")
def test_whom_a_client_schedules_is_left_to_it() -> None:
    text = organized().replace("ATTENDEE:mailto:bob", "ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:bob")

    assert got(text, reply(answer("bob=ACCEPTED")), "ann").ignored is Ignored.CLIENT


def test_an_answer_to_somebody_elses_meeting_changes_nothing() -> None:
    assert got(organized(), reply(answer("bob=ACCEPTED")), "cid").ignored is Ignored.ORGANIZER


@pytest.mark.rfc("5546 3.2.6")
@pytest.mark.parametrize(
    ("who", "outcome"),
    [("bob", Outcome(answer="REQUEST")), ("eve", Outcome(ignored=Ignored.STRANGER))],
)
def test_who_is_asked_may_ask_what_to(who: str, outcome: Outcome) -> None:
    assert got(organized(), message("REFRESH", part(people=[who])), "ann") == outcome


@pytest.mark.rfc("5546 3.2.7")
def test_a_counter_proposal_is_for_the_organizer_to_see() -> None:
    told = message("COUNTER", part(start="20260105T110000Z", duration="PT1H"))

    assert got(organized(), told, "ann") == Outcome(inbox=True)


@pytest.mark.rfc("5546 3.2.7")
def test_a_counter_proposal_to_what_was_changed_since_is_ignored() -> None:
    told = message("COUNTER", part(start="20260105T110000Z", duration="PT1H"))

    outcome = got(organized(sequence=1), told, "ann")

    assert outcome == Outcome(answer="REQUEST", ignored=Ignored.STALE)
