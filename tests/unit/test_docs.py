"""What the documentation says exists: links, commands, settings, sections of standards."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Final

import click
import pytest
from click.testing import CliRunner

from caldavd import config as configuration
from caldavd.cli.main import caldavd
from caldavd.settings import Config
from tests import conformance
from tests.conformance import ROOT, Held, UnknownSection, marks, page

PAGES: Final = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES: Final = [one for one in sorted((ROOT / "conf").iterdir()) if one.name != "caldavd.toml"]

LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
FENCE: Final = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE: Final = re.compile(r"`(caldavd [^`]+)`", re.DOTALL)
SHELL: Final = re.compile(
    r"(?:^\s*(?:\$ )?|&& |\| |sudo -u caldavd )(?:\S*/)?caldavd (?=([^\n]*))"
    r"|\S/bin/caldavd (?=([^\n]*))",
    re.MULTILINE,
)
PROMPTED: Final = re.compile(r"^\s*\$ (.*)$", re.MULTILINE)
SETTING: Final = re.compile(r"\[([a-z]+)\] ([a-z][a-z0-9_]+)\b")
VARIABLE: Final = re.compile(r"\bCALDAVD_[A-Z0-9_]+\b")
KEYS: Final = frozenset(configuration.keys())
SECTIONS: Final = frozenset(place[0] for place in KEYS if len(place) == 2)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as they are made where the page is shown."""
    titles = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title) for title in titles]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in plain}


def broken(page: Path) -> Iterator[str]:
    """The links of a page that lead to nothing in this repository."""
    for link in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            yield link


def words(line: str) -> tuple[str, ...]:
    """The words of a command up to what a shell would take for itself, or a comment."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return tuple(takewhile(lambda word: not set(word) <= set("();<>|&"), lexer))


def shell(text: str) -> Iterator[tuple[str, ...]]:
    """The arguments of caldavd in lines for a shell."""
    return (words(found[1] or found[2]) for found in SHELL.finditer(text))


def commands(page: Path) -> Iterator[tuple[str, ...]]:
    """The arguments of caldavd in each command that a page shows."""
    text = page.read_text("utf-8")
    for language, inside in FENCE.findall(text):
        if language == "console":
            yield from shell("\n".join(PROMPTED.findall(inside)))
        elif language == "sh":
            yield from shell(inside)
        elif language == "text":
            yield from (words(one) for one in re.findall(r"\S/bin/caldavd (.*)", inside))
    for inline in INLINE.findall(FENCE.sub("", text)):
        yield from shell(" ".join(inline.split()))


def unparsed(arguments: Sequence[str]) -> str | None:
    """Why caldavd does not know a command or one of its options; None if it knows all."""
    result = CliRunner().invoke(caldavd, [*arguments, "--help"])
    return None if result.exit_code == 0 and "Usage: " in result.output else result.output


def unknown_settings(text: str) -> Iterator[str]:
    """The settings and variables that a text names and nothing reads."""
    for section, key in SETTING.findall(text):
        if section in SECTIONS and (section, key) not in KEYS:
            yield f"[{section}] {key}"
    variables = {configuration.variable(key) for key in KEYS} | configuration.NOT_SETTINGS
    for name in VARIABLE.findall(text):
        if name not in variables and not any(one.startswith(name) for one in variables):
            yield name


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_command_that_a_page_shows_is_one_that_caldavd_knows(page: Path) -> None:
    assert {one: why for one in set(commands(page)) if (why := unparsed(one))} == {}


def test_the_pages_show_each_command() -> None:
    shown = {word for page in PAGES for one in commands(page) for word in one}

    assert set(caldavd.list_commands(click.Context(caldavd))) <= shown


@pytest.mark.parametrize("arguments", ["serve --prot 8008", "users list", "user list --quiet"])
def test_a_command_that_does_not_exist_would_be_noticed(arguments: str) -> None:
    assert unparsed(arguments.split()) is not None


@pytest.mark.parametrize("page", [*PAGES, *EXAMPLES], ids=relative)
def test_every_setting_that_a_page_names_exists(page: Path) -> None:
    assert list(unknown_settings(page.read_text("utf-8"))) == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_settings_file_that_a_page_shows_can_be_read(page: Path) -> None:
    for language, inside in FENCE.findall(page.read_text("utf-8")):
        if language == "toml":
            Config.model_validate(tomllib.loads(inside))


def test_the_page_of_conformance_is_as_the_tests_make_it() -> None:
    known = conformance.titles(conformance.SECTIONS.read_text("utf-8"))

    text = page(conformance.collected(ROOT / "tests"), known)

    assert text == conformance.PAGE.read_text("utf-8"), "run python -m tests.conformance"


def test_no_mark_in_the_tests_is_missed_by_the_page() -> None:
    found = {(one.file, one.value) for one in conformance.collected(ROOT / "tests")}

    written = {
        (relative(file), ast.literal_eval(argument))
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rfc"
        for argument in node.args
    }

    assert written - found == set()


def test_marks_are_found_wherever_they_may_stand() -> None:
    source = """
import pytest
pytestmark = pytest.mark.rfc("1 1")
BOTH = pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.rfc("1 2"))])

@pytest.mark.rfc("1 3")
class TestIt:
    @BOTH
    async def test_one(self): ...

@pytest.mark.rule("G1")
def test_two(): ...
"""

    assert list(marks("f.py", source)) == [
        Held("f.py", "test_one", "rfc", "1 1"),
        Held("f.py", "test_one", "rfc", "1 3"),
        Held("f.py", "test_one", "rfc", "1 2"),
        Held("f.py", "test_two", "rfc", "1 1"),
        Held("f.py", "test_two", "rule", "G1"),
    ]


def test_a_section_that_no_standard_has_is_refused_by_name() -> None:
    with pytest.raises(UnknownSection, match=r"f.py: test_one names RFC 4791 99"):
        page([Held("f.py", "test_one", "rfc", "4791 99")], {("4791", "-"): "CalDAV"})
