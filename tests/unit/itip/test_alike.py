"""Recipients to whom a message comes to the same."""

from __future__ import annotations

from itertools import combinations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caldavd.ical.parse import Document
from caldavd.ical.parse import stored as reread
from caldavd.itip.alike import Likeness, likeness
from caldavd.itip.message import Message, Plan
from caldavd.itip.outcome import Outcome
from caldavd.itip.receive import receive
from caldavd.itip.snapshot import meeting
from tests.unit.itip.meetings import ANN, AT, daily, of, on, planned, single, stored

PEOPLE = ("bob", "cid", "dan", "eve")


def message(asked: str, who: str = "bob") -> Message:
    return told(planned(None, single(asked)))[who]


def told(plan: Plan) -> dict[str, Message]:
    """The message to each."""
    return {one.recipient.removeprefix("mailto:").split("@")[0]: one for one in plan.messages}


def like(text: str, who: str, has: str | None = None) -> Likeness | None:
    before = None if has is None else meeting(reread(has))
    return likeness(meeting(reread(text)), before, of(who))


def test_those_who_said_nothing_are_alike() -> None:
    text = message("ann ACCEPTED, bob, cid NEEDS-ACTION, dan").text

    assert like(text, "bob") == like(text, "dan")
    assert like(text, "bob") is not None
    assert like(text, "cid") != like(text, "bob")


def test_those_who_are_asked_to_different_instances_are_not_alike() -> None:
    text = told(planned(None, daily(on(7, "ann, bob, cid"), asked="ann, bob")))["bob"].text

    assert like(text, "bob") is not None
    assert like(text, "cid") != like(text, "bob")


def test_who_answered_or_delegated_is_like_nobody() -> None:
    said = ";X-CALDAVD-REPLIED=20260101T000000Z"
    asked = f"ann ACCEPTED, bob{said} ACCEPTED, cid;DELEGATED-TO=x DELEGATED, dan"
    text = told(planned(single(asked), single(asked, summary="New")))["bob"].text

    assert [like(text, who) for who in ("bob", "cid")] == [None, None]
    assert like(text, "dan") is not None


def test_who_says_something_else_in_the_own_object_is_like_nobody() -> None:
    asked = message("ann ACCEPTED, bob, cid").text
    answered = single("ann ACCEPTED, bob ACCEPTED, cid").text

    assert like(asked, "bob", answered) is None
    assert like(asked, "cid", answered) is not None


def test_an_organizer_and_who_is_not_asked_are_like_nobody() -> None:
    text = message("ann ACCEPTED, bob").text

    assert [like(text, who) for who in ("ann", "zoe")] == [None, None]


def test_only_what_organizers_say_comes_to_the_same() -> None:
    asked = reread(message("ann ACCEPTED, bob, cid").text)
    answer = planned(asked, single("ann ACCEPTED, bob ACCEPTED, cid"), of("bob")).messages[0]

    assert answer.method == "REPLY"
    assert like(answer.text, "bob") is None


ANSWERS = st.sampled_from(("", " NEEDS-ACTION", " ACCEPTED", " DECLINED", " DELEGATED"))
ASKED = st.lists(
    st.tuples(st.sampled_from(PEOPLE), ANSWERS), unique_by=lambda one: one[0], max_size=4
).map(lambda found: ", ".join(["ann ACCEPTED", *(who + said for who, said in found)]))
OVERRIDES = st.dictionaries(st.integers(6, 8), ASKED, max_size=2)
SUMMARIES = st.sampled_from(("Tea", "Talk"))


@st.composite
def versions(draw: st.DrawFn) -> list[Document | None]:
    """What an organizer makes of a meeting of whose answers the server heard by other ways."""
    asked, overrides = draw(ASKED), draw(OVERRIDES)
    found: list[Document | None] = []
    for _ in range(draw(st.integers(2, 4))):
        on_days = [
            on(day, people, hour=draw(st.sampled_from((9, 9, 10))), summary=draw(SUMMARIES))
            for day, people in overrides.items()
        ]
        lines = draw(st.sampled_from(([], [], ["EXDATE:20260107T090000Z"])))
        found.append(daily(*on_days, asked=asked, summary=draw(SUMMARIES), lines=lines))
    return [*found, draw(st.sampled_from((None, found[0])))]


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(versions())
def test_a_message_comes_to_the_same_for_all_who_are_alike(made: list[Document | None]) -> None:
    has: dict[str, str] = {}
    before = made[0]
    for after in made[1:]:
        plan = planned(before, after, ANN)
        before = None if after is None else reread(stored(plan, after))
        came = told(plan)
        outcomes = {who: _outcome(one, who, has.get(who)) for who, one in came.items()}
        for who, other in combinations(came, 2):
            text, old = came[who].text, has.get(who)
            if (text, old) == (came[other].text, has.get(other)):
                alike = like(text, who, old)
                if alike is not None and alike == like(text, other, old):
                    assert outcomes[who] == outcomes[other]
        has |= {who: made.text for who, made in outcomes.items() if made.text is not None}


def _outcome(message: Message, who: str, has: str | None) -> Outcome:
    before = None if has is None else reread(has)
    return receive(before, reread(message.text), message.method, of(who), AT)
