"""The languages: each has all that English has, with the same placeholders, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from caldavd.ical.rule import Freq
from caldavd.languages.codes import CODES, asked_for
from caldavd.languages.en import ENGLISH
from caldavd.languages.known import LANGUAGES, first_known
from caldavd.languages.phrases import Language, Plural

OTHERS = [code for code in CODES if code != "en"]
PLACEHOLDER = re.compile(r"\{\w*\}")
WORD = re.compile(r"[A-Za-z]+")
FREELY = re.compile(r"recurrence\.nth_feminine")
"""What English has not, and others may."""


def phrases(of: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """All texts of a language, by where they are."""
    if isinstance(of, str):
        yield path.removeprefix("."), of
    elif is_dataclass(of):
        for field in fields(of):
            yield from phrases(getattr(of, field.name), f"{path}.{field.name}")
    elif isinstance(of, Mapping):
        for key, value in of.items():
            yield from phrases(value, f"{path}[{key}]")
    elif isinstance(of, tuple):
        for number, value in enumerate(of):
            yield from phrases(value, f"{path}[{number}]")


def all_of(language: Language) -> dict[str, str]:
    return {path: text for path, text in phrases(language) if not FREELY.match(path)}


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_every_phrase_with_its_placeholders(code: str) -> None:
    found, english = all_of(LANGUAGES[code]), all_of(ENGLISH)

    assert {path: sorted(PLACEHOLDER.findall(text)) for path, text in found.items()} == {
        path: sorted(PLACEHOLDER.findall(text)) for path, text in english.items()
    }
    assert [path for path, text in found.items() if not text.strip()] == []


@pytest.mark.parametrize("code", OTHERS)
def test_no_phrase_of_two_words_is_as_in_english(code: str) -> None:
    """One word may be the same by chance: Description and Invitation are French, too."""
    english = all_of(ENGLISH)

    same = [
        path
        for path, text in all_of(LANGUAGES[code]).items()
        if text == english[path] and len(WORD.findall(PLACEHOLDER.sub(" ", text))) > 1
    ]

    assert same == []


@pytest.mark.parametrize("code", CODES)
def test_days_that_are_feminine_have_their_ordinals(code: str) -> None:
    phrases_ = LANGUAGES[code].recurrence

    expected = phrases_.nth.keys() if phrases_.feminine else set()
    assert phrases_.nth_feminine.keys() == expected
    assert {name for name in phrases_.every} <= {one.name for one in Freq}


def test_every_code_is_a_language_and_every_language_a_code() -> None:
    assert sorted(LANGUAGES) == sorted(CODES)
    assert [code for code, one in LANGUAGES.items() if one.code != code] == []


def test_a_plural_is_for_a_number() -> None:
    times = Plural("{n} time{what}", "{n} times{what}")

    assert [times.of(n, what="!") for n in (1, 2)] == ["1 time!", "2 times!"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", None),
        ("*", None),
        ("ja, ko", None),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("pt-BR", "pt"),
        ("en;q=0.5, fr;q=0.7", "fr"),
        ("ja;q=1, nl;q=0.2", "nl"),
        ("DE-de", "de"),
        ("de;q=0, it", "it"),
        ("de;q=x, it;q=0.1", "it"),
        ("de;q=nan", None),
        ("ja," * 1_000 + "de", None),
    ],
)
def test_a_browser_gets_what_it_likes_best_of_ours(header: str, code: str | None) -> None:
    assert asked_for(header) == code


def test_what_is_not_known_is_passed_over() -> None:
    found = (first_known(None, "xx", "fr", "de"), first_known("xx", None), first_known())

    assert [one.code for one in found] == ["fr", "en", "en"]
