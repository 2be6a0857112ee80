"""Calendar user addresses as they are compared (RFC 5545 §3.3.3, RFC 6638 §2.4.1)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import quote, unquote

Addresses: TypeAlias = frozenset[str]
"""Addresses of one calendar user, each as `normal` gives it."""

_MAIL: Final = "mailto:"
_UUID: Final = "urn:uuid:"
_SHORT: Final = 128
PATH_SAFE: Final = "/@-._~"
"""What is not percent-encoded in a path, beside letters and digits."""


def normal(value: str) -> str:
    """The one spelling of a calendar user address: equal for addresses of one user.

    Mail addresses and UUIDs are the same in any case; a path however it is percent-encoded; any
    other URL as it stands. A mail address without its scheme, which some clients write, is one.
    """
    return _normal_again(value) if len(value) <= _SHORT else _normal(value)


def _normal(value: str) -> str:
    value = value.strip()
    scheme = value[: len(_UUID)].lower()
    if scheme.startswith(_MAIL):
        return _MAIL + _mailbox(value[len(_MAIL) :])
    if scheme == _UUID:
        return value.lower()
    if "@" in value and ":" not in value and "/" not in value:
        return _MAIL + value.lower()
    if "%" in value and value.startswith("/"):
        return quote(unquote(value), safe=PATH_SAFE)
    return value


def _mailbox(text: str) -> str:
    return (unquote(text) if "%" in text else text).strip().lower()


# The people of a large meeting are looked at many times for each of them.
_normal_again: Final = lru_cache(maxsize=8192)(_normal)
