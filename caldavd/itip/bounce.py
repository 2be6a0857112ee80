"""Mails that come back: which of the server's own, and whether for good (RFC 3464, RFC 6522)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import HeaderParser
from typing import Final

RETURNED: Final = "X-Caldavd-Returned"
"""The header by which the server knows what came back: a signed ticket, in pieces."""
MAX_PARTS: Final = 10
MAX_RECIPIENTS: Final = 20
MAX_HEADERS: Final = 131_072
_PIECE: Final = 60

_STATUS_PARTS: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_HEADER_PARTS: Final = frozenset({"text/rfc822-headers", "message/global-headers"})
_MAIL_PARTS: Final = frozenset({"message/rfc822", "message/global"})
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bounce:
    """What says that a mail could not be delivered, or not yet."""

    token: str
    """The ticket of the mail: whose it was, about what, and to whom; not verified here."""
    message_id: str
    """That of the mail, without its brackets."""
    status: str
    """As the mail server says it, like 5.1.1."""
    is_final: bool
    """Whether nobody tries any more: that may be so with a status like 4.4.7, after some days."""


def written(token: str) -> str:
    """The value of the header that holds a token: mail programs fold it between its pieces."""
    return " ".join(token[start : start + _PIECE] for start in range(0, len(token), _PIECE))


def bounce(mail: Message) -> Bounce | None:
    """What a mail says of one that this server sent; None: it is no report on one."""
    if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
        return None
    parts = _inner(mail)[:MAX_PARTS]
    statuses = [
        (is_final, status)
        for part in parts
        if part.get_content_type() in _STATUS_PARTS
        for block in _inner(part)[:MAX_RECIPIENTS]
        for is_final, status in _status(block)
    ]
    for headers in _returned(parts):
        token = "".join(str(headers.get(RETURNED, "")).split())
        if token and statuses:
            is_final, status = max(statuses)
            own = str(headers.get("Message-ID", "")).strip().strip("<>")
            return Bounce(token, own[:300], status, is_final)
    return None


def _inner(of: Message) -> list[Message]:
    inside = of.get_payload()
    return [one for one in inside if isinstance(one, Message)] if isinstance(inside, list) else []


def _status(of: Message) -> Iterator[tuple[bool, str]]:
    """The status of a recipient, and whether it is the last one; nothing if there is none."""
    action = str(of.get("Action", "")).strip().lower()
    found = _STATUS.match(str(of.get("Status", "")).strip())
    if action == "failed":
        yield True, found[0] if found else "5.0.0"
    elif found:
        yield not action and found[0].startswith("5"), found[0]


def _returned(parts: list[Message]) -> Iterator[Message]:
    """The headers of the mails that came back."""
    for part in parts:
        if part.get_content_type() in _MAIL_PARTS:
            yield from _inner(part)[:1]
        elif part.get_content_type() in _HEADER_PARTS:
            octets = part.get_payload(decode=True)
            if isinstance(octets, bytes):
                text = octets[:MAX_HEADERS].decode("utf-8", "replace")
                yield HeaderParser(policy=policy.compat32).parsestr(text, headersonly=True)
