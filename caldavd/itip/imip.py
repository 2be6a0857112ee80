"""iTIP messages as mails (RFC 6047 §2): what leaves.

The text/calendar part is the last of the alternatives, because mail programs that know it take the
last one they know; the same text is attached for those that do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import blake2b
from typing import Final

from caldavd.ical.contentline import Component, Line, read, without_parameters
from caldavd.ical.parse import stored
from caldavd.ical.write import write as write_components
from caldavd.ical.write import write_line
from caldavd.itip.address import normal
from caldavd.itip.bounce import RETURNED, written
from caldavd.itip.changes import told_of
from caldavd.itip.home import Home
from caldavd.itip.letter import Letter, News, as_html, as_text, letter
from caldavd.itip.plain import plain
from caldavd.itip.revision import OURS, REPLIED
from caldavd.itip.snapshot import Meeting, meeting
from caldavd.itip.ticket import Pages
from caldavd.itip.words import answer_of
from caldavd.languages.en import ENGLISH
from caldavd.languages.phrases import Language

METHODS: Final = frozenset(
    {"REQUEST", "REPLY", "CANCEL", "ADD", "REFRESH", "COUNTER", "DECLINECOUNTER"}
)
"""Those that are sent by mail; a PUBLISH is for everybody."""
MARK: Final = "X-Caldavd-Server"
"""The header that names the server that wrote a mail, so that it knows its own."""
MAX_ADDRESS: Final = 254
_MAIL: Final = "mailto:"
MAX_SUBJECT: Final = 200

_POLICY: Final = policy.SMTP
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_PEOPLE: Final = frozenset({"ATTENDEE", "ORGANIZER"})
_STAMPS: Final = frozenset({"DTSTAMP", "LAST-MODIFIED", "CREATED"})
_BY_SENDER: Final = frozenset({"REPLY", "COUNTER"})
"""Methods in which what stands beside an ATTENDEE is what is said."""


class Unmailable(ValueError):
    """A message that cannot be sent by mail; the text says why."""


@dataclass(frozen=True, slots=True)
class Post:
    """From whom and to whom a mail goes, and how the server that sends it is called."""

    server: str
    """The server's own mail address."""
    sender: str
    """The mail address of whom the message is of."""
    sender_name: str
    recipient: str
    reply_to: str = ""
    """Where answers to the mail go; empty: to the sender."""
    speaks_as_sender: bool = False
    """Whether the mail may claim to be from the sender: those who check allow this server to."""
    update: bool = False
    """Whether the recipient has had a mail about this before."""
    reinstated: bool = False
    """Whether the last of them said that it does not take place."""
    after: int = 0
    """When they were sent the one before, in epoch seconds; 0: they were not."""
    before: str = ""
    """The REQUEST that they had last, if it is known: an update says what changed."""
    ticket: str = ""
    """What tells the mail when it comes back; empty: nothing."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Mail addresses of people who stand in the message by others, which are normal."""
    pages: Pages | None = None
    """Where invitations of the sender are answered; None: by mail alone."""
    language: Language = ENGLISH
    """What it is written in."""
    home: Home | None = None
    """The zone in which times in UTC are told; None: in UTC."""


def mailbox(address: str) -> str:
    """The bare mail address of a calendar user address, as mail servers take it.

    Raises Unmailable for what is none.
    """
    bare = normal(address).removeprefix("mailto:")
    local, _, domain = bare.rpartition("@")
    try:
        bare = f"{local}@{domain.encode('idna').decode()}" if not domain.isascii() else bare
    except UnicodeError:
        raise Unmailable("the domain of the address cannot be written in ASCII") from None
    if len(bare) > MAX_ADDRESS or _ADDRESS.fullmatch(bare) is None:
        raise Unmailable(f"{plain(bare, 80)!r} is no mail address that can be sent to")
    return bare


def write(text: str, post: Post, at: datetime) -> EmailMessage:
    """The mail that carries an iTIP message; equal arguments give equal octets. Raises Unmailable.

    From is the server, in the sender's name, unless it may speak as the sender: else SPF and DMARC
    would have the mail refused.
    """
    change = change_of(text, post.recipient)
    text = _addressed(_outward(text), post)
    document = stored(text)
    found = meeting(document)
    if found.method not in METHODS or not found.parts:
        raise Unmailable(f"a message with the method {found.method[:40]!r} is not sent by mail")
    name = plain(post.sender_name, 80) or mailbox(post.sender)
    before = post.before if post.update and found.method == "REQUEST" else ""
    told = told_of(document, post.language, at.date(), before, post.home)
    components = document.components
    if found.method == "COUNTER":
        told = replace(told, answer=answer_of(components, post.sender, post.language))
    said = letter(found.method, components, told, name, post.language, news=_news(post))
    said = replace(said, page=_page(found, post))
    mail = _readable(found, change, said, post, at)
    mail.add_alternative(text, "calendar", "UTF-8", "base64", params=_parameters(found))
    attached = {"name": "invite.ics"}  # Outlook names an attachment by this
    mail.add_attachment(text.encode(), "application", "ics", filename="invite.ics", params=attached)
    _finish(mail, said.language)
    return mail


def _news(post: Post) -> News:
    if not post.update:
        return News.FIRST
    return News.AGAIN if post.reinstated else News.UPDATE


def mail_of(of: Meeting, text: str, said: Letter, post: Post, at: datetime) -> EmailMessage:
    """A mail about a message, without it: nothing in it is for programs. Raises Unmailable."""
    mail = _readable(of, change_of(text, post.recipient), said, post, at)
    _finish(mail, said.language)
    return mail


def _readable(of: Meeting, change: str, said: Letter, post: Post, at: datetime) -> EmailMessage:
    mail = EmailMessage(policy=_POLICY)
    for header, value in _headers(of, change, post, at):
        mail[header] = value
    mail["Subject"] = plain(said.subject, MAX_SUBJECT)
    mail.set_content(as_text(said))
    mail.add_alternative(as_html(said), subtype="html", cte="quoted-printable")
    return mail


def _page(of: Meeting, post: Post) -> str:
    """The page on which an invitation is answered; empty for other messages."""
    who = normal(post.recipient)
    if post.pages is None or of.method != "REQUEST":
        return ""
    if not any(who in part.attendees for part in of.parts.values()):
        return ""
    return post.pages.url(of.uid, who, of.sequence)


def _outward(text: str) -> str:
    """A message without what the server notes in it for itself."""
    if OURS not in text:
        return text
    found = read(text)
    for part in (part for calendar in found for part in calendar.components):
        if part.name != "VTIMEZONE":
            part.lines = [
                line._replace(parameter_text=without_parameters(line, REPLIED))
                for line in part.lines
                if not line.name.startswith(OURS)
            ]
    return write_components(found)


def unmailed(text: str) -> frozenset[str]:
    """The addresses in a message that are no mail addresses, each as `normal` gives it."""
    lines = (line for of in read(text) for part in of.components for line in part.lines)
    people = {normal(line.value) for line in lines if line.name in _PEOPLE}
    return frozenset(one for one in people if not one.startswith(_MAIL))


def _addressed(text: str, post: Post) -> str:
    """A message in which all have mail addresses, whatever others were written (§2.3).

    Attendees who have none are left out.
    """
    if not unmailed(text):
        return text
    of = meeting(stored(text))
    people = {who for part in of.parts.values() for who in part.attendees}
    own = people if of.method in _BY_SENDER and len(people) == 1 else of.organizers
    known = {**post.addresses, **dict.fromkeys(own, post.sender)}
    found = read(text)
    for part in (part for calendar in found for part in calendar.components):
        part.lines = [line for old in part.lines for line in _mailed(old, known)]
    return write_components(found)


def _mailed(line: Line, known: Mapping[str, str]) -> Iterator[Line]:
    """The line with a mail address, if it is one of a person; nothing if that has none."""
    who = normal(line.value) if line.name in _PEOPLE else _MAIL
    if who.startswith(_MAIL):
        yield line
    elif who in known:
        yield line._replace(value=_MAIL + mailbox(known[who]))


def change_of(text: str, recipient: str) -> str:
    """What tells a change that somebody is told of: equal for messages that tell them the same.

    When it was written does not count, nor what other attendees answered.
    """
    digest = blake2b(normal(recipient).encode(), digest_size=20)
    for calendar in read(text):
        method = calendar.first("METHOD")
        name = "" if method is None else method.value.strip().upper()
        digest.update(name.encode())
        for part in calendar.components:
            if part.name != "VTIMEZONE":
                for line in sorted(_counted(part, name in _BY_SENDER)):
                    digest.update(line.encode())
    return digest.hexdigest()


def thread_of(uid: str, recipient: str) -> str:
    """What all mails to one recipient about one meeting have in common."""
    return blake2b(f"{uid}\n{normal(recipient)}".encode(), digest_size=16).hexdigest()


def covers(newer: str, older: str) -> bool:
    """Whether who gets the newer of two messages of one sender and UID need not get the older.

    What the newer one says of the whole replaces all; of instances, what was said of the same.
    """
    if newer == older:
        return True
    new, old = meeting(stored(newer)), meeting(stored(older))
    if new.sequence < old.sequence:
        return False
    invites = {new.method, old.method} <= {"REQUEST", "CANCEL"}
    if not (invites or new.method == old.method):
        return False
    return new.master is not None or new.parts.keys() >= old.parts.keys()


def is_about_all(text: str) -> bool:
    """Whether a message is about all of a meeting, not single dates of a series."""
    return meeting(stored(text)).master is not None


def _counted(component: Component, with_answers: bool) -> Iterator[str]:
    yield f"BEGIN:{component.name}"
    for line in component.lines:
        if line.name == "ATTENDEE" and not with_answers:
            yield f"ATTENDEE:{normal(line.value)}"
        elif line.name not in _STAMPS:
            yield write_line(line)
    for inner in component.components:
        yield from _counted(inner, with_answers)


def _headers(found: Meeting, change: str, post: Post, at: datetime) -> Iterator[tuple[str, object]]:
    sender, server, recipient = map(mailbox, (post.sender, post.server, post.recipient))
    name, domain = plain(post.sender_name, 80), server.rpartition("@")[2]
    # The same mail has the same Message-ID when it is tried again: who had it drops the second.
    # What is changed back, or asked for again, is another one.
    thread = f"<{thread_of(found.uid, recipient)}@{domain}>"
    own = f"{change}.{found.sequence}" + (f".{post.after}" if post.after else "")
    if post.speaks_as_sender:
        yield "From", Address(name, addr_spec=sender)
        if sender != server:
            yield "Sender", Address(addr_spec=server)
    else:
        yield "From", Address(name or sender, addr_spec=server)
    yield "To", Address(addr_spec=recipient)
    reply_to = mailbox(post.reply_to or sender)
    yield "Reply-To", Address(name, addr_spec=reply_to)
    yield "Date", format_datetime(at)
    yield "Message-ID", f"<{own}@{domain}>"
    yield "In-Reply-To", thread
    yield "References", thread
    yield "Auto-Submitted", "auto-generated"
    yield "X-Auto-Response-Suppress", "OOF, DR, RN, NRN, AutoReply"
    yield "Precedence", "bulk"
    yield MARK, server
    if post.ticket:
        yield RETURNED, written(post.ticket)


def _parameters(found: Meeting) -> dict[str, str]:
    return {"method": found.method, "component": found.component}


def _finish(mail: EmailMessage, language: Language) -> None:
    """Boundaries that follow from the mail itself: no line of a letter is one by accident."""
    mail["Content-Language"] = language.code
    name = mail["Message-ID"].strip("<>").partition("@")[0].replace(".", "-")[:40]
    for number, part in enumerate(one for one in mail.walk() if one.is_multipart()):
        part.set_boundary(f"=_{name}_{number}")
    for inner in mail.walk():
        if inner is not mail:
            del inner["MIME-Version"]
