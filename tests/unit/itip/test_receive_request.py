"""A REQUEST: what is the organizer's is taken, what is the attendee's stays."""

from __future__ import annotations

import pytest

from caldavd.errors import VALID_SCHEDULING_MESSAGE, Refused
from caldavd.ical.contentline import parameter
from caldavd.itip.incoming import read_message
from caldavd.itip.outcome import Action, Changed, Changes, Ignored, Outcome, Recurrence
from tests.unit.builders import calendar, valarm
from tests.unit.itip.messages import (
    PEOPLE,
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

ACCEPTED = ("ann=ACCEPTED", "bob=ACCEPTED", "cid")


@pytest.mark.rfc("6638 4.1")
def test_the_first_request_makes_the_object_without_the_organizers_alarms() -> None:
    outcome = got(None, request(alarms=[valarm()]))

    assert outcome.changes == Changes(Action.CREATE)
    assert outcome.inbox
    assert [one.components for one in components(outcome.text)] == [[]]


@pytest.mark.rfc("6638 7.3")
def test_a_message_says_nothing_of_how_the_recipients_server_schedules() -> None:
    told = request().replace("ORGANIZER:", "ORGANIZER;SCHEDULE-AGENT=NONE:")
    told = told.replace("ATTENDEE:mailto:bob", "ATTENDEE;SCHEDULE-STATUS=2.0:mailto:bob")

    text = having(told)

    assert "SCHEDULE-" not in text


@pytest.mark.rfc("5546 2.1.5")
@pytest.mark.parametrize(("sequence", "at"), [(1, 9), (2, 1)])
def test_a_request_of_before_is_ignored(sequence: int, at: int) -> None:
    text = having(request(sequence=2, at=5))

    outcome = got(text, request(sequence=sequence, at=at, summary="Old"))

    assert outcome == Outcome(ignored=Ignored.STALE)


@pytest.mark.rfc("5546 2.1.5")
def test_what_a_client_writes_as_dtstamp_and_sequence_is_not_what_was_received() -> None:
    text = having(request(at=1)).replace("DTSTAMP:20260102T000100Z", "DTSTAMP:20270101T000000Z")
    text = text.replace("SEQUENCE:0\r\n", "SEQUENCE:9\r\n")

    outcome = got(text, request(at=2, summary="New"))

    assert said(outcome.text, "SUMMARY") == ["New"]


def test_the_same_request_again_changes_nothing_whatever_the_client_made_of_its_form() -> None:
    text = having(request())
    lines = text.replace(
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann", "ATTENDEE;partstat=ACCEPTED:MAILTO:ann"
    )
    folded = lines.replace("SUMMARY:Meeting", "SUMMARY:Mee\r\n ting")

    assert got(folded, request()) == Outcome()


@pytest.mark.rfc("6638 3.2.2.1")
def test_alarms_transp_categories_and_private_properties_survive_an_update() -> None:
    own = ["TRANSP:TRANSPARENT", "CATEGORIES:Boring", "X-MOZ-LASTACK:20260101T000000Z", "X-OWN:1"]
    text = having(request()).replace("END:VEVENT", "\r\n".join([*own, valarm() + "END:VEVENT"]))

    outcome = got(text, request(at=1, summary="New"))

    (made,) = components(outcome.text)
    assert [
        f"{line.name}:{line.value}"
        for line in made.lines
        if line.name in ("TRANSP", "CATEGORIES", "X-MOZ-LASTACK", "X-OWN", "SUMMARY")
    ] == ["SUMMARY:New", *own]
    assert [inner.name for inner in made.components] == ["VALARM"]


@pytest.mark.rfc("6638 3.2.2.1")
def test_a_transp_that_the_organizer_changes_is_the_organizers_again() -> None:
    text = having(request())

    outcome = got(text, request(at=1, lines=["TRANSP:TRANSPARENT"]))

    assert said(outcome.text, "TRANSP") == ["TRANSPARENT"]


def test_what_belongs_to_the_place_goes_with_it() -> None:
    text = having(request(lines=["LOCATION:Rome", "X-APPLE-STRUCTURED-LOCATION:geo:1,2"]))

    outcome = got(text, request(at=1, lines=["LOCATION:Oslo"]))

    assert said(outcome.text, "X-APPLE-STRUCTURED-LOCATION") == [""]


@pytest.mark.rfc("6638 3.2.8")
def test_an_answer_on_its_way_stays_while_the_event_is_the_same() -> None:
    text = having(request()).replace("ATTENDEE:mailto:bob", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob")

    outcome = got(text, request(at=1, people=("ann=ACCEPTED", "bob", "cid=DECLINED")))

    assert answers(outcome.text) == {"": ["ann=ACCEPTED", "bob=ACCEPTED", "cid=DECLINED"]}


@pytest.mark.rfc("6638 3.2.8")
def test_an_answer_is_void_when_the_event_is_moved() -> None:
    text = having(request()).replace("ATTENDEE:mailto:bob", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob")

    outcome = got(text, request(at=1, sequence=1, start="20260105T100000Z", duration="PT1H"))

    assert answers(outcome.text) == {"": list(PEOPLE)}
    assert not outcome.keeps_tag


def test_an_answer_that_the_organizer_took_otherwise_is_as_the_organizer_says() -> None:
    text = having(request())

    outcome = got(text, request(at=1, people=("ann=ACCEPTED", "bob=TENTATIVE", "cid")))

    assert answers(outcome.text) == {"": ["ann=ACCEPTED", "bob=TENTATIVE", "cid"]}


def test_an_answer_that_was_heard_before_it_was_taken_back_is_not_on_its_way() -> None:
    text = having(request(people=ACCEPTED)).replace(
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob",
        "ATTENDEE;PARTSTAT=ACCEPTED;X-CALDAVD-REPLIED=20260102T000300Z:mailto:bob",
    )
    told = request(at=2, people=("ann=ACCEPTED", "bob=DECLINED", "cid"))
    told = told.replace("DECLINED:", "DECLINED;X-CALDAVD-REPLIED=20260102T000200Z:")

    outcome = got(text, told)

    assert answers(outcome.text) == {"": list(ACCEPTED)}


@pytest.mark.rfc("6638 3.2.8")
def test_an_answer_on_its_way_survives_a_new_text_where_the_organizer_knows_when_it_was() -> None:
    text = having(request()).replace(
        "ATTENDEE:mailto:bob",
        "ATTENDEE;PARTSTAT=DECLINED;X-CALDAVD-REPLIED=20260102T000300Z:mailto:bob",
    )
    told = request(at=4, sequence=1, summary="New").replace(
        "ATTENDEE:mailto:bob", "ATTENDEE;X-CALDAVD-REPLIED=20260102T000200Z:mailto:bob"
    )

    outcome = got(text, told)

    assert answers(outcome.text) == {"": ["ann=ACCEPTED", "bob=DECLINED", "cid"]}


def test_an_answer_to_an_instance_counts_more_than_one_to_the_series_that_is_on_its_way() -> None:
    answered = "ATTENDEE;PARTSTAT=DECLINED;X-CALDAVD-REPLIED=20260102T000300Z:mailto:bob"
    text = having(request()).replace("ATTENDEE:mailto:bob", answered)
    instance = part(at=4, day=7, people=("ann=ACCEPTED", "bob=ACCEPTED", "cid")).replace(
        "ACCEPTED:mailto:bob", "ACCEPTED;X-CALDAVD-REPLIED=20260102T000200Z:mailto:bob"
    )

    outcome = got(text, request(instance, at=4))

    assert [one[1] for one in answers(outcome.text).values()] == ["bob=DECLINED", "bob=ACCEPTED"]


@pytest.mark.rfc("6638 3.2.10")
def test_answers_of_others_keep_the_schedule_tag_and_are_no_news() -> None:
    outcome = got(having(request()), request(at=1, people=("ann=ACCEPTED", "bob", "cid=DECLINED")))

    changes = Changes(
        Action.UPDATE, recurrences=(Recurrence(None, (Changed("ATTENDEE", ("PARTSTAT",)),)),)
    )
    assert (outcome.keeps_tag, outcome.inbox, outcome.changes) == (True, False, changes)


@pytest.mark.rfc("6638 3.2.10")
def test_an_override_for_the_answer_of_another_keeps_the_schedule_tag() -> None:
    told = request(part(at=1, day=7, people=("ann=ACCEPTED", "bob", "cid=DECLINED")), at=1)

    outcome = got(having(request()), told)

    assert (outcome.keeps_tag, outcome.inbox) == (True, False)
    assert set(answers(outcome.text)) == {"", "07"}


@pytest.mark.rfc("6638 3.2.10")
def test_who_is_asked_besides_changes_the_schedule_tag() -> None:
    outcome = got(having(request()), request(at=1, people=(*PEOPLE, "dan")))

    assert (outcome.keeps_tag, outcome.inbox) == (False, True)


@pytest.mark.rfc("5546 3.2.2")
def test_a_request_for_one_instance_leaves_the_others() -> None:
    text = having(request())

    outcome = got(text, message("REQUEST", part(at=1, sequence=1, day=7, summary="Other")))

    assert said(outcome.text, "SUMMARY") == ["Meeting", "Other"]
    assert outcome.changes == Changes(
        Action.UPDATE, recurrences=(Recurrence("20260107T090000Z", (Changed("SUMMARY"),)),)
    )


@pytest.mark.rfc("6638 3.2.6")
def test_who_is_asked_to_some_instances_has_only_those() -> None:
    text = having(
        message("REQUEST", part(day=7)), message("REQUEST", part(at=1, day=8, sequence=1))
    )

    assert said(text, "RECURRENCE-ID") == ["20260107T090000Z", "20260108T090000Z"]


@pytest.mark.rfc("6638 3.2.6")
def test_who_is_asked_to_some_instances_and_then_to_all_has_the_series() -> None:
    text = having(message("REQUEST", part(day=7)), request(part(at=1, day=7), at=1))

    assert said(text, "RECURRENCE-ID") == ["", "20260107T090000Z"]


@pytest.mark.rfc("6638 3.2.6")
def test_an_instance_that_the_recipient_is_not_asked_to_is_taken_from_the_series() -> None:
    text = having(request(part(day=7, people=("ann=ACCEPTED", "cid"))))

    assert said(text, "EXDATE") == ["20260107T090000Z"]


def test_an_instance_with_alarms_of_ones_own_follows_the_series() -> None:
    own = part(day=7, alarms=[valarm()])
    text = having(request()).replace("END:VCALENDAR", own + "END:VCALENDAR")

    outcome = got(text, request(at=1, sequence=1, summary="New"))

    assert said(outcome.text, "SUMMARY") == ["New", "New"]
    assert [len(one.components) for one in components(outcome.text)] == [0, 1]
    assert got(outcome.text, request(at=1, sequence=1, summary="New")) == Outcome()


@pytest.mark.rfc("5546 4.4.7")
def test_an_override_that_the_organizer_no_longer_has_is_gone() -> None:
    text = having(request(part(day=7, summary="Other")))

    outcome = got(text, request(at=1, sequence=1))

    assert said(outcome.text, "RECURRENCE-ID") == [""]


@pytest.mark.rfc("5546 2.1.5")
def test_an_override_that_overtook_the_series_stays() -> None:
    text = having(message("REQUEST", part(at=5, sequence=1, day=7, summary="Other")))

    outcome = got(text, request(at=1))

    assert said(outcome.text, "SUMMARY") == ["Meeting", "Other"]


@pytest.mark.rfc("6638 3.2.2.1")
def test_an_instance_that_the_attendee_took_out_stays_out() -> None:
    text = having(request()).replace("END:VEVENT", "EXDATE:20260107T090000Z\r\nEND:VEVENT")
    declined = part(at=1, day=7, people=("ann=ACCEPTED", "bob=DECLINED", "cid"))

    outcome = got(text, request(declined, at=1, summary="New"))

    assert said(outcome.text, "EXDATE") == ["20260107T090000Z"]


def test_an_instance_that_was_cancelled_and_is_asked_for_again_is_back() -> None:
    text = having(request(), cancel(part(day=7, at=1, sequence=1)))

    outcome = got(text, message("REQUEST", part(day=7, at=2, sequence=2)))

    assert said(outcome.text, "EXDATE") == ["", ""]


@pytest.mark.rfc("5546 2.1.5")
@pytest.mark.rfc("5546 2.1.5")
def test_a_meeting_that_comes_back_after_it_was_cancelled_is_there_again() -> None:
    cancelled = after(after(None, request(at=1)), cancel(part(at=2, sequence=1)))

    again = after(cancelled, request(at=3))
    late = got(cancelled, request(at=1))

    assert (said(cancelled, "STATUS"), said(again, "STATUS")) == (["CANCELLED"], [""])
    assert late == Outcome(ignored=Ignored.STALE)


@pytest.mark.rfc("6638 3.2.2.4")
def test_who_declined_and_removed_a_meeting_is_not_asked_to_it_again_by_a_new_text() -> None:
    heard = "ATTENDEE;PARTSTAT=DECLINED;X-CALDAVD-REPLIED=20260102T000000Z:mailto:bob@example.com"

    outcome = got(None, request(people=("ann=ACCEPTED", "cid"), lines=[heard], summary="New"))

    assert outcome == Outcome(ignored=Ignored.DECLINED)


@pytest.mark.rfc("5546 4.2.7")
def test_a_delegation_stays_although_the_delegate_declined_before_the_organizer_heard_of_it() -> (
    None
):
    people = ("ann=ACCEPTED", "cid=DECLINED")
    mine = 'ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:cid@example.com"'
    replied = f"{mine};X-CALDAVD-REPLIED=20260102T000500Z:mailto:bob@example.com"
    text = after(None, request(people=PEOPLE))
    delegated = text.replace("ATTENDEE:mailto:bob@example.com", replied)

    told = after(delegated, request(at=1, people=("ann=ACCEPTED", "bob", "cid=DECLINED")))

    assert answers(told)[""] == ["ann=ACCEPTED", "bob=DELEGATED", people[1]]


def test_a_request_that_a_cancellation_of_its_instance_overtook_is_ignored() -> None:
    text = having(request(), cancel(part(day=7, at=5, sequence=2)))

    assert got(text, message("REQUEST", part(day=7, at=1, sequence=1))).ignored is Ignored.STALE


@pytest.mark.rfc("5546 6.1.3")
def test_nobody_takes_over_a_meeting_by_a_request() -> None:
    told = request(at=1, sequence=1).replace("ORGANIZER:mailto:ann", "ORGANIZER:mailto:eve")

    assert got(having(request()), told) == Outcome(inbox=True, ignored=Ignored.ORGANIZER)


def test_the_organizer_is_not_asked_to_the_own_meeting() -> None:
    own = request().replace("METHOD:REQUEST\r\n", "")

    assert got(own, request(at=1), "ann").ignored is Ignored.ORGANIZER


@pytest.mark.rfc("6638 7.1")
def test_an_object_that_a_client_schedules_is_left_to_it() -> None:
    text = having(request()).replace("ORGANIZER:", "ORGANIZER;SCHEDULE-AGENT=CLIENT:")

    assert got(text, request(at=1)) == Outcome(inbox=True, ignored=Ignored.CLIENT)


def test_what_became_of_the_last_answer_stays_on_the_organizer() -> None:
    text = having(request()).replace("ORGANIZER:", "ORGANIZER;SCHEDULE-STATUS=1.2:")

    outcome = got(text, request(at=1, summary="New"))

    (made,) = components(outcome.text)
    line = made.first("ORGANIZER")
    assert line is not None
    assert parameter(line, "SCHEDULE-STATUS") == "1.2"


@pytest.mark.rfc("5546 3.2.2")
@pytest.mark.parametrize(
    "told",
    [
        request().replace("ORGANIZER:mailto:ann@example.com\r\n", ""),
        request().replace("DTSTAMP:20260102T000000Z\r\n", ""),
        request(part(day=7).replace("ORGANIZER:mailto:ann", "ORGANIZER:mailto:eve")),
        request(part(day=7), part(day=7)),
        calendar(part(), lines=["METHOD:WONDER"]),
    ],
)
def test_what_is_no_request_is_refused(told: str) -> None:
    with pytest.raises(Refused) as refused:
        got(None, told)

    assert refused.value.condition == VALID_SCHEDULING_MESSAGE


def test_a_message_from_outside_is_judged_as_an_object_is() -> None:
    document, method = read_message(cancel(part(day=7, start=None, duration=None)).encode())
    with pytest.raises(Refused):
        read_message(request(rrule="FREQ=NEVER").encode())
    with pytest.raises(Refused):
        read_message(calendar(part()).encode())

    assert (document.uid, method) == ("1@example.com", "CANCEL")
