"""Who may know whom (docs/architecture.md), and how long things may get."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
MAX_MODULE_LINES: Final = 400
MAX_FUNCTION_LINES: Final = 50

LEAVES: Final = frozenset({"__version__", "names", "errors", "model", "requestline"})
EVERYONE: Final = None
MAY_KNOW: Final[dict[str, frozenset[str] | None]] = {
    "__init__": frozenset(),
    "names": frozenset(),
    "errors": frozenset({"names"}),
    "model": frozenset({"names"}),
    "requestline": frozenset(),
    "languages": frozenset(),
    "clock": frozenset(),
    "setting_types": frozenset(),
    "mail_settings": frozenset({"setting_types"}),
    "settings": frozenset({"languages", "setting_types", "mail_settings"}),
    "config": frozenset({"settings"}),
    "ical": LEAVES,
    "itip": LEAVES | {"ical", "languages"},
    "acl": LEAVES,
    "xml": LEAVES,
    "store": LEAVES | {"languages"},
    "service": LEAVES | {"ical", "itip", "acl", "languages", "store"},
    # dav parses bodies into values of ical and itip before it has a transaction.
    # It also serves the zone database itself.
    "dav": LEAVES
    | {"clock", "service", "store", "ical", "itip", "languages", "xml", "acl", "zonedata"},
    "api": LEAVES | {"clock", "service", "store", "ical", "acl"},
    "auth": LEAVES | {"clock", "store"},
    "workers": LEAVES | {"clock", "service", "itip", "languages", "store"},
    "logs": frozenset(),
    "requestlog": LEAVES | {"logs"},
    "processes": frozenset(),
    "memory": frozenset(),
    "zonedata": frozenset(),
    "listeners": frozenset({"config", "settings"}),
    "metrics": LEAVES | {"store"},
    "traffic": frozenset({"clock"}),
    "front": LEAVES | {"clock", "dav", "metrics", "store", "traffic"},
    # A client of a running server: it knows no more of it than any client does.
    "doctor": LEAVES | {"xml"},
    "app": EVERYONE,
    "parts": EVERYONE,
    "feeds": EVERYONE,
    "mailing": EVERYONE,
    "cli": EVERYONE,
    "__main__": EVERYONE,
}
"""The layers that each may import from, itself aside; a new one needs a row and a reason."""

PURE: Final = frozenset({"ical", "itip", "acl", "languages", "xml"})
IMPURE_MODULES: Final = frozenset(
    {
        "asyncio",
        "logging",
        "os",
        "pathlib",
        "random",
        "secrets",
        "socket",
        "sqlite3",
        "subprocess",
        "tempfile",
        "threading",
        "time",
    }
)
CLOCK_METHODS: Final = frozenset({"now", "today", "utcnow"})
ONLY_IN: Final = {
    "aiohttp": (
        *("dav/http.py", "api/http.py", "front.py", "app.py", "doctor/client.py"),
        *("workers/fetch.py", "workers/subscriptions.py"),
    ),
    "icalendar": ("ical/", "itip/"),
    "recurring_ical_events": (),
    "sqlalchemy": ("store/",),
    "alembic": ("store/",),
    "sqlite3": ("store/",),
    "asyncpg": ("store/",),
    "lxml": ("xml/",),
    "aiosmtplib": ("workers/smtp.py",),
    "aiosmtpd": (),
    "click": ("cli/",),
}
"""Where a third-party package may be imported, as paths below the package."""


@dataclass(frozen=True, slots=True)
class Module:
    """A source file of the package, parsed."""

    path: str
    tree: ast.Module
    lines: int

    @property
    def layer(self) -> str:
        return self.path.partition("/")[0].removesuffix(".py")


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    """All of the package."""
    folder = ROOT / "caldavd"
    found = []
    for file in sorted(folder.rglob("*.py")):
        text = file.read_text()
        module = Module(file.relative_to(folder).as_posix(), ast.parse(text), text.count("\n"))
        found.append(module)
    assert len(found) > 20
    return found


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """The line and the full name of everything that a module imports."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def own_layer(name: str) -> str | None:
    """The layer of an imported name, None if it is not the package's."""
    package, _, rest = name.partition(".")
    if package != "caldavd":
        return None
    return rest.partition(".")[0] or "__version__"


def test_every_module_belongs_to_a_layer(modules: list[Module]) -> None:
    assert sorted({module.layer for module in modules} - MAY_KNOW.keys()) == []


def test_a_layer_imports_only_from_those_it_may_know(modules: list[Module]) -> None:
    offences = [
        f"{module.path}:{line} imports {name}"
        for module in modules
        for line, name in imports(module)
        if (known := MAY_KNOW.get(module.layer)) is not None
        and (layer := own_layer(name)) is not None
        and layer not in known | {module.layer}
    ]

    assert offences == []


def test_third_party_packages_stay_in_their_places(modules: list[Module]) -> None:
    offences = [
        f"{module.path}:{line} imports {name}"
        for module in modules
        for line, name in imports(module)
        if not module.path.startswith(ONLY_IN.get(name.partition(".")[0], ("",)))
    ]

    assert offences == []


def test_imports_are_absolute(modules: list[Module]) -> None:
    offences = [
        f"{module.path}:{node.lineno}"
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]

    assert offences == []


def test_pure_layers_never_wait(modules: list[Module]) -> None:
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    offences = [
        f"{module.path}:{node.lineno}"
        for module in modules
        if module.layer in PURE
        for node in ast.walk(module.tree)
        if isinstance(node, waiting)
    ]

    assert offences == []


def test_pure_layers_do_no_input_or_output(modules: list[Module]) -> None:
    offences = [
        f"{module.path}:{line} imports {name}"
        for module in modules
        if module.layer in PURE
        for line, name in imports(module)
        if name.partition(".")[0] in IMPURE_MODULES
    ]

    assert offences == []


def test_pure_layers_have_no_clock(modules: list[Module]) -> None:
    offences = [
        f"{module.path}:{node.lineno} calls {node.func.attr}()"
        for module in modules
        if module.layer in PURE
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCK_METHODS
    ]

    assert offences == []


def test_packages_have_empty_init_files(modules: list[Module]) -> None:
    offences = [
        module.path
        for module in modules
        if module.path.endswith("/__init__.py") and module.tree.body
    ]

    assert offences == []


def test_modules_are_short(modules: list[Module]) -> None:
    offences = [
        f"{module.path} has {module.lines} lines"
        for module in modules
        if module.lines > MAX_MODULE_LINES
    ]

    assert offences == []


def test_functions_fit_a_screen(modules: list[Module]) -> None:
    offences = [
        f"{module.path}:{node.lineno} {node.name} has {length} lines"
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    ]

    assert offences == []


def test_the_rules_see_an_offence() -> None:
    text = "from caldavd.dav.http import serve\nimport aiohttp.web\nasync def f(): await g()\n"
    module = Module("ical/bad.py", ast.parse(text), 3)

    names = [name for _, name in imports(module)]

    assert names == ["caldavd.dav.http.serve", "aiohttp.web"]
    assert [own_layer(name) for name in names] == ["dav", None]
    assert module.layer == "ical"
