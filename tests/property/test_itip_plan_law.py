"""What holds of all that is sent out, whatever an object holds and whoever changes it."""

from __future__ import annotations

from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caldavd.errors import Refused
from caldavd.ical.contentline import Component, parameters, read
from caldavd.ical.parse import Document, parse
from caldavd.itip.address import normal
from caldavd.itip.message import Message, Plan
from caldavd.itip.plan import with_statuses
from caldavd.itip.snapshot import Meeting, meeting
from tests.unit.builders import valarm
from tests.unit.itip.meetings import ANN, BOB, CID, DAN, daily, meeting_of, on, planned, stored

UNHURRIED: Final = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
"""Objects are drawn piece by piece, on machines that have other things to do as well."""
EVERYBODY: Final = ANN | BOB | CID | DAN
ANSWERS: Final = st.sampled_from(("", " ACCEPTED", " DECLINED", " NEEDS-ACTION"))
AGENTS: Final = st.sampled_from(("", "", "", ";SCHEDULE-AGENT=NONE", ";SCHEDULE-STATUS=1.2"))
LINES: Final = st.lists(
    st.sampled_from(
        (
            *("LOCATION:Room", "TRANSP:TRANSPARENT", "X-MOZ-LASTACK:1", "X-SECRET:own"),
            *("COMMENT:Hello", "CATEGORIES:a", "LAST-MODIFIED:20260101T000000Z"),
        )
    ),
    unique=True,
    max_size=2,
)
STATUSES: Final = st.sampled_from(((), (), (), ("STATUS:CANCELLED",), ("STATUS:TENTATIVE",)))
DAYS: Final = st.sets(st.integers(6, 9), max_size=3)


@st.composite
def asked(draw: st.DrawFn) -> str:
    """Who is asked, in any order, ann at times too."""
    names = draw(st.permutations(("ann", "bob", "cid", "dan")))
    count = draw(st.integers(0, 4))
    return ", ".join(f"{name}{draw(AGENTS)}{draw(ANSWERS)}" for name in names[:count])


@st.composite
def objects(draw: st.DrawFn) -> Document:
    """A meeting of ann's: a series with overrides, or days of it alone."""
    overrides = [
        on(
            day,
            draw(asked()),
            hour=draw(st.sampled_from((9, 9, 15))),
            sequence=draw(st.integers(0, 2)),
            lines=[*draw(LINES), *draw(STATUSES)],
        )
        for day in sorted(draw(DAYS))
    ]
    if overrides and draw(st.integers(0, 4)) == 0:
        return meeting_of(*overrides)
    return daily(
        *overrides,
        asked=draw(asked()),
        rrule=draw(st.sampled_from(("FREQ=DAILY;COUNT=10", "FREQ=DAILY", "FREQ=DAILY;COUNT=5"))),
        sequence=draw(st.integers(0, 2)),
        exdate=[f"202601{day:02}T090000Z" for day in sorted(draw(DAYS))],
        lines=[*draw(LINES), *draw(STATUSES)],
        alarms=[valarm()],
    )


USERS: Final = st.sampled_from((ANN, BOB, CID, frozenset[str]()))


@UNHURRIED
@given(objects(), USERS)
def test_what_is_stored_again_sends_nothing(document: Document, me: frozenset[str]):
    made = planned(document, document, me)

    assert (made.messages, made.text) == ((), None)


@UNHURRIED
@given(objects(), objects())
def test_what_was_settled_is_settled(old: Document, new: Document):
    text = stored(planned(old, new), new)

    again = planned(parse(text.encode()), parse(text.encode()))

    assert (again.messages, again.text) == ((), None)


@UNHURRIED
@given(objects(), objects())
def test_each_recipient_gets_one_message_of_a_method(old: Document, new: Document):
    made = planned(old, new)

    told = [(one.method, one.recipient) for one in made.messages]
    assert len(told) == len(set(told))
    assert {recipient for _, recipient in told} <= EVERYBODY - ANN


@UNHURRIED
@given(objects(), objects())
def test_no_message_holds_what_is_between_a_user_and_the_own_server(old: Document, new: Document):
    for message in planned(old, new).messages:
        assert not any(
            word in message.text for word in ("SCHEDULE-", "X-SECRET", "X-MOZ", "VALARM")
        )


@UNHURRIED
@given(objects(), objects())
def test_a_recipient_sees_only_parts_with_the_own_name(old: Document, new: Document):
    for message in planned(old, new).messages:
        for component in components(message):
            assert message.recipient in {normal(line.value) for line in component.all("ATTENDEE")}


@UNHURRIED
@given(objects(), objects())
def test_no_request_is_of_what_is_cancelled(old: Document, new: Document):
    for message in planned(old, new).messages:
        if message.method == "REQUEST":
            statuses = {line.value for part in components(message) for line in part.all("STATUS")}
            assert "CANCELLED" not in statuses


@UNHURRIED
@given(objects(), objects())
def test_a_part_never_gets_an_older_revision(old: Document, new: Document):
    before = sequences(meeting(old))
    made = planned(old, new)
    after = sequences(meeting(parse(stored(made, new).encode())))

    if made.messages:
        assert all(after[key] >= before[key] for key in before if key in after)
    for message in made.messages:
        if message.method == "CANCEL":
            assert message.sequence > min(before.values())


@UNHURRIED
@given(objects(), objects())
def test_an_answer_is_never_made_up(old: Document, new: Document):
    """Whoever is not ann, and is the server's, said before what is stored, or said nothing."""
    before = meeting(old)
    text = stored(planned(old, new), new)

    for part in meeting(parse(text.encode())).parts.values():
        for address, line in part.attendees.items():
            found = parameters(line)
            if address in ANN or found.get("SCHEDULE-AGENT") == ("NONE",):
                continue
            said = found.get("PARTSTAT", ("NEEDS-ACTION",))
            assert said in {("NEEDS-ACTION",), *said_before(before, address)}


@UNHURRIED
@given(objects(), objects())
def test_whoever_is_asked_to_something_new_is_told(old: Document, new: Document):
    told = {one.recipient for one in planned(old, new).messages}

    for address in EVERYBODY - ANN:
        if places(meeting(old), address) != places(meeting(new), address):
            assert address in told


@UNHURRIED
@given(objects(), st.sampled_from((BOB, CID)))
def test_an_attendee_who_leaves_declines_all_that_was_not_declined(
    old: Document, me: frozenset[str]
):
    for message in planned(old, None, me).messages:
        for part in components(message):
            (who,) = part.all("ATTENDEE")
            assert ({normal(who.value)}, parameters(who)["PARTSTAT"]) == (me, ("DECLINED",))


@UNHURRIED
@given(objects(), objects(), st.sampled_from((BOB, CID)))
def test_an_attendee_tells_the_organizer_alone_or_is_refused(
    old: Document, new: Document, me: frozenset[str]
):
    try:
        made = planned(old, new, me)
    except Refused:
        return
    assert len(made.messages) <= 1
    assert {(one.method, one.recipient) for one in made.messages} <= {
        ("REPLY", "mailto:ann@example.com")
    }
    settled_again(made, new, me)


def settled_again(made: Plan, new: Document, me: frozenset[str]) -> None:
    text = parse(stored(made, new).encode())
    again = planned(text, text, me)
    assert (again.messages, again.text) == ((), None)


@UNHURRIED
@given(objects(), st.sampled_from(("1.2", "3.7")))
def test_a_status_changes_nothing_that_anybody_is_told(document: Document, status: str):
    text = with_statuses(document.text, {address: status for address in EVERYBODY})

    made = planned(document, parse(text.encode()))

    assert made.messages == ()


def components(message: Message) -> list[Component]:
    return [part for part in read(message.text)[0].components if part.name != "VTIMEZONE"]


def sequences(of: Meeting) -> dict[str | None, int]:
    return {key: part.sequence for key, part in of.parts.items()}


def said_before(of: Meeting, address: str) -> set[tuple[str, ...]]:
    return {
        parameters(part.attendees[address]).get("PARTSTAT", ("NEEDS-ACTION",))
        for part in of.parts.values()
        if address in part.attendees
    }


def places(of: Meeting, address: str) -> set[str | None]:
    """The parts that take place, and that the server asks somebody to."""
    if of.is_cancelled:
        return set()
    gone = frozenset[str]() if of.master is None else of.master.excluded
    found = {
        key: part.attendees[address]
        for key, part in of.parts.items()
        if address in part.attendees and not part.is_cancelled and key not in gone
    }
    if any("SCHEDULE-AGENT" in line.parameter_text for line in found.values()):
        return set()
    return set(found)
