"""The languages in which people are told of meetings, by their codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from caldavd.languages.codes import DEFAULT_CODE
from caldavd.languages.de import GERMAN
from caldavd.languages.en import ENGLISH
from caldavd.languages.es import SPANISH
from caldavd.languages.fr import FRENCH
from caldavd.languages.it import ITALIAN
from caldavd.languages.nl import DUTCH
from caldavd.languages.phrases import Language
from caldavd.languages.pt import PORTUGUESE

LANGUAGES: Final[Mapping[str, Language]] = {
    one.code: one for one in (GERMAN, ENGLISH, SPANISH, FRENCH, ITALIAN, DUTCH, PORTUGUESE)
}


def first_known(*codes: str | None) -> Language:
    """The language of the first code that is one; a later version may have left others."""
    known = (LANGUAGES[code] for code in codes if code is not None and code in LANGUAGES)
    return next(known, LANGUAGES[DEFAULT_CODE])
