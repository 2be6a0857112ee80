"""Whatever people do to a meeting, in the end all copies agree with the organizer's.

Messages come in the order in which they were sent to somebody, late, and some of them twice.
"""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.property.itip_clients import (
    ATTENDEE_ACTS,
    DELEGATE,
    ORGANIZER,
    ORGANIZER_ACTS,
    OTHERS,
)
from tests.property.itip_world import Step, World, differences, lost_comments, seen
from tests.unit.builders import BERLIN, END, START
from tests.unit.itip.meetings import meeting_of, part, task

UNHURRIED: Final = settings(
    max_examples=120, suppress_health_check=[HealthCheck.too_slow], deadline=None
)
"""A history is many objects and messages, on machines that have other things to do as well."""
INVITED: Final = (*OTHERS, DELEGATE)
EVERYBODY: Final = (ORGANIZER, *INVITED)
TIMES: Final = (
    (START, END),
    ("20260105", "20260106"),
    ("Europe/Berlin:20260327T090000", "Europe/Berlin:20260327T100000"),
)
"""In UTC, of whole days, and in a zone whose clocks are changed before the third day."""
NUMBERS: Final = st.integers(0, 11)
DELIVERED: Final = st.builds(
    Step,
    st.sampled_from(("deliver", "deliver", "deliver twice", "deliver all")),
    st.sampled_from(EVERYBODY),
    st.integers(0, 3),
)


def done_by_organizer(*acts: str) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.sampled_from(acts), st.just(ORGANIZER), NUMBERS, st.booleans())


def done_by_others(*acts: str) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.sampled_from(acts), st.sampled_from(INVITED), NUMBERS, st.booleans())


@st.composite
def invitations(draw: st.DrawFn) -> str:
    """A meeting, or a task, of ann's with two or three others: a series, or once."""
    asked = ", ".join(("ann ACCEPTED", *OTHERS[: draw(st.integers(2, 3))]))
    rrule = draw(st.sampled_from((None, "FREQ=DAILY;COUNT=4", "FREQ=DAILY;COUNT=4")))
    start, end = draw(st.sampled_from(TIMES))
    if draw(st.integers(0, 3)) == 0:
        due = "20260105T100000Z"
        return task(asked, start=START, due=due, rrule=rrule, lines=["SEQUENCE:0"]).text
    zones = [BERLIN] if ":" in start else []
    return meeting_of(*zones, part(asked, start=start, end=end, rrule=rrule, sequence=0)).text


def history(text: str, steps: list[Step]) -> World:
    """What becomes of a meeting once all messages came."""
    world = World(text, EVERYBODY)
    for step in steps:
        world.do(step)
    world.settle()
    return world


def disagreements(world: World) -> list[str]:
    return [found for who in INVITED for found in differences(world, who)]


def done(*more: str) -> st.SearchStrategy[list[Step]]:
    """Histories of all that people do; `more`: what organizers do too."""
    return st.lists(
        st.one_of(
            DELIVERED,
            DELIVERED,
            done_by_organizer(*ORGANIZER_ACTS, "delete", *more),
            done_by_others(*ATTENDEE_ACTS, "delete", "delete silently"),
            done_by_others("answer", "answer one", "delegate", "delegate one"),
        ),
        min_size=4,
        max_size=25,
    )


@pytest.mark.rfc("6638 3.2")
@pytest.mark.rfc("5546 2.1.5")
@UNHURRIED
@given(invitations(), done("restore"))
def test_all_copies_agree_once_all_messages_came(text: str, steps: list[Step]) -> None:
    world = history(text, steps)

    assert disagreements(world) == []


@pytest.mark.rfc("5546 2.1.5")
@UNHURRIED
@given(invitations(), done(), st.lists(st.integers(0, 99), min_size=1, max_size=8))
def test_old_messages_that_come_again_change_nothing(
    text: str, steps: list[Step], again: list[int]
) -> None:
    """A meeting that is restored from a backup begins anew: that is not among these."""
    world = history(text, steps)
    before = {who: seen(world.texts.get(who), who) for who in EVERYBODY}

    for number in again if world.came else []:
        world.again(number)
    world.settle()

    assert {who: seen(world.texts.get(who), who) for who in EVERYBODY} == before


@UNHURRIED
@given(
    invitations(),
    st.lists(
        st.one_of(
            DELIVERED,
            done_by_organizer("summary", "location of one", "move one", "longer", "revise"),
            done_by_others("comment", "comment one", "answer", "answer series", "answer one"),
        ),
        max_size=25,
    ),
)
def test_the_organizer_has_what_was_told_last(text: str, steps: list[Step]) -> None:
    world = history(text, steps)

    assert [found for who in INVITED for found in lost_comments(world, who)] == []
