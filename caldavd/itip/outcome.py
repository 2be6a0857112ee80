"""What becomes of a scheduling message that was received (RFC 6638 §4, CS:schedule-changes)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from caldavd.ical.parse import Document
from caldavd.itip.address import Addresses
from caldavd.itip.snapshot import Key


class Ignored(StrEnum):
    """Why a message, or all of it that mattered, was not applied."""

    STALE = "a later revision was received before"
    UNKNOWN = "there is no object of that UID"
    UNINVITED = "the recipient is not among those it is for"
    DECLINED = "the recipient declined, and has removed it"
    STRANGER = "who answers was not asked"
    NO_INSTANCE = "the series has no such instance"
    ORGANIZER = "somebody else is the organizer"
    CLIENT = "a client does the scheduling of the object (SCHEDULE-AGENT)"
    KIND = "the object of that UID is of another kind"
    PUBLISHED = "it asks nobody to anything"
    TOO_LARGE = "the object would grow too large"


class Action(StrEnum):
    """What was done to the recipient's object: the elements in CS:action."""

    CREATE = "create"
    UPDATE = "update"
    CANCEL = "cancel"
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class Changed:
    """A property that changed (CS:changed-property), and which of its parameters did."""

    name: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recurrence:
    """An instance that changed (CS:recurrence)."""

    instance: Key | None
    """Its RECURRENCE-ID: a DATE, UTC or floating; None: the master, or all of what does not
    recur."""
    changed: tuple[Changed, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What CS:schedule-changes tells of a message."""

    action: Action
    attendee: str = ""
    """Who answered, as the message writes it."""
    recurrences: tuple[Recurrence, ...] = ()
    """Of Action.CANCEL: none, if all of the object was cancelled."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be done after a message was received."""

    text: str | None = None
    """The recipient's object as it is to be stored now; None: nothing changes."""
    keeps_tag: bool = True
    """Whether the Schedule-Tag stays (RFC 6638 §3.2.10): only answers of others are new."""
    inbox: bool = False
    """Whether the message is worth an inbox item."""
    changes: Changes | None = None
    refresh: Addresses = frozenset()
    """The attendees whom the organizer's server tells of an answer, by a REQUEST without a new
    SEQUENCE: those of the instances that it concerns."""
    answer: str = ""
    """The METHOD of what is due to the sender: REQUEST (all that it is asked to), REFRESH."""
    ignored: Ignored | None = None
    made: Document | None = field(default=None, compare=False, repr=False)
    """What `text` was written from, for who would read it again."""
