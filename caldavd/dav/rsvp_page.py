"""The pages on which invitations are answered: HTML alone, for every browser and screen reader."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import Final

from caldavd.itip.rsvp import Asked, Slot

MAX_COMMENT: Final = 2_000
CHOICES: Final = {
    "ACCEPTED": ("Accept", "You have accepted."),
    "TENTATIVE": ("Maybe", "You have accepted tentatively."),
    "DECLINED": ("Decline", "You have declined."),
}
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
    said = of.letter
    rows = "\n".join(
        f"<dt>{escape(title)}</dt><dd>{escape(value)}</dd>" for title, value in said.rows
    )
    who = escape(of.attendee.removeprefix("mailto:"))
    title = f"Error: {said.subject}" if notes.fault else said.subject
    body = "\n".join(
        (
            f"<h1>{escape(said.subject)}</h1>",
            *_notes(notes),
            f"<p>{escape(said.lead)} You answer as <strong>{who}</strong>.</p>",
            f"<dl>\n{rows}\n</dl>",
            *_form(of, form),
        )
    )
    return _whole(title, body)


def closed(title: str, words: str) -> str:
    """A page that says why there is nothing to answer."""
    return _whole(title, f"<h1>{escape(title)}</h1>\n<p>{escape(words)}</p>")


def _notes(notes: Notes) -> Iterator[str]:
    if notes.fault:
        yield f'<p class="note" role="alert" id="fault">{escape(notes.fault)}</p>'
    for one in notes.told:
        yield f'<p class="note" role="status">{escape(one)}</p>'


def _form(of: Asked, form: Form) -> Iterator[str]:
    chosen = form.answer or of.answer
    yield '<form method="post" accept-charset="utf-8">'
    yield f'<input type="hidden" name="seen" value="{escape(of.digest)}">'
    yield "<fieldset>\n<legend>Your answer</legend>"
    for value, (name, _) in CHOICES.items():
        checked = " checked" if value == chosen else ""
        yield (
            f'<label><input type="radio" name="answer" value="{value.lower()}" required{checked}>'
            f"{name}</label>"
        )
    yield "</fieldset>"
    yield '<label for="comment">Comment for the organizer (optional)</label>'
    yield (
        f'<textarea id="comment" name="comment" rows="3" maxlength="{MAX_COMMENT}">'
        f"\n{escape(form.comment)}</textarea>"
    )
    if of.slot is not None:
        yield from _proposal(of.slot, form)
    yield '<p><button type="submit">Send answer</button></p>\n</form>'


def _proposal(slot: Slot, form: Form) -> Iterator[str]:
    kind = "date" if slot.is_dates else "datetime-local"
    hint = "Days, the last one included." if slot.is_dates else f"Times are in: {slot.zone}."
    opened = " open" if form.start or form.end else ""
    yield f"<details{opened}>\n<summary>Propose another time (optional)</summary>"
    yield f'<p id="zone">{escape(hint)} The organizer decides.</p>'
    for name, title, value in (("start", "From", form.start), ("end", "To", form.end)):
        yield (
            f'<label for="{name}">{title}</label>'
            f'<input type="{kind}" id="{name}" name="{name}" value="{escape(value)}" '
            'aria-describedby="zone">'
        )
    yield "</details>"


def _whole(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
