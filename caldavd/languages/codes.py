"""Which languages there are, and which of them a browser asks for (RFC 9110 §12.5.4)."""

from __future__ import annotations

from typing import Final, Literal, get_args

Code = Literal["de", "en", "es", "fr", "it", "nl", "pt"]
CODES: Final[tuple[str, ...]] = get_args(Code)
DEFAULT_CODE: Final = "en"

_MAX_HEADER: Final = 1_000
_MAX_RANGES: Final = 30


def asked_for(accept_language: str) -> str | None:
    """The code of the language that a header likes best of ours; None: it names none of them.

    `de-AT` asks for German. Of equal weights the first one counts, as browsers mean it.
    """
    ranges = accept_language[:_MAX_HEADER].split(",")[:_MAX_RANGES]
    found = [(weight, code) for code, weight in map(_range, ranges) if code in CODES and weight > 0]
    return max(found, key=lambda one: one[0])[1] if found else None


def _range(text: str) -> tuple[str, float]:
    name, _, weight = text.partition(";")
    said = weight.replace(" ", "").lower().partition("q=")[2]
    try:
        value = float(said) if said else 1.0
    except ValueError:
        value = 0.0
    return name.strip().partition("-")[0].lower(), value
