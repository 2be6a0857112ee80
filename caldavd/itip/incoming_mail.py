"""Mails as iTIP messages (RFC 6047 §2): what arrives, as whoever wrote it.

Nothing is believed here but who From says it is: whether that is true is for the mail server that
took the mail to know, and whether it may say so, for the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses
from typing import Final

from caldavd.ical.contentline import Malformed, read_lines, unfold
from caldavd.itip.bounce import Bounce, bounce
from caldavd.itip.imip import MARK, Unmailable, mailbox

MAX_BYTES: Final = 4_194_304
MAX_PARTS: Final = 60
MAX_DEPTH: Final = 8
MAX_BOUNDARIES: Final = 1_000
"""Lines that may be the boundary of a part; a text may hold such, too."""
MAX_CARRIED: Final = 10
"""Messages that one mail may carry."""

_POLICY: Final = policy.compat32
_CALENDAR: Final = "text/calendar"
_ATTACHED: Final = "application/ics"
MAX_HEADERS: Final = 131_072
MAX_HEADER: Final = 4_000
"""Characters of a header that is taken apart."""
_LONG: Final = re.compile(rb"(?im)^content-[a-z-]+:[^\n]*(?:\n[ \t][^\n]*)*")
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_BOUNDARY: Final = re.compile(rb"(?m)^--")
_NESTING: Final = re.compile(rb"(?i)multipart/|message/")
_METHOD: Final = re.compile(r"(?mi)^METHOD(?:;[^:\n]*)?:([^\n]*)$")
_ANSWERING: Final = ("auto-replied", "auto-notified")
_BULK: Final = frozenset({"junk", "auto_reply"})
_REPORT: Final = "multipart/report"
_DELIVERED: Final = ("Delivered-To", "X-Original-To", "Envelope-To")
_ADDRESSED: Final = ("To", "Cc")
MAX_ADDRESSED: Final = 100
_SIGNS: Final = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply")


class Unreadable(ValueError):
    """A mail that carries no iTIP message that can be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Carried:
    """An iTIP message in a mail."""

    method: str
    """Upper case."""
    text: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a mail brings."""

    sender: str
    """The one address in From, as `address.normal` gives it."""
    message_id: str
    carried: tuple[Carried, ...]
    auto: bool = False
    """Whether a program answered, as for whoever is away: such a mail tells of nobody's wish."""
    mark: str = ""
    """The server that wrote it, if it is one of our kind: its address, lower case."""
    bounce: Bounce | None = None
    """What it says of a mail that came back; such a mail carries nothing."""


def read(body: bytes, max_bytes: int = MAX_BYTES) -> Incoming:
    """The messages in a mail. Raises Unreadable."""
    if len(body) > max_bytes:
        raise Unreadable(f"the mail has {len(body)} octets, more than {max_bytes}")
    if len(_NESTING.findall(body)) > MAX_PARTS or len(_BOUNDARY.findall(body)) > MAX_BOUNDARIES:
        raise Unreadable(f"the mail has more than {MAX_PARTS} parts in parts")
    if len(body) > MAX_HEADERS and _BLANK.search(body, 0, MAX_HEADERS) is None:
        raise Unreadable(f"the headers of the mail have more than {MAX_HEADERS} octets")
    if any(len(found[0]) > MAX_HEADER for found in _LONG.finditer(body)):
        raise Unreadable(f"a header of the mail has more than {MAX_HEADER} characters")
    mail = BytesParser(policy=_POLICY).parsebytes(body)
    found = bounce(mail)
    if found is not None:
        return Incoming("", _header(mail, "Message-ID")[:300], (), auto=True, bounce=found)
    sender, auto = _sender(mail), _is_auto(mail)
    return Incoming(
        sender,
        _header(mail, "Message-ID")[:300],
        _carried(mail, needed=not auto or mail.get_content_type() == _REPORT),
        auto,
        _header(mail, MARK).lower()[:300],
    )


def addressed_to(body: bytes) -> tuple[str, ...]:
    """Whom a mail in a mailbox was delivered to, as far as its headers tell: mail addresses.

    What the mail server noted goes before what the sender wrote.
    """
    mail = BytesParser(policy=_POLICY).parsebytes(body[:MAX_HEADERS], headersonly=True)
    for names in (_DELIVERED, _ADDRESSED):
        lines = [str(one) for name in names for one in mail.get_all(name, [])[:MAX_ADDRESSED]]
        found = getaddresses([one for one in lines if len(one) <= MAX_HEADER])
        addresses = [address.lower() for _, address in found if "@" in address]
        if addresses:
            return tuple(dict.fromkeys(addresses[:MAX_ADDRESSED]))
    return ()


def sender_of(body: bytes) -> str:
    """Who From says a mail is of, as far as that can be read: to show with one that cannot be."""
    try:
        return _sender(BytesParser(policy=_POLICY).parsebytes(body[:65_536], headersonly=True))
    except Unreadable:
        return ""


def _sender(mail: Message) -> str:
    lines = mail.get_all("From", [])
    if len(lines) != 1 or len(str(lines[0])) > MAX_HEADER:
        raise Unreadable(f"the mail has {len(lines)} From headers and needs one")
    found = [address for _, address in getaddresses([str(lines[0])])]
    if len(found) != 1:
        raise Unreadable("From names not exactly one address")
    try:
        return f"mailto:{mailbox(found[0])}"
    except Unmailable:
        raise Unreadable("From names no mail address") from None


def _is_auto(mail: Message) -> bool:
    said = _header(mail, "Auto-Submitted").lower()
    return (
        said.startswith(_ANSWERING)
        or _header(mail, "Precedence").lower() in _BULK
        or any(name in mail for name in _SIGNS)
        or mail.get_content_type() == _REPORT
    )


def _header(mail: Message, name: str) -> str:
    value = mail.get(name)
    return "" if value is None else " ".join(str(value).split())


def _carried(mail: Message, *, needed: bool) -> tuple[Carried, ...]:
    """The messages, each once: the same one is often an alternative, and attached besides.

    Who is away says so in words alone: then there need not be any.
    """
    parts = list(_parts(mail))
    calendars = [one for one in parts if one.get_content_type() == _CALENDAR]
    attached = [one for one in parts if one.get_content_type() == _ATTACHED]
    found: dict[str, Carried] = {}
    for part in calendars or attached:
        text = _text(part)
        found.setdefault(unfold(text), Carried(_method(part, text), text))
    if not found and needed:
        raise Unreadable("the mail has no part that is text/calendar")
    if len(found) > MAX_CARRIED:
        raise Unreadable(f"the mail carries {len(found)} messages, more than {MAX_CARRIED}")
    return tuple(found.values())


def _parts(mail: Message) -> Iterator[Message]:
    """Leaves that may be calendars; one of those that are alternatives of each other.

    What is inside another mail that this one holds was not sent by who sent this one.
    """
    waiting: list[tuple[Message, int]] = [(mail, 0)]
    seen = 0
    while waiting:
        part, depth = waiting.pop(0)
        seen += 1
        if seen > MAX_PARTS or depth > MAX_DEPTH:
            raise Unreadable(f"the mail has more than {MAX_PARTS} parts, or {MAX_DEPTH} levels")
        if part.get_content_maintype() == "message":
            continue
        if part.is_multipart():
            inner = [one for one in part.get_payload() if isinstance(one, Message)]
            waiting += [(one, depth + 1) for one in _chosen(part, inner)]
        elif part.get_content_type() in (_CALENDAR, _ATTACHED):
            yield part


def _chosen(of: Message, inner: list[Message]) -> list[Message]:
    """All inner parts; of calendars that are alternatives of each other, the last one."""
    if of.get_content_type() != "multipart/alternative":
        return inner
    calendars = [one for one in inner if one.get_content_type() == _CALENDAR]
    return [one for one in inner if one not in calendars[:-1]]


def _text(part: Message) -> str:
    body = part.get_payload(decode=True)
    if not isinstance(body, bytes):
        raise Unreadable("the calendar part cannot be decoded")
    charset = part.get_param("charset", "utf-8")
    try:
        return _decoded(body, charset if isinstance(charset, str) else "utf-8")
    except (LookupError, UnicodeError):
        raise Unreadable("the calendar part is not in the charset that it names") from None


def _decoded(body: bytes, charset: str) -> str:
    """Text; of what calls itself ASCII or Latin and is UTF-8, what it is."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = body.decode(charset)
    if "\x00" in text:
        raise UnicodeError("no text has a NUL")
    return text


def _method(part: Message, text: str) -> str:
    """The METHOD, which the parameter of that name has to repeat (RFC 6047 §2.4)."""
    try:
        read_lines(text)
    except Malformed as fault:
        raise Unreadable(f"the calendar part is no iCalendar text: {fault}") from None
    line = _METHOD.search(unfold(text))
    method = line[1].strip().upper() if line else ""
    if not method:
        raise Unreadable("the calendar part has no METHOD")
    said = part.get_param("method")
    if isinstance(said, str) and said.strip().upper() != method:
        raise Unreadable(f"its Content-Type says {said[:40]!r}, and its METHOD {method[:40]!r}")
    return method
