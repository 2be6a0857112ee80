"""What people read of an iTIP message: a subject, a plain text, and a page of HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from html import escape
from typing import Final, NamedTuple

from caldavd.ical.contentline import Component, Line
from caldavd.itip.join import Link, in_html, in_lines
from caldavd.itip.plain import plain
from caldavd.itip.words import Told, answer, answered, person
from caldavd.languages.phrases import Language

_STYLE: Final = (
    "body{font-family:sans-serif;font-size:16px;line-height:1.5;max-width:40em;margin:1em}"
    "th{text-align:left;vertical-align:top;padding-right:1em}"
    "td{vertical-align:top;white-space:pre-line}"
)
_INVITES: Final = frozenset({"REQUEST", "ADD"})
_MAX_SUMMARY: Final = 100
"""Of a summary, before the date of which a message is."""
_LINK_STYLE: Final = "display:inline-block;border:1px solid;padding:.5em 1em;margin:0 .5em .5em 0"
_CHOICES: Final = {"ACCEPTED": "accepted", "TENTATIVE": "tentative", "DECLINED": "declined"}


class News(Enum):
    """What a REQUEST is to who gets it."""

    FIRST = "REQUEST"
    UPDATE = "UPDATE"
    AGAIN = "AGAIN"
    """They were told before that it is cancelled."""


class Row(NamedTuple):
    """Something that is said, and its title; `links` if that is what it says."""

    title: str
    value: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it is read: `lead` is a sentence, `foot` says what to do."""

    subject: str
    lead: str
    rows: tuple[Row, ...]
    foot: str
    language: Language
    page: str = ""
    """The URL of the page on which it is answered; empty if there is none."""


def letter(
    method: str,
    components: Sequence[Component],
    told: Told,
    sender: str,
    language: Language,
    *,
    news: News = News.FIRST,
) -> Letter:
    """The words of a message of `sender`; `told` is in the same language."""
    phrases = language.mails
    who = next((line for part in components for line in part.all("ATTENDEE")), None)
    kind = news.value if method in _INVITES else method
    is_task = components[0].name == "VTODO"
    if method == "REPLY":
        what, lead = _answered(who, language)
    else:
        what, lead = _opening(kind, language, is_task=is_task)
    foot = phrases.foot_invitation if method in _INVITES else phrases.foot
    return Letter(
        subject_of(phrases.subject, told, language, what=what),
        lead.format(sender=sender),
        tuple(_rows(method, told, components, language)),
        foot.format(sender=sender),
        language,
    )


def subject_of(pattern: str, told: Told, language: Language, **said: str) -> str:
    """A subject with the summary, and the dates of which a message is, if not of a whole series."""
    phrases, summary = language.mails, told.summary
    if not told.dates:
        return pattern.format(summary=summary, **said)
    subject = pattern.format(summary=plain(summary, _MAX_SUMMARY), **said)
    if not told.on:
        return phrases.of_dates.of(told.dates, subject=subject)
    dated = phrases.from_date if told.goes_on else phrases.of_date
    return dated.format(subject=subject, day=told.on)


def cell(row: Row, language: Language) -> str:
    """What a row says, as HTML."""
    return in_html(row.links, language) if row.links else escape(row.value)


def as_text(of: Letter) -> str:
    """The letter as plain text."""
    rows = "\n".join(_row(one.title, one.value, of.language) for one in of.rows)
    links = "\n".join(_row(name, url, of.language) for name, url in _links(of))
    links = f"{of.language.mails.answer_by}\n{links}\n\n" if links else ""
    return f"{of.lead}\n\n{rows}\n\n{links}-- \n{of.foot}\n"


def as_html(of: Letter) -> str:
    """The letter as a page that needs nothing from elsewhere."""
    rows = "\n".join(
        f'<tr><th scope="row">{escape(one.title)}</th><td>{cell(one, of.language)}</td></tr>'
        for one in of.rows
    )
    links = "\n".join(
        f'<a style="{_LINK_STYLE}" href="{escape(url)}">{escape(name)}</a>'
        for name, url in _links(of)
    )
    answer_by = escape(of.language.mails.answer_by)
    links = f"<p>{answer_by}</p>\n<p>\n{links}\n</p>\n" if links else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{of.language.code}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(of.subject)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(of.subject)}</h1>\n<p>{escape(of.lead)}</p>\n"
        f"<table>\n{rows}\n</table>\n{links}<p><small>{escape(of.foot)}</small></p>\n"
        "</body>\n</html>\n"
    )


def _links(of: Letter) -> list[tuple[str, str]]:
    """Each choice, and the page with it made; it is sent from there: mail scanners follow links."""
    if not of.page:
        return []
    names = of.language.pages.choices
    return [(names[one], f"{of.page}?answer={choice}") for one, choice in _CHOICES.items()]


def _row(title: str, value: str, language: Language) -> str:
    if "\n" not in value:
        return language.rows.row.format(title=title, value=value)
    return f"{language.rows.row.format(title=title, value='').rstrip()}\n{value}"


def _opening(kind: str, language: Language, *, is_task: bool) -> tuple[str, str]:
    """The beginning of a subject, and the first sentence."""
    phrases = language.mails
    subjects = {
        "REQUEST": phrases.invitation,
        "UPDATE": phrases.updated,
        "AGAIN": phrases.again,
        "CANCEL": phrases.cancelled,
        "COUNTER": phrases.countered,
        "DECLINECOUNTER": phrases.declined_counter,
        "REFRESH": phrases.refresh,
    }
    if is_task and kind in phrases.task_subjects:
        return phrases.task_subjects[kind], phrases.task_leads[kind]
    return subjects.get(kind, phrases.invitation), phrases.leads.get(kind, phrases.leads["REQUEST"])


def _answered(who: Line | None, language: Language) -> tuple[str, str]:
    """The same of a REPLY."""
    phrases, given = language.mails, "" if who is None else answered(who)
    unknown = phrases.lead_replies["NEEDS-ACTION"]
    subject = phrases.answered.get(given, phrases.answered[""])
    return subject, phrases.lead_replies.get(given, unknown)


def _rows(
    method: str, told: Told, components: Sequence[Component], language: Language
) -> Iterator[Row]:
    """Titles and values, those that there are."""
    titles, people = language.rows, "\n".join(told.people)
    invited = titles.assigned if components[0].name == "VTODO" else titles.invited
    if method == "REPLY":
        answers = (line for part in components[:1] for line in part.all("ATTENDEE"))
        said = ((person(line), answer(line, language)) for line in answers)
        people = "\n".join(titles.row.format(title=who, value=what) for who, what in said)
    elif method == "CANCEL":
        people = ""  # they are those who are told, and not all who were invited
    rows = (
        Row(titles.changed, "\n".join(told.changes)),
        Row(titles.answer, told.answer),
        Row(titles.what, told.summary),
        Row(titles.when, told.when),
        Row(titles.repeats, told.repeats),
        Row(titles.exceptions, "\n".join(told.exceptions)),
        Row(titles.note, _of_series(told, language)),
        Row(titles.where, told.where),
        Row(titles.link, in_lines(told.links, language), told.links),
        Row(titles.organizer, told.organizer),
        Row(titles.answer if method == "REPLY" else invited, people),
        Row(titles.comment, told.comment),
        Row(titles.description, told.description),
    )
    return (row for row in rows if row.value)


def _of_series(told: Told, language: Language) -> str:
    """Of which dates of a series it is; empty if of the whole, or of none."""
    phrases = language.mails
    if told.goes_on:
        return phrases.rest_of_series.format(day=told.on)
    if told.dates < 2:
        return phrases.one_of_series if told.dates else ""
    return phrases.some_of_series.of(told.dates)
