"""Substring matching by collation (RFC 4790 §4.2 and §9, RFC 5051, RFC 4791 §7.5)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from caldavd.errors import SUPPORTED_COLLATION, Refused

OCTET: Final = "i;octet"
ASCII_CASEMAP: Final = "i;ascii-casemap"
UNICODE_CASEMAP: Final = "i;unicode-casemap"
DEFAULT: Final = ASCII_CASEMAP
"""What a text-match without a collation, or with the collation "default", means."""

Fold = Callable[[str], str]
"""Maps a string to its comparison form; substrings of a form are substrings by the collation."""

_UPPER: Final = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}


def folding(collation: str) -> Fold:
    """The fold of a collation. Raises Refused(SUPPORTED_COLLATION) for one we do not have."""
    name = DEFAULT if collation == "default" else collation
    try:
        return COLLATIONS[name]
    except KeyError:
        raise Refused(
            SUPPORTED_COLLATION,
            f"the collation {collation[:80]!r} is not supported; "
            f"use one of {', '.join(COLLATIONS)}",
        ) from None


def contains(collation: str, text: str, part: str) -> bool:
    """Whether `part` is a substring of `text`; the empty string is one of any text."""
    fold = folding(collation)
    return fold(part) in fold(text)


def _octet(text: str) -> str:
    # UTF-8 is self-synchronising: octet substrings and code point substrings are the same.
    return text


def _ascii_casemap(text: str) -> str:
    return text.translate(_UPPER)


def _unicode_casemap(text: str) -> str:
    """Simple title case, then each character decomposed to the end (RFC 5051 §2)."""
    if text.isascii():
        return text.translate(_UPPER)
    return "".join(_decomposed(_titlecase(character)) for character in text)


def _titlecase(character: str) -> str:
    """The simple mapping of UnicodeData.txt: one character, or itself where there is none."""
    title = character.title()
    return title if len(title) == 1 else character


def _decomposed(character: str) -> str:
    mapping = unicodedata.decomposition(character)
    if not mapping:
        return character
    points = [part for part in mapping.split() if not part.startswith("<")]
    return "".join(_decomposed(chr(int(point, 16))) for point in points)


COLLATIONS: Final[Mapping[str, Fold]] = MappingProxyType(
    {
        ASCII_CASEMAP: _ascii_casemap,
        OCTET: _octet,
        UNICODE_CASEMAP: _unicode_casemap,
    }
)
"""Every collation there is, in the order in which supported-collation-set lists them."""
