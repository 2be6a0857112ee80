"""The worked examples of RFC 6638 appendix B that send something: fixtures/itip/outgoing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from caldavd.ical.contentline import parameters, read
from caldavd.ical.parse import Document, parse
from caldavd.itip.plan import plan, with_statuses
from tests.unit.itip.meetings import stored, without_stamps

FOLDER = Path(__file__).parents[3] / "fixtures" / "itip" / "outgoing"


@dataclass(frozen=True)
class Example:
    """Who changes an object, when, and who is told with which result."""

    name: str
    me: str
    at: str
    statuses: Mapping[str, str] = field(default_factory=dict)

    def document(self, version: str) -> Document | None:
        path = FOLDER / self.name / f"{version}.ics"
        return parse(path.read_bytes()) if path.exists() else None

    def text(self, version: str) -> str:
        return (FOLDER / self.name / f"{version}.ics").read_bytes().decode()


ORGANIZER = {"mailto:cyrus@example.com": "1.2"}
EXAMPLES = [
    Example(
        "B.1",
        "mailto:cyrus@example.com",
        "20090602T185254Z",
        {
            "mailto:wilfredo@example.com": "1.2",
            "mailto:bernard@example.net": "1.0",
            "mailto:mike@example.org": "3.7",
        },
    ),
    Example("B.3", "mailto:wilfredo@example.com", "20090602T185754Z", ORGANIZER),
    Example("B.7", "mailto:bernard@example.net", "20090603T183823Z", ORGANIZER),
    Example("B.8", "mailto:bernard@example.net", "20090603T183823Z", ORGANIZER),
]


def said(text: str, *but: str) -> object:
    """What a calendar says, but for some properties, in no order; PRODID is its writer's."""
    (calendar,) = read(text)
    method = calendar.first("METHOD")
    return method and method.value, [
        (
            component.name,
            {
                (line.name, frozenset(parameters(line).items()), line.value)
                for line in component.lines
                if line.name not in but
            },
            component.components,
        )
        for component in calendar.components
    ]


@pytest.mark.rfc("6638 3.2.1.1")
@pytest.mark.rfc("6638 3.2.2.3")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name)
def test_an_example_sends_what_the_rfc_shows(example: Example):
    """B.3 leaves the SUMMARY out of a reply, B.7 does not."""
    after = example.document("after")
    at = datetime.fromisoformat(example.at)

    made = plan(example.document("before"), after, frozenset({example.me}), at)

    assert {one.recipient for one in made.messages} == set(example.statuses)
    for message in made.messages:
        assert said(message.text, "SUMMARY") == said(example.text("sent"), "SUMMARY")
    assert said(without_stamps(stored(made, after))) == said(after.text)


@pytest.mark.rfc("6638 7.3")
@pytest.mark.parametrize("example", EXAMPLES[:2], ids=lambda one: one.name)
def test_an_example_is_stored_as_the_rfc_shows(example: Example):
    text = with_statuses(example.text("after"), example.statuses)

    assert said(text, "DTSTAMP") == said(example.text("stored"), "DTSTAMP")
