"""Links by which those who are invited answer: what they are to, signed by the server.

Nothing is stored for a link: what it is to, and until when, stands in it. Whoever has it can
answer as that attendee, and nothing else.
"""

from __future__ import annotations

import hmac
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from caldavd.itip.address import normal

KEY_BYTES: Final = 32
MAX_TOKEN: Final = 1_500
"""Characters; for a UID so long that its link would be longer there is none."""

_PURPOSE: Final = b"caldavd answer 1\n"
_MAC_BYTES: Final = 16
_HEAD: Final = struct.Struct(">QQI")
_TOKEN: Final = re.compile(rf"[A-Za-z0-9_-]{{40,{MAX_TOKEN}}}", re.ASCII)
_MAIL: Final = "mailto:"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a link is to: somebody's answer to somebody's meeting."""

    owner_id: int
    """Whose meeting it is."""
    uid: str
    attendee: str
    """As `address.normal` gives it."""
    sequence: int
    """That of the meeting in the mail that the link was in."""
    expires_at: int


@dataclass(frozen=True, slots=True)
class Pages:
    """Where the answers to one organizer's mails are given."""

    base: str
    """The URL that all links begin with."""
    key: bytes = field(repr=False)
    owner_id: int
    expires_at: int

    def url(self, uid: str, attendee: str, sequence: int) -> str:
        """The page for somebody's answer; empty if its link would be too long."""
        ticket = Ticket(self.owner_id, uid, normal(attendee), sequence, self.expires_at)
        token = sign(ticket, self.key)
        return f"{self.base}{token}" if len(token) <= MAX_TOKEN else ""


def sign(ticket: Ticket, key: bytes) -> str:
    """The token of a ticket, fit for a URL."""
    head = _HEAD.pack(ticket.owner_id, ticket.expires_at, ticket.sequence)
    body = head + f"{ticket.attendee.removeprefix(_MAIL)}\n{ticket.uid}".encode()
    return urlsafe_b64encode(_mac(body, key) + body).rstrip(b"=").decode()


def read(token: str, key: bytes) -> Ticket | None:
    """The ticket of a token; None if this key did not sign it."""
    if _TOKEN.fullmatch(token) is None or len(token) % 4 == 1:
        return None
    octets = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    mac, body = octets[:_MAC_BYTES], octets[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(body, key)):
        return None
    owner_id, expires_at, sequence = _HEAD.unpack_from(body)
    attendee, _, uid = body[_HEAD.size :].decode().partition("\n")
    return Ticket(owner_id, uid, _MAIL + attendee, sequence, expires_at)


def _mac(body: bytes, key: bytes) -> bytes:
    return hmac.digest(key, _PURPOSE + body, sha256)[:_MAC_BYTES]
