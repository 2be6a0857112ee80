"""Objects that are saved and must come back as they were."""

from __future__ import annotations

from typing import Any

from tests.client.served import USER
from tests.unit.builders import BERLIN, event, journal, todo, vevent, vtodo

MEETING = {"uid": "x", "start": "20000113T120000Z", "end": "20000113T130000Z"}
SERIES = {**MEETING, "rrule": "FREQ=MONTHLY"}
TASK = {"uid": "x", "start": "20000112T120000Z", "due": "20000112T130000Z"}
AT = "20000213T120000Z"
BOB = "ATTENDEE;PARTSTAT={}:mailto:bob@example.org"


def moved(start: str, at: str, **fields: Any) -> str:
    """An override of the meeting."""
    return vevent(uid="x", start=start, duration="PT1H", recurrence_id=at, **fields)


def los_angeles(*zones: str) -> str:
    """A meeting in a zone, which its text explains or not."""
    return event(uid="x", start="America/Los_Angeles:20000113T120000", duration="PT1H", zones=zones)


SAVES: dict[str, list[str]] = {
    "save-load.event": [event(**MEETING)],
    "save-load.event.no-summary": [event(**MEETING, summary=None)],
    "save-load.event.no-dtend": [event(uid="x", start="20000113T120000Z")],
    "save-load.event.recurrences": [event(**SERIES)],
    "save-load.event.recurrences.count": [event(**MEETING, rrule="FREQ=MONTHLY;COUNT=3")],
    "save-load.event.recurrences.exception": [
        event(**SERIES, overrides=[moved("20000213T130000Z", AT)])
    ],
    "save-load.event.recurrences.exception.reschedule": [
        event(**SERIES, overrides=[moved("20000213T130000Z", AT)]),
        event(
            uid="x",
            start="20000113T150000Z",
            end="20000113T160000Z",
            rrule="FREQ=MONTHLY",
            overrides=[moved("20000213T160000Z", "20000213T150000Z")],
        ),
    ],
    "save-load.event.recurrences.exception.cancelled": [
        event(**SERIES, overrides=[moved(AT, AT, lines=["STATUS:CANCELLED"])])
    ],
    "save-load.event.timezone": [
        los_angeles(),
        los_angeles(BERLIN.replace("Europe/Berlin", "America/Los_Angeles")),
    ],
    "save-load.todo": [todo(**TASK)],
    "save-load.todo.recurrences": [todo(**TASK, rrule="FREQ=MONTHLY")],
    "save-load.todo.recurrences.count": [todo(**TASK, rrule="FREQ=MONTHLY;COUNT=3")],
    "save-load.todo.recurrences.thisandfuture": [
        todo(**TASK, rrule="FREQ=MONTHLY"),
        todo(
            **TASK,
            rrule="FREQ=MONTHLY;COUNT=2",
            overrides=[
                vtodo(
                    uid="x",
                    start="20000213T120000Z",
                    due="20000213T130000Z",
                    rrule="FREQ=MONTHLY",
                    lines=["RECURRENCE-ID;RANGE=THISANDFUTURE:20000212T120000Z"],
                )
            ],
        ),
    ],
    "save-load.todo.uncomplete": [
        todo(**TASK, completed="20000112T123000Z", lines=["STATUS:COMPLETED"]),
        todo(**TASK, lines=["STATUS:NEEDS-ACTION"]),
    ],
    "save-load.journal": [journal(uid="x")],
    "save-load.icalendar.related-to": [
        event(**MEETING, lines=["RELATED-TO;RELTYPE=PARENT:a", "RELATED-TO;RELTYPE=CHILD:b"])
    ],
    "save-load.mutable": [event(**MEETING), event(**MEETING, summary="Changed")],
    "save-load.mutable.attendee-partstat": [
        event(**MEETING, organizer=f"{USER}@localhost", lines=[BOB.format(partstat)])
        for partstat in ("NEEDS-ACTION", "ACCEPTED")
    ],
}
"""Texts that are saved one over the other, by the name of the feature."""
