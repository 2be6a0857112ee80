"""What an organizer's changes tell the attendees (RFC 6638 §3.2.1, RFC 5546 §3.2, §3.4).

Attendees who are asked to the same parts see the same, and get one text, which is made once. It
holds all that they see: messages that come late, twice or in another order do no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from caldavd.errors import ALLOWED_ORGANIZER_SCHEDULING_OBJECT_CHANGE, Refused
from caldavd.ical.contentline import Component, Line
from caldavd.ical.parse import Document
from caldavd.itip.address import Addresses, normal
from caldavd.itip.instance import series
from caldavd.itip.message import Message, Plan, cancel, cancelled, exdate, request
from caldavd.itip.rewrite import amended, rewritten
from caldavd.itip.settle import Settled, settle
from caldavd.itip.snapshot import Key, Meeting, Part, Role, calendar_text
from caldavd.itip.unseen import completed
from caldavd.itip.views import NOT_INVITED, NOTHING, Asked, Invitation, Parts, hidden, invitations

MAX_CANCELLED_LINES: Final = 20_000
"""More are not written to say which instances are gone: attendees get the series without them."""
MAX_LINES: Final = 500_000
"""Content lines of all different texts for one change."""

_Group = tuple[Asked, Asked, bool]
"""Who was asked to the same, is asked to the same, and is told in any case or not."""


@dataclass(frozen=True, slots=True)
class Change:
    """Two versions of an organizer's object, the newer one as it is stored; either may be none."""

    old: Meeting | None
    new: Meeting | None
    before: Parts
    after: Mapping[Key | None, Settled]

    @property
    def cancels_all(self) -> bool:
        return self.new is None or self.new.is_cancelled

    @property
    def whole_sequence(self) -> int:
        """The SEQUENCE with which the meeting as a whole is taken back."""
        least = 0 if self.old is None else self.old.sequence + 1
        return max(least, self.after[None].part.sequence if None in self.after else 0)

    def excluded(self) -> frozenset[Key]:
        """The instances that EXDATEs took away before."""
        return self.before[None].excluded if None in self.before else frozenset()

    def now_excluded(self) -> frozenset[Key]:
        """The instances that EXDATEs take away now."""
        return self.after[None].part.excluded if None in self.after else frozenset()


def organized(
    old: Meeting | None, new: Meeting, document: Document, me: Addresses, at: datetime
) -> Plan:
    """What follows from an organizer's object that is new or changed."""
    sent = document
    new, document = completed(old, new, document, me)
    settled = settle(old, new, me)
    change = Change(old, new, {} if old is None else old.parts, settled)
    groups = _groups(change, me)
    change = _with_order(change, groups)
    parts = {key: found.part for key, found in change.after.items()}
    text = rewritten(document, new, parts)
    if text is None and document is not sent:
        text = document.text
    return Plan(Role.ORGANIZER, text, tuple(_messages(change, groups, at)))


def removed(old: Meeting, me: Addresses, at: datetime) -> Plan:
    """What follows from an organizer's object that is no longer there."""
    change = Change(old, None, old.parts, {})
    return Plan(Role.ORGANIZER, None, tuple(_messages(change, _groups(change, me), at)))


def repeated(of: Meeting, to: Addresses, me: Addresses, at: datetime) -> tuple[Message, ...]:
    """What an organizer's object tells some of its attendees again, as it is (RFC 5546 §3.2.2)."""
    change = Change(of, of, of.parts, {key: Settled(part, False) for key, part in of.parts.items()})
    groups: dict[_Group, list[str]] = {}
    for address, one in invitations(of.parts, me).items():
        if address in to:
            groups.setdefault((one.asked, one.asked, True), []).append(address)
    return tuple(_messages(change, groups, at))


def _groups(change: Change, me: Addresses) -> dict[_Group, list[str]]:
    """The attendees by what they were asked to and what they are, in the order of the text."""
    was: Mapping[str, Invitation] = {}
    now: Mapping[str, Invitation] = {}
    if change.old is not None and not change.old.is_cancelled:
        was = invitations(change.before, me)
    if change.new is not None and not change.new.is_cancelled:
        now = invitations(change.new.parts, me)
    groups: dict[_Group, list[str]] = {}
    for address in dict.fromkeys((*was, *now)):
        one, other = was.get(address, NOT_INVITED), now.get(address, NOT_INVITED)
        groups.setdefault((one.asked, other.asked, other.forced), []).append(address)
    return groups


def _with_order(change: Change, groups: Iterable[_Group]) -> Change:
    """The change with overrides newer than the message that takes back the series around them.

    Who is no longer asked to a series, but still to some instances of it, gets that one first.
    """
    later = {key for was, now, _ in groups if None in was and None not in now for key in now}
    if not later:
        return change
    least = change.whole_sequence + 1
    after = {
        key: Settled(amended(found.part, {}, max(found.part.sequence, least)), True)
        if key in later
        else found
        for key, found in change.after.items()
    }
    return Change(change.old, change.new, change.before, after)


@dataclass(frozen=True, slots=True)
class _Decision:
    """What attendees who were, and are, asked to the same are told."""

    people: Sequence[str]
    lost: Sequence[Key | None]
    now: Asked
    """What a REQUEST is about; empty: there is none."""
    forced: bool


def _messages(
    change: Change, groups: Mapping[_Group, Sequence[str]], at: datetime
) -> Iterator[Message]:
    decisions = [_decided(change, group, people) for group, people in groups.items()]
    _check_lines(change, {one.now for one in decisions})
    texts: dict[Asked, tuple[str, int]] = {}
    made: dict[Key | None, Component] = {}
    for one in decisions:
        if one.lost:
            yield from _cancels(change, one.lost, one.people, at)
        if not one.now:
            continue
        if one.now not in texts:
            sequence = max(change.after[key].part.sequence for key in one.now)
            texts[one.now] = _text("REQUEST", _view(change, one.now, at, made), change), sequence
        text, sequence = texts[one.now]
        for address in one.people:
            yield _message("REQUEST", address, text, sequence, change, one.forced)


def _decided(change: Change, group: _Group, people: Sequence[str]) -> _Decision:
    was, now, forced = group
    lost, told = _lost(change, was, now), _is_told(change, was, now)
    if None in now and len(lost) * (len(people) + 10) > MAX_CANCELLED_LINES:
        lost, told = [], True
    return _Decision(people, lost, now if told or forced else NOTHING, not told)


def _check_lines(change: Change, views: Iterable[Asked]) -> None:
    """Refuses what would make of one object many long texts."""
    sizes = {key: len(found.part.component.lines) for key, found in change.after.items()}
    if sum(sizes[key] for asked in views for key in asked) > MAX_LINES:
        raise Refused(
            ALLOWED_ORGANIZER_SCHEDULING_OBJECT_CHANGE,
            "too many attendees would each have to be told something else: "
            "ask them to more of the same instances, or split the series",
        )


def _lost(change: Change, was: Asked, now: Asked) -> Sequence[Key | None]:
    """The parts and instances that these attendees are no longer asked to; [None]: all."""
    if not was:
        return []
    if None in was and None not in now:
        return [None]
    if None not in now:
        return sorted(key for key in was - now if key is not None)
    gone = {key for key in was if key is not None and key not in now and _is_known(change, key)}
    if None in was:
        before, after = _unseen(change.before, was), _unseen(change.after, now)
        gone |= (after | change.now_excluded()) - before - change.excluded()
    return sorted(gone)


def _is_known(change: Change, key: Key) -> bool:
    """Whether the new object says of an instance that it is another, or none."""
    return key in change.after or key in change.now_excluded()


def _unseen(parts: Iterable[Key | None], asked: Asked) -> frozenset[Key]:
    """The overrides that somebody is not asked to."""
    return frozenset(key for key in parts if key is not None and key not in asked)


def _is_told(change: Change, was: Asked, now: Asked) -> bool:
    """Whether anything that these attendees still see, or see now, is new to them."""
    if not now:
        return False
    if not was or any(change.after[key].differs for key in now):
        return True
    before = _unseen(change.before, was) if None in was else frozenset()
    if None not in was:
        return not now <= was
    if None not in now:
        return True
    after = _unseen(change.after, now) | change.now_excluded()
    reverted = any(key is not None and not _is_known(change, key) for key in was if key not in now)
    return reverted or bool((before | change.excluded()) - after)


def _view(
    change: Change, asked: Asked, at: datetime, made: dict[Key | None, Component]
) -> list[Component]:
    """The parts that attendees are asked to; what they are not asked to is left out of a series."""
    assert change.new is not None and change.new.organizer is not None
    parts = {key: found.part for key, found in change.after.items()}
    for key in asked:
        if key not in made:
            made[key] = request(parts[key], change.new.organizer, at)
    found = [made[key] for key in parts if key in asked]
    if None not in asked:
        return found
    unseen = [_recurrence_id(part) for part in hidden(parts, asked)]
    excluded = [exdate(line) for line in unseen if line is not None]
    master = made[None]
    with_gaps = Component(master.name, [*master.lines, *excluded], master.components)
    return [with_gaps if part is master else part for part in found]


def _recurrence_id(part: Part) -> Line | None:
    return part.component.first("RECURRENCE-ID")


def _cancels(
    change: Change, lost: Sequence[Key | None], people: Sequence[str], at: datetime
) -> Iterator[Message]:
    """The one CANCEL to attendees who lose the same; what nobody has any more is CANCELLED."""
    old = change.old
    assert old is not None and old.organizer is not None
    of = series(old.master, old.zones)
    components: list[Component] = []
    sequence = 0
    for key in lost:
        part = old.parts.get(key)
        if part is None and of is not None and key is not None:
            part = of.instance(key)
        if part is None:
            continue
        number = _cancel_sequence(change, part)
        who = [part.attendees[address] for address in people if address in part.attendees]
        made = cancel(part, number, old.organizer, who, at)
        components.append(cancelled(made) if _is_gone(change, key) else made)
        sequence = max(sequence, number)
    if components:
        text = _text("CANCEL", components, change)
        for address in people:
            yield _message("CANCEL", address, text, sequence, change)


def _cancel_sequence(change: Change, part: Part) -> int:
    if part.key is None:
        return change.whole_sequence
    others = [change.after[key].part.sequence for key in (None, part.key) if key in change.after]
    return max(part.sequence + 1, *others) if others else part.sequence + 1


def _is_gone(change: Change, key: Key | None) -> bool:
    """Whether a part takes place for nobody."""
    if change.cancels_all or key in change.now_excluded():
        return True
    return key in change.after and change.after[key].part.is_cancelled


def _text(method: str, components: Sequence[Component], change: Change) -> str:
    of = change.new or change.old
    assert of is not None
    zones = {**(change.old.zones if change.old else {}), **of.zones}
    return calendar_text(method, components, zones)


def _message(
    method: str, address: str, text: str, sequence: int, change: Change, forced: bool = False
) -> Message:
    of = change.new or change.old
    assert of is not None and of.organizer is not None
    return Message(method, address, normal(of.organizer.value), text, of.uid, sequence, forced)
