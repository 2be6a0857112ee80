"""Pages on which those who have no account answer invitations.

Whoever has the URL may answer: the token in it is the credential. So no other site can have a
browser answer, which would have to know it, and a form needs no further secret (CSRF). GET changes
nothing: programs that look for viruses follow every link of a mail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import parse_qs

from caldavd.dav import links, rsvp_page
from caldavd.dav.message import Request, Response
from caldavd.dav.path import RSVP, Urls
from caldavd.dav.rsvp_page import CHOICES, MAX_COMMENT, Form, Notes
from caldavd.dav.server import Server
from caldavd.errors import Failed
from caldavd.ical.values import Temporal
from caldavd.itip.rsvp import Asked, Said, Slot
from caldavd.itip.words import lines_of
from caldavd.service import rsvp
from caldavd.service.rsvp import Closed, Found, Why

MAX_BODY: Final = 30_000
MAX_LENGTH: Final = timedelta(days=31)
"""Of what is proposed."""
YEARS: Final = range(1970, 3_000)
NEWER: Final = "This was changed since your mail was sent. Below is what is planned now."

_PATH: Final = re.compile(rf"/{RSVP}/([^/?#]*)")
_HOST: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_FORM: Final = "application/x-www-form-urlencoded"
_SENT: Final = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", rsvp_page.POLICY),
    ("Cache-Control", "no-store"),
    ("X-Robots-Tag", "noindex"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
_CLOSED: Final[Mapping[Why, tuple[int, str, str]]] = {
    Why.UNKNOWN: (
        404,
        "This link leads nowhere",
        "Look whether all of it was copied from the mail. You can answer with your mail program "
        "as well, or write to whoever invited you.",
    ),
    Why.EXPIRED: (
        410,
        "This link is too old",
        "Answer with your mail program, or write to whoever invited you.",
    ),
    Why.OVER: (
        410,
        "There is nothing to answer any more",
        "This was cancelled, or you are no longer invited to it.",
    ),
}


class _Unclear(Exception):
    """What was sent cannot be taken for an answer; the text says why, to who sent it."""


def is_below(raw_path: str, urls: Urls) -> bool:
    """Whether a request is for such a page."""
    return f"/{RSVP}/" in raw_path and _token(raw_path, urls) is not None


async def answer(server: Server, request: Request) -> Response:
    """The page, as it is or after an answer. Raises Failed: 405, 413, 415."""
    if request.method not in ("GET", "HEAD", "POST"):
        raise Failed(405, "pages are read and answered", headers=(("Allow", "GET, HEAD, POST"),))
    token = _token(request.raw_path, server.urls) or ""
    try:
        found = await _find(server, token)
        if request.method == "POST":
            return await _answered(server, request, token, found)
    except Closed as error:
        if error.why is Why.UNKNOWN:
            try:
                links.note_guess(server.publisher, request.peer, server.clock())
            except Failed as refused:
                return _too_often(refused)
        status, title, words = _CLOSED[error.why]
        return _sent(status, rsvp_page.closed(title, words))
    form = Form(_choice(_fields(request.raw_path.partition("?")[2])), found.asked.comment)
    return _page(200, found, form, Notes(tuple(_standing(found))))


def _token(raw_path: str, urls: Urls) -> str | None:
    path = _HOST.sub("", raw_path, count=1) if raw_path[:1] != "/" else raw_path
    found = _PATH.match(path.removeprefix(urls.prefix) if urls.prefix else path)
    return None if found is None else found[1]


async def _find(server: Server, token: str) -> Found:
    """What a link is to. Raises Closed."""
    if not server.scheduling:
        raise Closed(Why.UNKNOWN)
    work = partial(rsvp.find, token=token, rules=server.rules, now=server.clock())
    return await server.db.read(work)


async def _answered(server: Server, request: Request, token: str, found: Found) -> Response:
    """The page after an answer, or with what is wrong with it. Raises Closed, Failed."""
    fields = _fields(await _body(request))
    form = Form(
        _choice(fields),
        lines_of(fields.get("comment", ""), MAX_COMMENT),
        *(fields.get(name, "")[:40] for name in ("start", "end")),
    )
    try:
        said = _said(form, found.asked)
    except _Unclear as unclear:
        return _page(422, found, form, Notes(fault=str(unclear)))
    seen, rules, now = fields.get("seen", ""), server.rules, server.clock()
    link = (found.organizer.id, found.asked.uid, found.asked.attendee)
    refusal_s = server.publisher.answered.refusal(link, now)
    if refusal_s > 0:
        headers = (("Retry-After", str(refusal_s)),)
        return _too_often(Failed(429, "too many answers by this link", headers=headers))
    try:
        await server.db.write(
            partial(rsvp.answer, token=token, seen=seen, said=said, rules=rules, now=now)
        )
    except Closed as error:
        if error.why is not Why.CHANGED:
            raise
        fault = "This was changed while you answered: your answer was not sent. Look at it again."
        return _page(409, await _find(server, token), form, Notes(fault=fault))
    await server.settle()
    after = await _find(server, token)
    form = Form(said.answer, after.asked.comment or form.comment)
    return _page(200, after, form, Notes(tuple(_thanks(after, said))))


def _too_often(refused: Failed) -> Response:
    """The page for who has to wait."""
    wait_s = next(int(value) for name, value in refused.headers if name == "Retry-After")
    minutes = -(-wait_s // 60)
    wait = f"{wait_s} seconds" if wait_s < 100 else f"{minutes} minutes"
    words = f"There were {refused.reason}. Try again in {wait}, or answer with your mail program."
    page = _sent(refused.status, rsvp_page.closed("Please wait a little", words))
    return replace(page, headers=(*page.headers, *refused.headers))


def _page(status: int, found: Found, form: Form, notes: Notes) -> Response:
    return _sent(status, rsvp_page.page(found.asked, form, notes))


def _sent(status: int, text: str) -> Response:
    return Response(status, _SENT, text.encode())


def _standing(found: Found) -> list[str]:
    """What is told to who opens the page."""
    told = [NEWER] if found.is_newer else []
    answer = CHOICES.get(found.asked.answer)
    if answer is not None:
        told.append(f"{answer[1]} You can change your answer below.")
    return told


def _thanks(after: Found, said: Said) -> list[str]:
    """What is told to who has answered."""
    arrived = after.asked.answer == said.answer
    words = CHOICES[said.answer][1] if arrived else "Your answer is on its way."
    told = [f"Thank you. {words} You can change your answer below."]
    if said.start is not None:
        told.append("The organizer was told of the time that you propose.")
    return told


# --- What was sent ---


async def _body(request: Request) -> str:
    """The fields as they were sent. Raises Failed(400, 413, 415)."""
    said = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if said != _FORM:
        raise Failed(415, f"an answer is a form: {_FORM}")
    length = request.headers.get("Content-Length", "0")
    too_long = length.isdecimal() and int(length[:20]) > MAX_BODY
    body = request.body if request.read is None or too_long else await request.read()
    if too_long or len(body) > MAX_BODY:
        raise Failed(413, f"an answer is at most {MAX_BODY} bytes long")
    return body.decode(errors="replace")


def _fields(text: str) -> dict[str, str]:
    """The first value of each field; none of a text that is no form."""
    try:
        found = parse_qs(text.partition("#")[0], keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


def _choice(fields: Mapping[str, str]) -> str:
    said = fields.get("answer", "").strip().upper()
    return said if said in CHOICES else ""


def _said(form: Form, of: Asked) -> Said:
    """What a form says. Raises _Unclear."""
    if not form.answer:
        raise _Unclear("Choose an answer: Accept, Maybe or Decline.")
    if of.slot is None or not (form.start or form.end):
        return Said(form.answer, form.comment)
    start, end = _time(form.start, of.slot), _time(form.end, of.slot)
    if of.slot.is_dates:
        end += timedelta(days=1)
    if not start < end <= start + MAX_LENGTH:
        days = MAX_LENGTH.days
        raise _Unclear(f"The other time has to end after it begins, at most {days} days later.")
    return Said(form.answer, form.comment, start, end)


def _time(text: str, slot: Slot) -> Temporal:
    """A date or a time, as the controls of the form send it. Raises _Unclear."""
    try:
        said = datetime.fromisoformat(text).replace(tzinfo=None, second=0, microsecond=0)
        if not YEARS.start <= said.year < YEARS.stop:
            raise ValueError("far away")
    except ValueError:
        example = "2026-12-01" if slot.is_dates else "2026-12-01T14:30"
        raise _Unclear(f"Say from when to when the other time is, like {example}.") from None
    return said.date() if slot.is_dates else said
