"""What people read of an iTIP message: a subject, a plain text, and a page of HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from caldavd.ical.contentline import Component, Line, parameter
from caldavd.itip.words import Told, answer, person, plain

_SUBJECTS: Final = {
    "CANCEL": "Cancelled",
    "COUNTER": "New time proposed",
    "DECLINECOUNTER": "Proposal declined",
    "REFRESH": "Sent again, please",
}
_ANSWERED: Final = {"ACCEPTED": "Accepted", "DECLINED": "Declined", "TENTATIVE": "Tentative"}
_STYLE: Final = (
    "body{font-family:sans-serif;font-size:16px;line-height:1.5;max-width:40em;margin:1em}"
    "th{text-align:left;vertical-align:top;padding-right:1em}"
    "td{vertical-align:top;white-space:pre-line}"
)
_LINK_STYLE: Final = "display:inline-block;border:1px solid;padding:.5em 1em;margin:0 .5em .5em 0"
_ANSWER_BY: Final = "Answer on a page, without an account:"
_CHOICES: Final = {"Accept": "accepted", "Maybe": "tentative", "Decline": "declined"}


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it is read: `lead` is a sentence, `foot` says what to do."""

    subject: str
    lead: str
    rows: tuple[tuple[str, str], ...]
    foot: str
    page: str = ""
    """The URL of the page on which it is answered; empty if there is none."""


def letter(
    method: str,
    components: Sequence[Component],
    told: Told,
    sender: str,
    *,
    update: bool,
    page: str = "",
) -> Letter:
    """The words of a message of `sender`; `update`: its recipient has had one about this before."""
    who = next((line for part in components for line in part.all("ATTENDEE")), None)
    single = all(part.first("RECURRENCE-ID") is not None for part in components)
    rows = tuple(_rows(method, told, components, single=single))
    subject = f"{_subject(method, who, update)}: {told.summary}"
    return Letter(subject, _lead(method, who, sender, update), rows, _foot(method, sender), page)


def as_text(of: Letter) -> str:
    """The letter as plain text."""
    rows = "\n".join(
        f"{title}: {value}" if "\n" not in value else f"{title}:\n{value}"
        for title, value in of.rows
    )
    links = "\n".join(f"{name}: {url}" for name, url in _links(of))
    links = f"{_ANSWER_BY}\n{links}\n\n" if links else ""
    return f"{of.lead}\n\n{rows}\n\n{links}-- \n{of.foot}\n"


def as_html(of: Letter) -> str:
    """The letter as a page that needs nothing from elsewhere."""
    rows = "\n".join(
        f'<tr><th scope="row">{escape(title)}</th><td>{escape(value)}</td></tr>'
        for title, value in of.rows
    )
    links = "\n".join(
        f'<a style="{_LINK_STYLE}" href="{escape(url)}">{name}</a>' for name, url in _links(of)
    )
    links = f"<p>{_ANSWER_BY}</p>\n<p>\n{links}\n</p>\n" if links else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(of.subject)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(of.subject)}</h1>\n<p>{escape(of.lead)}</p>\n"
        f"<table>\n{rows}\n</table>\n{links}<p><small>{escape(of.foot)}</small></p>\n"
        "</body>\n</html>\n"
    )


def _links(of: Letter) -> list[tuple[str, str]]:
    """Each choice, and the page with it made; it is sent from there: mail scanners follow links."""
    if not of.page:
        return []
    return [(name, f"{of.page}?answer={choice}") for name, choice in _CHOICES.items()]


def _subject(method: str, who: Line | None, update: bool) -> str:
    if method == "REPLY":
        given = "" if who is None else (parameter(who, "PARTSTAT") or "").strip().upper()
        return _ANSWERED.get(given, "Answer")
    return _SUBJECTS.get(method, "Updated" if update else "Invitation")


def _lead(method: str, who: Line | None, sender: str, update: bool) -> str:
    match method:
        case "REPLY":
            given = "" if who is None else answer(who)
            return f"{sender} has {given or 'answered'}."
        case "CANCEL":
            return f"{sender} has cancelled this. It does not take place for you."
        case "COUNTER":
            return f"{sender} proposes another time or place."
        case "DECLINECOUNTER":
            return f"{sender} keeps to what was planned."
        case "REFRESH":
            return f"{sender} asks you to send the present version."
    return f"{sender} has changed this." if update else f"{sender} invites you."


def _foot(method: str, sender: str) -> str:
    if method in {"REQUEST", "ADD"}:
        return (
            "Accept or decline with your mail or calendar program; where it shows no buttons, "
            f"open the attachment invite.ics. A calendar server sent this for {sender}."
        )
    return f"A calendar server sent this for {sender}; the attachment invite.ics is for programs."


def _rows(
    method: str, told: Told, components: Sequence[Component], *, single: bool
) -> Iterator[tuple[str, str]]:
    """Titles and values, those that there are."""
    people = "\n".join(told.people)
    if method == "REPLY":
        answers = (line for part in components[:1] for line in part.all("ATTENDEE"))
        people = "\n".join(f"{person(line)}: {answer(line)}" for line in answers)
    rows = (
        ("Changed", "\n".join(told.changes)),
        ("What", told.summary),
        ("When", told.when),
        ("Repeats", told.repeats),
        ("Exceptions", "\n".join(told.exceptions)),
        ("Note", _of_series(len(components)) if single else ""),
        ("Where", told.where),
        ("Organizer", told.organizer),
        ("Answer" if method == "REPLY" else "Invited", people),
        ("Comment", told.comment),
        ("Description", told.description),
    )
    return (row for row in rows if row[1])


def _of_series(count: int) -> str:
    if count == 1:
        return "This is about one date of a series."
    return plain(f"This is about {count} dates of a series; the first of them is shown here.")
