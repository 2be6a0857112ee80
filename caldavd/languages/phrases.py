"""What is said to people in mails and on pages: the phrases that each language has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Plural:
    """A phrase with a number `{n}` that is at least 1, as it is for one and for more.

    A language with further forms needs a rule here; none of ours does.
    """

    one: str
    other: str

    def of(self, n: int, **named: str) -> str:
        """The phrase for a number."""
        return (self.one if n == 1 else self.other).format(n=n, **named)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """RRULEs. `every` and `every_n` are by FREQ; `every` also stands in what is said about days."""

    every: Mapping[str, str]
    every_n: Mapping[str, str]
    workdays: str
    weekly: str
    on_weekdays: tuple[str, ...]
    """Each day of the week, Monday first, as `weekly` lists it."""
    on_nth_weekday: str
    nth: Mapping[int, str]
    """By the ordinals of BYDAY; `{day}` is one of the week."""
    on_last_day: str
    on_month_day: str
    on_month_days: str
    month_day: str
    """A day of the month, as the two above list it."""
    counted: Plural
    until: str
    on_other_dates: str
    otherwise: str
    nth_feminine: Mapping[int, str] = field(default_factory=dict)
    """The same for days whose names are feminine; empty: as the others."""
    feminine: frozenset[int] = frozenset()
    """Which those are, Monday 0."""


@dataclass(frozen=True, slots=True)
class Times:
    """Dates and times. `{day}`, `{first}` and `{last}` are dates in words, `{zone}` is a zone."""

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    date: str
    at: str
    same_day: str
    same_zone: str
    two_zones: str
    all_day: str
    days: str
    due: str
    task_span: str
    """`{start}` and `{due}` are dates, or times with their zone."""
    hours: str
    """From when to when, where the day is known."""
    floating: str
    utc: str
    zone: str
    first_day: str = "1"
    """The number of the first day of a month."""


@dataclass(frozen=True, slots=True)
class Mails:
    """Mails about meetings; `{sender}` is whose calendar server wrote, or who answered."""

    subject: str
    invitation: str
    updated: str
    again: str
    """To who was told before that it is cancelled."""
    cancelled: str
    countered: str
    declined_counter: str
    refresh: str
    answered: Mapping[str, str]
    """By PARTSTAT, as the subject has it; '' is any other."""
    leads: Mapping[str, str]
    """The first sentence, by METHOD; UPDATE is a REQUEST to who had one before, AGAIN to who had a
    CANCEL since."""
    lead_replies: Mapping[str, str]
    """That of a REPLY, by PARTSTAT; '' is one that says nothing."""
    foot: str
    foot_invitation: str
    answer_by: str
    one_of_series: str
    some_of_series: Plural
    rest_of_series: str
    of_date: str
    """A subject, of what is about one date of a series."""
    from_date: str
    of_dates: Plural
    task_subjects: Mapping[str, str]
    task_leads: Mapping[str, str]
    """Both by REQUEST, UPDATE, AGAIN and CANCEL, as in `leads`."""
    subject_counter: str
    subject_comment: str
    foot_counter: str
    foot_comment: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The titles of what is said of a meeting, and what stands beside them."""

    row: str
    changed: str
    what: str
    when: str
    repeats: str
    exceptions: str
    note: str
    where: str
    link: str
    organizer: str
    answer: str
    invited: str
    assigned: str
    """As `invited`, for tasks."""
    comment: str
    description: str
    no_title: str
    quoted: str
    answers: Mapping[str, str]
    """What an attendee says, by PARTSTAT; '' is any other."""
    others: Plural
    now_and_before: str
    nothing: str
    new: str
    no_longer: str
    more: Plural
    not_on: str
    except_on: str
    not_from: str
    from_on: str
    """As the two above, for a date and all after it."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages on which invitations are answered."""

    choices: Mapping[str, str]
    """By PARTSTAT, as buttons have it."""
    chosen: Mapping[str, str]
    """By PARTSTAT, to who has said it."""
    can_change: str
    error: str
    answers_as: str
    your_answer: str
    your_comment: str
    send: str
    propose: str
    days_hint: str
    zone_hint: str
    organizer_decides: str
    from_: str
    to: str
    thanks: str
    on_its_way: str
    proposed: str
    newer: str
    overtaken: str
    choose: str
    wrong_length: Plural
    wrong_time: str
    unknown_title: str
    unknown: str
    expired_title: str
    expired: str
    over_title: str
    over: str
    wait_title: str
    too_many_links: str
    too_many_answers: str
    too_many_opens: str
    seconds: Plural
    minutes: Plural


@dataclass(frozen=True, slots=True)
class Rooms:
    """Why rooms decline, to who asked for them."""

    bookers: str
    over: str
    ahead: Plural
    longest: str
    instances: Plural
    not_free: str
    not_open: str
    open: str
    at: str
    """A time in the zone of who asked."""
    days: Plural
    hours: Plural
    """How long something is; minutes are those of pages."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language with all of its phrases, each with the same placeholders as in English."""

    code: str
    """As HTML and mails name it (RFC 5646)."""
    name: str
    """What it calls itself."""
    and_: str
    """The end of a list: `{words}` has commas between."""
    times: Times
    recurrence: Recurrence
    rows: Rows
    mails: Mails
    pages: Pages
    rooms: Rooms
