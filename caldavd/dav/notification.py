"""Notices as XML (caldav-notifications §4, caldav-sharing §6.15 and §6.22)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from caldavd.dav.path import Urls, encode
from caldavd.dav.properties.caldav import component_set
from caldavd.model import Answer, Level, Notice
from caldavd.names import CALDAV, CS
from caldavd.xml import write

_ANSWERS: Final = {
    Answer.NONE: "<CS:invite-noresponse/>",
    Answer.ACCEPTED: "<CS:invite-accepted/>",
    Answer.DECLINED: "<CS:invite-declined/>",
    Answer.DELETED: "<CS:invite-deleted/>",
}


def body(notice: Notice, urls: Urls) -> bytes:
    """The document of a notification."""
    stamp = datetime.fromtimestamp(notice.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    content = write.text_element(CS + "dtstamp", stamp)
    return write.document(CS + "notification", content + _message(notice, urls))


def kind(notice: Notice) -> str:
    """What a notification is about, as the empty element that notificationtype holds."""
    return "<CS:invite-reply/>" if notice.reply else "<CS:invite-notification/>"


def answer(said: Answer) -> str:
    """The element of an answer."""
    return _ANSWERS[said]


def access(level: Level) -> str:
    """CS:access: of its two levels the one that is nearest, and gives no more."""
    may = "<CS:read-write/>" if level >= Level.WRITE else "<CS:read/>"
    return write.element(CS + "access", may)


def organizer(address: str, name: str) -> str:
    """CS:organizer."""
    named = write.text_element(CS + "common-name", name)
    return write.element(CS + "organizer", write.href(address) + named)


def _message(notice: Notice, urls: Urls) -> str:
    host = write.href(f"{urls.home(notice.host)}{encode(notice.calendar)}/")
    hosturl = write.element(CS + "hosturl", host)
    summary = write.text_element(CS + "summary", notice.summary) if notice.summary else ""
    sharee = write.href(notice.sharee)
    if notice.reply:
        about = write.text_element(CS + "in-reply-to", notice.uid)
        said = sharee + answer(notice.answer) + hosturl + about + summary
        return write.element(CS + "invite-reply", said)
    components = write.element(
        CALDAV + "supported-calendar-component-set", component_set(notice.components)
    )
    told = write.text_element(CS + "uid", notice.uid) + sharee + answer(notice.answer)
    told += access(notice.level) + hosturl
    told += organizer(notice.organizer, notice.organizer_name) + summary + components
    return write.element(CS + "invite-notification", told)
