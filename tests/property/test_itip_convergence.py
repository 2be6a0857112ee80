"""Whatever people do to a meeting, in the end all copies agree with the organizer's.

Messages come in the order in which they were sent to somebody, late, and some of them twice.
"""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.property.itip_world import (
    ATTENDEE_ACTS,
    ORGANIZER,
    ORGANIZER_ACTS,
    OTHERS,
    Step,
    World,
    differences,
    lost_comments,
)
from tests.unit.builders import START
from tests.unit.itip.meetings import single, task

UNHURRIED: Final = settings(
    max_examples=120, suppress_health_check=[HealthCheck.too_slow], deadline=None
)
"""A history is many objects and messages, on machines that have other things to do as well."""
EVERYBODY: Final = (ORGANIZER, *OTHERS)
NUMBERS: Final = st.integers(0, 11)
DELIVERED: Final = st.builds(
    Step, st.sampled_from(("deliver", "deliver", "deliver twice")), st.sampled_from(EVERYBODY)
)


def done_by_organizer(*acts: str) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.sampled_from(acts), st.just(ORGANIZER), NUMBERS)


def done_by_others(*acts: str) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.sampled_from(acts), st.sampled_from(OTHERS), NUMBERS)


@st.composite
def invitations(draw: st.DrawFn) -> str:
    """A meeting, or a task, of ann's with two or three others: a series, or once."""
    asked = ", ".join(("ann ACCEPTED", *OTHERS[: draw(st.integers(2, 3))]))
    rrule = draw(st.sampled_from((None, "FREQ=DAILY;COUNT=4", "FREQ=DAILY;COUNT=4")))
    if draw(st.integers(0, 3)) == 0:
        due = "20260105T100000Z"
        return task(asked, start=START, due=due, rrule=rrule, lines=["SEQUENCE:0"]).text
    return single(asked, rrule=rrule, sequence=0).text


def history(text: str, steps: list[Step]) -> World:
    """What becomes of a meeting once all messages came."""
    world = World(text, EVERYBODY)
    for step in steps:
        world.do(step)
    world.settle()
    return world


@pytest.mark.rfc("6638 3.2")
@pytest.mark.rfc("5546 2.1.5")
@UNHURRIED
@given(
    invitations(),
    st.lists(
        st.one_of(
            DELIVERED, done_by_organizer(*ORGANIZER_ACTS), done_by_others(*ATTENDEE_ACTS, "delete")
        ),
        max_size=25,
    ),
)
def test_all_copies_agree_once_all_messages_came(text: str, steps: list[Step]) -> None:
    world = history(text, steps)

    assert [found for who in OTHERS for found in differences(world, who)] == []


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

    assert [found for who in OTHERS for found in lost_comments(world, who)] == []
