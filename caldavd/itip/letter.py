"""What people read of an iTIP message: a subject, a plain text, and a page of HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from caldavd.ical.contentline import Component, Line
from caldavd.itip.words import Told, answer, answered, person
from caldavd.languages.phrases import Language

_STYLE: Final = (
    "body{font-family:sans-serif;font-size:16px;line-height:1.5;max-width:40em;margin:1em}"
    "th{text-align:left;vertical-align:top;padding-right:1em}"
    "td{vertical-align:top;white-space:pre-line}"
)
_INVITES: Final = frozenset({"REQUEST", "ADD"})
_LINK_STYLE: Final = "display:inline-block;border:1px solid;padding:.5em 1em;margin:0 .5em .5em 0"
_CHOICES: Final = {"ACCEPTED": "accepted", "TENTATIVE": "tentative", "DECLINED": "declined"}


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it is read: `lead` is a sentence, `foot` says what to do."""

    subject: str
    lead: str
    rows: tuple[tuple[str, str], ...]
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
    update: bool = False,
) -> Letter:
    """The words of a message of `sender`; `update`: its recipient has had one about this before.

    `told` is in the same language.
    """
    phrases = language.mails
    who = next((line for part in components for line in part.all("ATTENDEE")), None)
    invites = method in _INVITES
    what = _subject(method, who, language, update=update)
    foot = phrases.foot_invitation if invites else phrases.foot
    return Letter(
        phrases.subject.format(what=what, summary=told.summary),
        _lead(method, who, language, update=update).format(sender=sender),
        tuple(_rows(method, told, components, language)),
        foot.format(sender=sender),
        language,
    )


def as_text(of: Letter) -> str:
    """The letter as plain text."""
    rows = "\n".join(_row(title, value, of.language) for title, value in of.rows)
    links = "\n".join(_row(name, url, of.language) for name, url in _links(of))
    links = f"{of.language.mails.answer_by}\n{links}\n\n" if links else ""
    return f"{of.lead}\n\n{rows}\n\n{links}-- \n{of.foot}\n"


def as_html(of: Letter) -> str:
    """The letter as a page that needs nothing from elsewhere."""
    rows = "\n".join(
        f'<tr><th scope="row">{escape(title)}</th><td>{escape(value)}</td></tr>'
        for title, value in of.rows
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


def _subject(method: str, who: Line | None, language: Language, *, update: bool) -> str:
    phrases = language.mails
    match method:
        case "REPLY":
            given = "" if who is None else answered(who)
            return phrases.answered.get(given, phrases.answered[""])
        case "CANCEL":
            return phrases.cancelled
        case "COUNTER":
            return phrases.countered
        case "DECLINECOUNTER":
            return phrases.declined_counter
        case "REFRESH":
            return phrases.refresh
    return phrases.updated if update else phrases.invitation


def _lead(method: str, who: Line | None, language: Language, *, update: bool) -> str:
    phrases = language.mails
    if method == "REPLY":
        given = "" if who is None else answered(who)
        unknown = phrases.lead_replies["NEEDS-ACTION"]
        return phrases.lead_replies.get(given, unknown)
    usual = phrases.leads["UPDATE" if update else "REQUEST"]
    return usual if method in _INVITES else phrases.leads.get(method, usual)


def _rows(
    method: str, told: Told, components: Sequence[Component], language: Language
) -> Iterator[tuple[str, str]]:
    """Titles and values, those that there are."""
    titles, people = language.rows, "\n".join(told.people)
    if method == "REPLY":
        answers = (line for part in components[:1] for line in part.all("ATTENDEE"))
        said = ((person(line), answer(line, language)) for line in answers)
        people = "\n".join(titles.row.format(title=who, value=what) for who, what in said)
    single = all(part.first("RECURRENCE-ID") is not None for part in components)
    rows = (
        (titles.changed, "\n".join(told.changes)),
        (titles.what, told.summary),
        (titles.when, told.when),
        (titles.repeats, told.repeats),
        (titles.exceptions, "\n".join(told.exceptions)),
        (titles.note, _of_series(len(components), language) if single else ""),
        (titles.where, told.where),
        (titles.organizer, told.organizer),
        (titles.answer if method == "REPLY" else titles.invited, people),
        (titles.comment, told.comment),
        (titles.description, told.description),
    )
    return (row for row in rows if row[1])


def _of_series(count: int, language: Language) -> str:
    phrases = language.mails
    return phrases.one_of_series if count == 1 else phrases.some_of_series.of(count)
