"""The pages on which invitations are answered: HTML alone, for every browser and screen reader."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import Final

from caldavd.itip.letter import cell
from caldavd.itip.rsvp import Asked, Slot
from caldavd.languages.phrases import Language, Pages

MAX_COMMENT: Final = 2_000
CHOICES: Final = ("ACCEPTED", "TENTATIVE", "DECLINED")
_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:0 auto;padding:1rem;"
    "overflow-wrap:anywhere}"
    "h1{font-size:1.5rem;line-height:1.25}"
    "dt{font-weight:bold}dd{margin:0 0 .5rem;white-space:pre-line}"
    "fieldset,details{margin:1rem 0;padding:.5rem 1rem;border:1px solid;border-radius:.5rem}"
    "label{display:block;padding:.375rem 0}"
    "summary{padding:.375rem 0;cursor:pointer}"
    "textarea,input:not([type=radio]){font:inherit;width:100%;box-sizing:border-box;padding:.5rem}"
    "input[type=radio]{width:1.25rem;height:1.25rem;vertical-align:middle;margin:0 .5rem 0 0}"
    "button{font:inherit;font-weight:bold;padding:.75rem 1.5rem}"
    ".note{border-left:.375rem solid;padding:.5rem 1rem;font-weight:bold}"
)
POLICY: Final = (
    "default-src 'none'; "
    f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of these pages: nothing but their own style, and nothing else."""


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the form: what was chosen or sent, as text."""

    answer: str = ""
    comment: str = ""
    start: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    """What is told above an invitation; `fault` is what is wrong with what was sent."""

    told: tuple[str, ...] = ()
    fault: str = ""


def page(of: Asked, form: Form, notes: Notes) -> str:
    """An invitation, and the form for its answer."""
    said, phrases = of.letter, of.letter.language.pages
    rows = "\n".join(
        f"<dt>{escape(one.title)}</dt><dd>{cell(one, said.language)}</dd>" for one in said.rows
    )
    who = f"<strong>{escape(of.attendee.removeprefix('mailto:'))}</strong>"
    title = phrases.error.format(subject=said.subject) if notes.fault else said.subject
    body = "\n".join(
        (
            f"<h1>{escape(said.subject)}</h1>",
            *_notes(notes),
            f"<p>{escape(said.lead)} {escape(phrases.answers_as).format(who=who)}</p>",
            f"<dl>\n{rows}\n</dl>",
            *_form(of, form),
        )
    )
    return _whole(title, body, said.language)


def closed(title: str, words: str, language: Language) -> str:
    """A page that says why there is nothing to answer."""
    return _whole(title, f"<h1>{escape(title)}</h1>\n<p>{escape(words)}</p>", language)


def _notes(notes: Notes) -> Iterator[str]:
    if notes.fault:
        yield f'<p class="note" role="alert" id="fault">{escape(notes.fault)}</p>'
    for one in notes.told:
        yield f'<p class="note" role="status">{escape(one)}</p>'


def _form(of: Asked, form: Form) -> Iterator[str]:
    chosen, phrases = form.answer or of.answer, of.letter.language.pages
    yield '<form method="post" accept-charset="utf-8">'
    yield f'<input type="hidden" name="seen" value="{escape(of.digest)}">'
    yield f"<fieldset>\n<legend>{escape(phrases.your_answer)}</legend>"
    for value in CHOICES:
        checked = " checked" if value == chosen else ""
        yield (
            f'<label><input type="radio" name="answer" value="{value.lower()}" required{checked}>'
            f"{escape(phrases.choices[value])}</label>"
        )
    yield "</fieldset>"
    yield f'<label for="comment">{escape(phrases.your_comment)}</label>'
    yield (
        f'<textarea id="comment" name="comment" rows="3" maxlength="{MAX_COMMENT}">'
        f"\n{escape(form.comment)}</textarea>"
    )
    if of.slot is not None:
        yield from _proposal(of.slot, form, phrases)
    yield f'<p><button type="submit">{escape(phrases.send)}</button></p>\n</form>'


def _proposal(slot: Slot, form: Form, phrases: Pages) -> Iterator[str]:
    kind = "date" if slot.is_dates else "datetime-local"
    hint = phrases.days_hint if slot.is_dates else phrases.zone_hint.format(zone=slot.zone)
    opened = " open" if form.start or form.end else ""
    yield f"<details{opened}>\n<summary>{escape(phrases.propose)}</summary>"
    yield f'<p id="zone">{escape(hint)} {escape(phrases.organizer_decides)}</p>'
    for name, title, value in (("start", phrases.from_, form.start), ("end", phrases.to, form.end)):
        yield (
            f'<label for="{name}">{escape(title)}</label>'
            f'<input type="{kind}" id="{name}" name="{name}" value="{escape(value)}" '
            'aria-describedby="zone">'
        )
    yield "</details>"


def _whole(title: str, body: str, language: Language) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="{language.code}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
