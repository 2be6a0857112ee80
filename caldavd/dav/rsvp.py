"""Pages on which those who have no account answer invitations.

Whoever has the URL may answer: the token in it is the credential. So no other site can have a
browser answer, which would have to know it, and a form needs no further secret (CSRF). GET changes
nothing: programs that look for viruses follow every link of a mail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
from caldavd.itip.plain import lines_of
from caldavd.itip.rsvp import Asked, Said, Slot
from caldavd.itip.ticket import Ticket
from caldavd.languages.codes import asked_for
from caldavd.languages.known import first_known
from caldavd.languages.phrases import Language, Pages
from caldavd.service import rsvp
from caldavd.service.rsvp import Closed, Found, Why

MAX_BODY: Final = 30_000
MAX_LENGTH: Final = timedelta(days=31)
"""Of what is proposed."""
YEARS: Final = range(1970, 3_000)

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
    ("Vary", "Accept-Language"),
)
_CLOSED: Final = {Why.UNKNOWN: 404, Why.EXPIRED: 410, Why.OVER: 410}


class _Unclear(Exception):
    """What was sent cannot be taken for an answer; the text says why, to who sent it."""


class _Opened(Exception):
    """A link was opened too often of late."""

    def __init__(self, wait_s: int) -> None:
        super().__init__()
        self.wait_s = wait_s


def is_below(raw_path: str, urls: Urls) -> bool:
    """Whether a request is for such a page."""
    return f"/{RSVP}/" in raw_path and _token(raw_path, urls) is not None


async def answer(server: Server, request: Request) -> Response:
    """The page, as it is or after an answer. Raises Failed: 405, 413, 415."""
    if request.method not in ("GET", "HEAD", "POST"):
        raise Failed(405, "pages are read and answered", headers=(("Allow", "GET, HEAD, POST"),))
    token = _token(request.raw_path, server.urls) or ""
    wanted = asked_for(request.headers.get("Accept-Language", ""))
    language = first_known(wanted, server.language)
    try:
        found = await _find(server, token, wanted, partial(_note_opened, server))
        if request.method == "POST":
            return await _answered(server, request, token, found)
    except _Opened as often:
        return _too_often(often.wait_s, language.pages.too_many_opens, language)
    except Closed as error:
        if error.why is Why.UNKNOWN:
            try:
                links.note_guess(server.publisher, request.peer, server.clock())
            except Failed as refused:
                return _too_often(_wait(refused), language.pages.too_many_links, language)
        return _closed(error.why, language)
    form = Form(_choice(_fields(request.raw_path.partition("?")[2])), found.asked.comment)
    return _page(200, found, form, Notes(tuple(_standing(found))))


def _token(raw_path: str, urls: Urls) -> str | None:
    path = _HOST.sub("", raw_path, count=1) if raw_path[:1] != "/" else raw_path
    found = _PATH.match(path.removeprefix(urls.prefix) if urls.prefix else path)
    return None if found is None else found[1]


async def _find(
    server: Server,
    token: str,
    wanted: str | None,
    opened: Callable[[Ticket], None] | None = None,
) -> Found:
    """What a link is to, in the language that is `wanted` if any is. Raises Closed, _Opened."""
    if not server.scheduling:
        raise Closed(Why.UNKNOWN)
    work = partial(rsvp.find, token=token, rules=server.rules, now=server.clock())
    if opened is not None:
        work = partial(work, opened=opened)
    return await server.db.read(partial(work, languages=(wanted, server.language)))


def _note_opened(server: Server, of: Ticket) -> None:
    """Counts that a link is opened, however it is spelled. Raises _Opened."""
    link = (of.owner_id, of.uid, of.attendee)
    wait_s = server.publisher.opened.refusal(link, server.clock())
    if wait_s > 0:
        raise _Opened(wait_s)


async def _answered(server: Server, request: Request, token: str, found: Found) -> Response:
    """The page after an answer, or with what is wrong with it. Raises Closed, Failed."""
    fields, language = _fields(await _body(request)), found.asked.letter.language
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
        return _too_often(refusal_s, language.pages.too_many_answers, language)
    try:
        await server.db.write(
            partial(rsvp.answer, token=token, seen=seen, said=said, rules=rules, now=now)
        )
    except Closed as error:
        if error.why is not Why.CHANGED:
            raise
        notes = Notes(fault=language.pages.overtaken)
        return _page(409, await _find(server, token, language.code), form, notes)
    await server.settle()
    after = await _find(server, token, language.code)
    form = Form(said.answer, after.asked.comment or form.comment)
    return _page(200, after, form, Notes(tuple(_thanks(after, said))))


def _closed(why: Why, language: Language) -> Response:
    """The page that says why there is nothing to answer."""
    pages = language.pages
    words = {
        Why.UNKNOWN: (pages.unknown_title, pages.unknown),
        Why.EXPIRED: (pages.expired_title, pages.expired),
        Why.OVER: (pages.over_title, pages.over),
    }
    return _sent(_CLOSED[why], rsvp_page.closed(*words[why], language), language)


def _wait(refused: Failed) -> int:
    """How many seconds a refusal says to wait."""
    return next(int(value) for name, value in refused.headers if name == "Retry-After")


def _too_often(wait_s: int, words: str, language: Language) -> Response:
    """The page for who has to wait."""
    pages = language.pages
    wait = pages.seconds.of(wait_s) if wait_s < 100 else pages.minutes.of(-(-wait_s // 60))
    text = rsvp_page.closed(pages.wait_title, words.format(wait=wait), language)
    page = _sent(429, text, language)
    return replace(page, headers=(*page.headers, ("Retry-After", str(wait_s))))


def _page(status: int, found: Found, form: Form, notes: Notes) -> Response:
    text = rsvp_page.page(found.asked, form, notes)
    return _sent(status, text, found.asked.letter.language)


def _sent(status: int, text: str, language: Language) -> Response:
    return Response(status, (*_SENT, ("Content-Language", language.code)), text.encode())


def _standing(found: Found) -> list[str]:
    """What is told to who opens the page."""
    phrases = found.asked.letter.language.pages
    told = [phrases.newer] if found.is_newer else []
    chosen = phrases.chosen.get(found.asked.answer)
    if chosen is not None:
        told.append(f"{chosen} {phrases.can_change}")
    return told


def _thanks(after: Found, said: Said) -> list[str]:
    """What is told to who has answered."""
    phrases, arrived = after.asked.letter.language.pages, after.asked.answer == said.answer
    words = phrases.chosen[said.answer] if arrived else phrases.on_its_way
    told = [f"{phrases.thanks} {words} {phrases.can_change}"]
    if said.start is not None:
        told.append(phrases.proposed)
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
    phrases = of.letter.language.pages
    if not form.answer:
        accept, maybe, decline = (phrases.choices[one] for one in CHOICES)
        raise _Unclear(phrases.choose.format(accept=accept, maybe=maybe, decline=decline))
    if of.slot is None or not (form.start or form.end):
        return Said(form.answer, form.comment)
    start, end = (_time(text, of.slot, phrases) for text in (form.start, form.end))
    if of.slot.is_dates:
        end += timedelta(days=1)
    if not start < end <= start + MAX_LENGTH:
        raise _Unclear(phrases.wrong_length.of(MAX_LENGTH.days))
    return Said(form.answer, form.comment, start, end)


def _time(text: str, slot: Slot, phrases: Pages) -> Temporal:
    """A date or a time, as the controls of the form send it. Raises _Unclear."""
    try:
        said = datetime.fromisoformat(text).replace(tzinfo=None, second=0, microsecond=0)
        if not YEARS.start <= said.year < YEARS.stop:
            raise ValueError("far away")
    except ValueError:
        example = "2026-12-01" if slot.is_dates else "2026-12-01T14:30"
        raise _Unclear(phrases.wrong_time.format(example=example)) from None
    return said.date() if slot.is_dates else said
