"""What settings of all sections are made of."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BeforeValidator, ConfigDict, Field


def split(value: object) -> object:
    """A list as a variable writes it: parts between commas, blanks around them dropped."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


Port = Annotated[int, Field(ge=0, le=65535)]
Strings = Annotated[tuple[str, ...], BeforeValidator(split)]
FROZEN: Final = ConfigDict(frozen=True, extra="forbid")
