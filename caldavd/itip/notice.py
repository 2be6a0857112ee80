"""What attendees say in words, told to the organizer by mail: a comment, or another time (COUNTER).

Such a mail is for people alone: it carries no message, so no program answers or applies it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage

from caldavd.ical.contentline import Component, parameter
from caldavd.ical.parse import stored
from caldavd.itip.address import normal
from caldavd.itip.changes import told_of
from caldavd.itip.imip import Post, mail_of
from caldavd.itip.incoming import Incoming
from caldavd.itip.letter import letter, subject_of
from caldavd.itip.message import PRIVATE_COMMENT
from caldavd.itip.outcome import Outcome
from caldavd.itip.plain import plain, text_of
from caldavd.itip.snapshot import meeting
from caldavd.itip.words import answer_of


def tells_in_words(message: Incoming, outcome: Outcome) -> bool:
    """Whether a message told the organizer more than an answer, which was not there before."""
    if message.method == "COUNTER":
        return outcome.ignored is None and outcome.inbox
    if message.method != "REPLY" or outcome.changes is None:
        return False
    names = {one.name for part in outcome.changes.recurrences for one in part.changed}
    said = any(_words(part.component) for part in message.meeting.parts.values())
    return said and PRIVATE_COMMENT in names


def said_by(text: str, attendee: str) -> str:
    """The name of whoever a message is of; their address where it tells none."""
    for component in stored(text).components:
        for line in component.all("ATTENDEE"):
            if normal(line.value) == attendee and (name := plain(parameter(line, "CN") or "", 80)):
                return name
    return attendee.removeprefix("mailto:")


def adds_nothing(older: str, newer: str) -> bool:
    """Whether who is told of the newer message of somebody need not be told of the older one."""
    before, after = meeting(stored(older)), meeting(stored(newer))
    if after.method == "REPLY" and before.method == "COUNTER":
        return False
    words = [{_words(part.component) for part in one.parts.values()} for one in (before, after)]
    return words[0] <= words[1]


def write(text: str, post: Post, at: datetime) -> EmailMessage:
    """The mail; `post` is from who says it, and to the organizer. Raises Unmailable."""
    document = stored(text)
    found = meeting(document)
    language = post.language
    words = told_of(document, language, at.date(), home=post.home)
    comment = next(filter(None, map(_words, document.components)), "")
    words = replace(words, comment=words.comment or comment)
    phrases, counters = language.mails, found.method == "COUNTER"
    if counters:
        words = replace(words, answer=answer_of(document.components, post.sender, language))
    said = letter(found.method, document.components, words, post.sender_name, language)
    subject = phrases.subject_counter if counters else phrases.subject_comment
    said = replace(
        said,
        subject=subject_of(subject, words, language, sender=post.sender_name),
        foot=phrases.foot_counter if counters else phrases.foot_comment,
    )
    return mail_of(found, text, said, post, at)


def _words(of: Component) -> str:
    return text_of(of, "COMMENT") or text_of(of, PRIVATE_COMMENT)
