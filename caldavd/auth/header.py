"""The Authorization header's Basic scheme (RFC 7617)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Final

MAX_LOGIN: Final = 320
"""Characters of the longest mail address, and of more than any account name."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client sent: an account name or mail address, and a password."""

    login: str
    password: str = field(repr=False)


def parse(authorization: str) -> Credentials | None:
    """The credentials in a header; None if it is not Basic, or not well-formed.

    UTF-8, as the challenge asks for, else ISO 8859-1, as old clients send.
    """
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        raw = base64.b64decode(encoded.strip().encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    login, colon, password = _decoded(raw).partition(":")
    if not colon or not login or len(login) > MAX_LOGIN or "\0" in login:
        return None
    return Credentials(login, password)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
