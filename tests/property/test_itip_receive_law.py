"""Messages may come twice and in any order: the latest revision is what stays (RFC 5546 §2.1.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caldavd.ical.contentline import Component, parameter, read
from tests.unit.builders import valarm
from tests.unit.itip.messages import after, answer, cancel, message, organized, part, reply, request

DAYS = (6, 7, 8)
SUMMARIES = ("Tea", "Talk", "Walk")
STARTS = ("20260105T090000Z", "20260105T110000Z")
RULES = ("FREQ=DAILY;COUNT=5", "FREQ=DAILY", "FREQ=WEEKLY;COUNT=3")
ANSWERS = ("ACCEPTED", "DECLINED", "TENTATIVE")
WORDS = st.sampled_from(SUMMARIES)


@dataclass(frozen=True, slots=True)
class Told:
    """What the organizer says in one revision of the series."""

    cancelled: bool
    summary: str
    start: str
    rrule: str
    overrides: tuple[tuple[int, str], ...]
    excluded: tuple[int, ...]
    others: str

    def text(self, revision: int) -> str:
        if self.cancelled:
            return cancel(part(at=revision, sequence=revision, lines=["STATUS:CANCELLED"]))
        people = ("ann=ACCEPTED", "bob", f"cid={self.others}")
        return request(
            *(
                part(at=revision, sequence=revision, day=day, summary=summary, people=people)
                for day, summary in self.overrides
                if day not in self.excluded
            ),
            at=revision,
            sequence=revision,
            summary=self.summary,
            start=self.start,
            duration="PT1H",
            rrule=self.rrule,
            exdate=[f"202601{day:02}T090000Z" for day in self.excluded],
            people=people,
        )


TOLD = st.builds(
    Told,
    st.booleans(),
    WORDS,
    st.sampled_from(STARTS),
    st.sampled_from(RULES),
    st.lists(st.tuples(st.sampled_from(DAYS), WORDS), max_size=2, unique_by=lambda one: one[0]).map(
        tuple
    ),
    st.lists(st.sampled_from(DAYS), max_size=2, unique=True).map(tuple),
    st.sampled_from(ANSWERS),
)


@pytest.mark.rfc("5546 2.1.5")
@settings(max_examples=150, deadline=None)
@given(st.lists(TOLD, min_size=1, max_size=4), st.booleans(), st.data())
def test_revisions_in_any_order_end_in_the_last(
    told: list[Told], owned: bool, data: st.DataObject
) -> None:
    first = after(None, request())
    assert first is not None
    if owned:
        first = first.replace("END:VEVENT", f"TRANSP:TRANSPARENT\r\n{valarm()}END:VEVENT")
    texts = [one.text(revision) for revision, one in enumerate(told, 1)]

    mixed = after(first, *data.draw(st.permutations([*texts, *texts])))

    last = after(first, texts[-1])
    if told[-1].cancelled:
        assert _ends(mixed) == _ends(last)
    else:
        assert _shown(mixed) == _shown(last)


SINGLE = st.one_of(
    st.builds(Told.text, TOLD, st.integers(1, 3)),
    st.builds(
        lambda day, summary, at: message(
            "REQUEST", part(day=day, summary=summary, at=at, sequence=at)
        ),
        st.sampled_from(DAYS),
        WORDS,
        st.integers(1, 3),
    ),
    st.builds(
        lambda day, at, future: cancel(part(day=day, at=at, sequence=at)).replace(
            "RECURRENCE-ID:", "RECURRENCE-ID;RANGE=THISANDFUTURE:" if future else "RECURRENCE-ID:"
        ),
        st.sampled_from((5, *DAYS)),
        st.integers(1, 3),
        st.booleans(),
    ),
    st.builds(
        lambda day, at: message(
            "ADD", part(at=at, sequence=at, start=f"202602{day:02}T090000Z", duration="PT1H")
        ),
        st.sampled_from(DAYS),
        st.integers(1, 3),
    ),
)


@pytest.mark.rfc("5546 2.1.5")
@settings(max_examples=150, deadline=None)
@given(st.lists(SINGLE, min_size=1, max_size=5))
def test_the_same_message_to_an_attendee_twice_is_as_once(told: list[str]) -> None:
    text = after(None, request())

    for one in told:
        text = after(text, one)

        assert after(text, one) == text


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of an attendee."""

    who: str
    partstat: str
    day: int | None
    comment: str

    def text(self, at: int) -> str:
        lines = [f"COMMENT:{self.comment}"] if self.comment else []
        return reply(answer(f"{self.who}={self.partstat}", day=self.day, at=at, lines=lines))


ANSWER = st.builds(
    Answered,
    st.sampled_from(("bob", "cid", "eve")),
    st.sampled_from(ANSWERS),
    st.sampled_from((None, *DAYS, 20)),
    st.sampled_from(("", "No")),
)


@pytest.mark.rfc("5546 2.1.5")
@settings(max_examples=150, deadline=None)
@given(st.lists(ANSWER, min_size=1, max_size=5))
def test_the_same_answer_twice_is_as_once(told: list[Answered]) -> None:
    text: str | None = organized()

    for at, one in enumerate(told):
        text = after(text, one.text(at), who="ann")

        assert after(text, one.text(at), who="ann") == text


@pytest.mark.rfc("5546 2.1.5")
@settings(max_examples=150, deadline=None)
@given(st.lists(ANSWER, min_size=1, max_size=5), st.data())
def test_answers_to_one_part_in_any_order_end_in_the_last(
    told: list[Answered], data: st.DataObject
) -> None:
    day = data.draw(st.sampled_from((None, *DAYS)))
    texts = [
        Answered("bob", one.partstat, day, one.comment).text(at) for at, one in enumerate(told)
    ]

    mixed = after(organized(), *data.draw(st.permutations(texts)), who="ann")

    assert _partstats(mixed) == _partstats(after(organized(), texts[-1], who="ann"))


def _events(text: str | None) -> list[Component]:
    assert text is not None
    return read(text)[0].components


def _shown(text: str | None) -> Sequence[object]:
    return sorted(
        (sorted(one.lines), [inner.name for inner in one.components]) for one in _events(text)
    )


def _ends(text: str | None) -> set[tuple[str, str]]:
    found = set()
    for one in _events(text):
        status, sequence = one.first("STATUS"), one.first("SEQUENCE")
        assert status is not None
        assert sequence is not None
        found.add((status.value, sequence.value))
    return found


def _partstats(text: str | None) -> list[list[str]]:
    return sorted(
        sorted(f"{line.value} {parameter(line, 'PARTSTAT')}" for line in one.all("ATTENDEE"))
        for one in _events(text)
    )
