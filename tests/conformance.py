"""Writes docs/conformance.md: which tests hold the server to which section of which RFC.

    python -m tests.conformance

It reads the marks `@pytest.mark.rfc("4791 7.8")` of functions, classes, parameters and modules
from the source, without importing or collecting anything. A section that
tests/rfc_sections.txt does not know is refused by name: it may be a slip of the pen.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.protocol.rules import RULES

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "conformance.md"
SECTIONS: Final = ROOT / "tests" / "rfc_sections.txt"
NAMED: Final = "-"
HEAD: Final = """\
# Conformance

Which tests hold caldavd to which section of which standard. A section that is missing here may
work all the same, but nothing checks it. The page is made from marks in the tests, and a test fails
when it is out of date:

```sh
python -m tests.conformance
```
"""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class UnknownSection(Exception):
    """A test names a section that the table of sections does not hold."""


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """A test, and what one of its marks says."""

    file: str
    test: str
    mark: str
    value: str


def marks(file: str, source: str) -> Iterator[Held]:
    """What the tests of a file are marked with, in the order of the file."""
    tree = ast.parse(source)
    named = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    whole = [named["pytestmark"]] if "pytestmark" in named else []
    for test, expressions in _tests(tree.body, whole):
        for mark, value in dict.fromkeys(_named(expressions, named)):
            yield Held(file, test, mark, value)


def _tests(body: Iterable[ast.stmt], outer: list[ast.expr]) -> Iterator[tuple[str, list[ast.expr]]]:
    """Each test with the decorators of itself and of what it stands in."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _tests(node.body, outer + node.decorator_list)
        elif isinstance(node, Function) and node.name.startswith("test_"):
            yield node.name, outer + node.decorator_list


def _named(
    expressions: Iterable[ast.expr], named: Mapping[str, ast.expr]
) -> Iterator[tuple[str, str]]:
    """The marks in expressions, and in the module's values that these name."""
    for expression in expressions:
        for node in ast.walk(expression):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr=("rfc" | "rule") as mark, value=ast.Attribute()),
                    args=arguments,
                ):
                    for argument in arguments:
                        yield mark, str(ast.literal_eval(argument))
                case ast.Name(id=name) if name in named:
                    yield from _named([named[name]], {})


def collected(directory: Path) -> list[Held]:
    """The marks of all tests below a directory."""
    return [
        held
        for file in sorted(directory.rglob("test_*.py"))
        for held in marks(file.relative_to(ROOT).as_posix(), file.read_text("utf-8"))
    ]


def titles(text: str) -> dict[tuple[str, str], str]:
    """RFC and section to title."""
    rows = [line.split(maxsplit=2) for line in text.splitlines() if line[:1].isdigit()]
    return {(rfc, section): title for rfc, section, title in rows}


def page(held: Iterable[Held], known: Mapping[tuple[str, str], str]) -> str:
    """The page. Raises UnknownSection."""
    by_section: dict[tuple[str, str], list[Held]] = defaultdict(list)
    by_rule: dict[str, list[Held]] = defaultdict(list)
    for one in held:
        if one.mark == "rule":
            by_rule[one.value].append(one)
            continue
        rfc, _, section = one.value.partition(" ")
        if (rfc, section) not in known:
            where = SECTIONS.relative_to(ROOT)
            raise UnknownSection(
                f"{one.file}: {one.test} names RFC {one.value}, which {where} does not know"
            )
        by_section[rfc, section].append(one)
    return "\n".join(
        [HEAD, *_overview(by_section, known), *_rfcs(by_section, known), *_rules(by_rule)]
    )


def _overview(
    by_section: Mapping[tuple[str, str], list[Held]], known: Mapping[tuple[str, str], str]
) -> Iterator[str]:
    yield "| RFC | About | Sections | Tests |"
    yield "|---|---|---:|---:|"
    for rfc in sorted({rfc for rfc, _ in by_section}, key=int):
        groups = [tests for (of, _), tests in by_section.items() if of == rfc]
        count = len({(one.file, one.test) for tests in groups for one in tests})
        yield f"| [{rfc}](#rfc-{rfc}) | {known[rfc, NAMED]} | {len(groups)} | {count} |"
    yield ""


def _rfcs(
    by_section: Mapping[tuple[str, str], list[Held]], known: Mapping[tuple[str, str], str]
) -> Iterator[str]:
    last = ""
    for rfc, section in sorted(by_section, key=_order):
        if rfc != last:
            yield f"## RFC {rfc}\n\n{known[rfc, NAMED]}.\n"
            last = rfc
        link = f"https://www.rfc-editor.org/rfc/rfc{rfc}#section-{section}"
        yield f"### [{section}]({link}) {known[rfc, section]}\n"
        yield from _listed(by_section[rfc, section])


def _rules(by_rule: Mapping[str, list[Held]]) -> Iterator[str]:
    yield "## What clients demand\n"
    yield "No standard says all of it, and some client fails with every server that breaks one.\n"
    for rule, sentence in RULES.items():
        yield f"### {rule} {sentence}\n"
        yield from _listed(by_rule[rule])


def _listed(held: Iterable[Held]) -> Iterator[str]:
    """The tests by file, as a list."""
    by_file: dict[str, list[str]] = defaultdict(list)
    for one in sorted(set(held)):
        by_file[one.file].append(one.test.removeprefix("test_").replace("_", " "))
    for file, tests in by_file.items():
        name = file.removeprefix("tests/")
        yield f"- [{name}](../{file}): {'; '.join(dict.fromkeys(tests))}"
    yield ""


def _order(place: tuple[str, str]) -> tuple[int, list[int]]:
    rfc, section = place
    return int(rfc), [int(part) for part in section.split(".")]


def main() -> int:
    """Writes the page; the exit status."""
    try:
        text = page(collected(ROOT / "tests"), titles(SECTIONS.read_text("utf-8")))
    except UnknownSection as error:
        print(error, file=sys.stderr)
        return 1
    PAGE.write_text(text, "utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
