"""expand-property (RFC 3253 §3.8): properties of the resources that properties name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from caldavd.acl.privileges import Privilege
from caldavd.dav.message import Response
from caldavd.dav.property import Table
from caldavd.dav.resolve import Target, require, resolve
from caldavd.dav.respond import Mode, Selection, Wanted, multistatus
from caldavd.dav.row import RunRead
from caldavd.dav.server import Context
from caldavd.dav.wanted import MAX_NAMES
from caldavd.errors import Failed
from caldavd.names import DAV
from caldavd.store.engine import ReadTx
from caldavd.xml import write
from caldavd.xml.parse import Element, elements, parse, serialized, text

MAX_DEPTH: Final = 4
MAX_RESOURCES: Final = 200
PROPERTY: Final = DAV + "property"
_LOCAL: Final = re.compile(r"[^\W\d][\w.\-]*")
_NAMESPACE: Final = re.compile(r"[^\s{}<>&\"']*")


@dataclass(frozen=True, slots=True)
class Expansion:
    """A property, and what to show of each resource that its value names."""

    name: str
    inner: tuple[Expansion, ...] = ()


@dataclass(slots=True)
class _Budget:
    """How many resources may still be looked at."""

    left: int = field(default=MAX_RESOURCES)


def parse_expansions(context: Context, root: Element, wanted: Wanted) -> Sequence[Expansion]:
    """Raises Failed(400) for more than MAX_DEPTH levels or MAX_NAMES properties."""
    if sum(1 for _ in root.iter(PROPERTY)) > MAX_NAMES:
        raise Failed(400, f"expand-property names at most {MAX_NAMES} properties")
    return _expansions(root, MAX_DEPTH)


def runner(tables: Callable[[], Table]) -> RunRead:
    """The `run` of the report over a table of properties."""

    async def run(
        tx: ReadTx, context: Context, target: Target, query: Sequence[Expansion]
    ) -> Response:
        require(target, Privilege.READ)
        content = await _response(tx, context, tables(), target, query, _Budget())
        body = write.document(DAV + "multistatus", content)
        return Response(207, (("Content-Type", write.CONTENT_TYPE),), body)

    return run


def _expansions(parent: Element, levels: int) -> tuple[Expansion, ...]:
    found = [child for child in elements(parent) if child.tag == PROPERTY]
    if found and levels == 0:
        raise Failed(400, f"expand-property goes at most {MAX_DEPTH} levels deep")
    return tuple(Expansion(_name(child), _expansions(child, levels - 1)) for child in found)


def _name(element: Element) -> str:
    """The Clark name that a DAV:property names by its attributes. Raises Failed(400)."""
    namespace, local = element.get("namespace", "DAV:"), element.get("name", "")
    if _LOCAL.fullmatch(local) is None or _NAMESPACE.fullmatch(namespace) is None:
        raise Failed(400, "a DAV:property names no property: send name, and perhaps namespace")
    return f"{{{namespace}}}{local}" if namespace else local


async def _response(
    tx: ReadTx,
    context: Context,
    table: Table,
    target: Target,
    query: Sequence[Expansion],
    budget: _Budget,
) -> str:
    """The DAV:response for one resource, with hrefs expanded where that was asked for."""
    budget.left -= 1
    if budget.left < 0:
        raise Failed(507, f"expand-property shows at most {MAX_RESOURCES} resources")
    wanted = Wanted(Mode.PROP, tuple(dict.fromkeys(one.name for one in query)))
    answer = await multistatus(
        tx, context, table, Selection([(target.href, target.resource)]), wanted
    )
    response = parse(answer.body).find(DAV + "response")
    if response is None:
        raise AssertionError("a multistatus for one resource has one response")
    for one in query:
        if one.inner:
            await _expand(tx, context, table, response, one, budget)
    return serialized(response)


async def _expand(
    tx: ReadTx,
    context: Context,
    table: Table,
    response: Element,
    one: Expansion,
    budget: _Budget,
) -> None:
    shown = [prop for prop in response.iterfind(f"{DAV}propstat/{DAV}prop/*")]
    for element in (prop for prop in shown if prop.tag == one.name):
        for href in element.findall(DAV + "href"):
            try:
                path = context.urls.parse(text(href))
                named = await resolve(tx, context, path)
            except Failed:
                continue
            if Privilege.READ not in named.privileges:
                continue
            inner = await _response(tx, context, table, named, one.inner, budget)
            element.replace(href, parse(inner.encode()))
