"""What others answered that a client had not seen yet (RFC 6638 §3.2.10.1).

An answer does not change the Schedule-Tag. An answer to one instance makes an override, and a
delegation an ATTENDEE, which are not in what a client sends that loaded the object before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from caldavd.ical.contentline import Component, Line, parameter
from caldavd.ical.parse import Document
from caldavd.ical.write import write
from caldavd.itip.address import Addresses, normal
from caldavd.itip.compare import STAMPS, TIMES, changes, partstat, same_person
from caldavd.itip.instance import Series, series
from caldavd.itip.occurrence import Instances
from caldavd.itip.revision import OURS
from caldavd.itip.rewrite import amended
from caldavd.itip.snapshot import Key, Meeting, Part, Role, with_parameter

_DELEGATED: Final = "DELEGATED"


def completed(
    old: Meeting | None, new: Meeting, document: Document, me: Addresses
) -> tuple[Meeting, Document]:
    """What a client sent, with what it had not seen; the very same if that is nothing.

    An override that says nothing but answers is none that a client takes away on purpose, nor is
    a delegate of somebody whom it does not take for delegating.
    """
    if old is None:
        return new, document
    made = {key: _with_delegates(old, part, me) for key, part in new.parts.items()}
    again = {part.key: part for part in _answered(old, new, me)}
    if not again and all(made[key] is part for key, part in new.parts.items()):
        return new, document
    instead = {id(part.component): made[key].component for key, part in new.parts.items()}
    inner = [instead.get(id(one), one) for one in document.calendar.components]
    inner += [part.component for part in again.values()]
    calendar = Component("VCALENDAR", document.calendar.lines, inner)
    parts = {**made, **again}
    components = tuple(part.component for part in parts.values())
    text = write([calendar])
    whole = replace(document, text=text, calendar=calendar, components=components)
    return replace(new, parts=parts), whole


def _answered(old: Meeting, new: Meeting, me: Addresses) -> Iterator[Part]:
    """The overrides that the client does not have, as it wants their series to be."""
    gone = {key: part for key, part in old.parts.items() if key and key not in new.parts}
    before = series(old.master, old.zones) if gone and new.master is not None else None
    if before is None:
        return
    fresh = Instances(new)
    for key, part in gone.items():
        if not _is_answer(before, part, key, old, me):
            continue
        if new.role(me) is Role.ATTENDEE and not _is_of_others(before, part, key, me):
            continue
        now = fresh.find(key)
        if now is None or TIMES & changes(part.component, now.component, old.zones, new.zones):
            continue
        lines = {
            line: part.attendees[who]
            for who, line in now.attendees.items()
            if who in part.attendees and who not in me
        }
        yield amended(now, lines, max(now.sequence, part.sequence))


def _is_answer(before: Series, part: Part, key: Key, old: Meeting, me: Addresses) -> bool:
    """Whether an override differs from its series in nothing but what others answered."""
    instance = before.instance(key)
    if instance is None or part.attendees.keys() != instance.attendees.keys():
        return False
    names = changes(instance.component, part.component, old.zones, old.zones)
    if any(name not in STAMPS and not name.startswith(OURS) for name in names):
        return False
    return any(
        who not in me and not same_person(line, instance.attendees[who])
        for who, line in part.attendees.items()
    )


def _is_of_others(before: Series, part: Part, key: Key, me: Addresses) -> bool:
    """Whether nothing in an override is the attendee's own work."""
    instance = before.instance(key)
    return instance is not None and all(
        same_person(line, instance.attendees[who])
        for who, line in part.attendees.items()
        if who in me
    )


def _with_delegates(old: Meeting, part: Part, me: Addresses) -> Part:
    """The part with those to whom its attendees delegated, if the client knows of no delegation."""
    base = old.parts.get(part.key)
    if base is None:
        return part
    lines: dict[Line, Line] = {}
    come: dict[str, Line] = {}
    for who, line in base.attendees.items():
        sent, delegate = part.attendees.get(who), _delegate(base.attendees, line)
        if sent is None or delegate is None or who in me or partstat(sent) == _DELEGATED:
            continue
        if delegate not in part.attendees:
            come[delegate] = base.attendees[delegate]
            lines[sent] = with_parameter(sent, "DELEGATED-TO", base.attendees[delegate].value)
    if not come:
        return part
    found = amended(part, lines, part.sequence, list(come.values()))
    return replace(found, attendees={**found.attendees, **come})


def _delegate(people: Mapping[str, Line], of: Line) -> str | None:
    """Who was named by somebody who delegated, and is asked instead."""
    if _DELEGATED not in of.parameter_text.upper():
        return None
    who = normal(parameter(of, "DELEGATED-TO") or "")
    return who if partstat(of) == _DELEGATED and who in people else None
