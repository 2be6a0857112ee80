"""Request bodies to elements, with the limits that hostile XML calls for (RFC 4918 §20.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Final, TypeAlias

from lxml import etree

from caldavd.errors import NO_EXTERNAL_ENTITIES, Failed, Refused
from caldavd.names import XML_LANG

Element: TypeAlias = etree._Element

MAX_DEPTH: Final = 64
"""Deeper than any body an RFC defines; libxml2 itself stops at 256."""


MAX_MARKUP: Final = 100_000
"""Tags of a body, and equals signs, so attributes: each costs far more memory than its bytes."""
_ENCODING: Final = re.compile(rb"""<\?xml[^>]{0,99}?\sencoding\s*=\s*["']([^"'>]{0,40})""")
_ENCODINGS: Final = frozenset({b"utf-8", b"utf-16", b"us-ascii", b"iso-8859-1"})
"""In all of these the octet 0x3C is in every tag, so that tags can be counted."""


SMALL: Final = 16_000


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        strip_cdata=True,
    )


_PARSER: Final = _parser()
"""For small bodies: making one costs as much. lxml lets one thread at a time use it."""


def parse(body: bytes) -> Element:
    """The root element of a body. Raises Failed(400), or Refused for any DOCTYPE.

    A DOCTYPE is refused even if harmless: nothing in WebDAV needs one, and every entity attack
    does.
    """
    _check_markup(body)
    try:
        root = etree.fromstring(body, _PARSER if len(body) <= SMALL else _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        if b"<!DOCTYPE" in body[:4096] or b"<\x00!\x00D\x00O\x00C" in body[:4096]:
            raise _no_doctype() from None
        raise Failed(400, f"the body is not well-formed XML: {error}") from None
    if _has_doctype(root):
        raise _no_doctype()
    # As deep as that only with as many closing tags.
    if body.count(b"/") > MAX_DEPTH:
        _check_depth(root)
    return root


def _check_markup(body: bytes) -> None:
    """What must be known before a tree is built."""
    declared = _ENCODING.match(body[:200].lstrip(b"\xef\xbb\xbf \t\r\n"))
    if declared is not None and declared[1].lower() not in _ENCODINGS:
        raise Failed(400, "the body is in an encoding that is not known here: send UTF-8")
    if b"<" not in body[:200]:
        raise Failed(400, "the body is not XML")
    if max(body.count(b"<"), body.count(b"=")) > MAX_MARKUP:
        raise Failed(400, f"the body has more than {MAX_MARKUP} tags or attributes")


def _has_doctype(root: Element) -> bool:
    return bool(root.getroottree().docinfo.doctype)  # type: ignore[attr-defined]


def _no_doctype() -> Refused:
    return Refused(NO_EXTERNAL_ENTITIES, "the body has a DOCTYPE: send it without one")


def _check_depth(root: Element) -> None:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise Failed(400, f"the body nests elements more than {MAX_DEPTH} deep")


def expect(root: Element, *names: str) -> Element:
    """The root, if it has one of these Clark names. Raises Failed(400)."""
    if root.tag not in names:
        raise Failed(400, f"the body is {root.tag}, where {' or '.join(names)} is expected")
    return root


def elements(parent: Element) -> Iterator[Element]:
    """The child elements; text, comments and instructions are passed over."""
    return (child for child in parent if isinstance(child.tag, str))


def child(parent: Element, name: str) -> Element | None:
    """The first child of that Clark name."""
    return parent.find(name)


def text(element: Element | None) -> str:
    """An element's text without surrounding white space; empty for None."""
    if element is None:
        return ""
    return raw_text(element).strip()


def raw_text(element: Element) -> str:
    """An element's text as it stands, white space kept."""
    if len(element) == 0:
        return element.text or ""
    return "".join(str(part) for part in element.itertext())


def serialized(element: Element) -> str:
    """The element as text that stands by itself: namespaces, attributes, `xml:lang` in scope."""
    lang = next(
        (
            ancestor.get(XML_LANG)
            for ancestor in (element, *element.iterancestors())
            if ancestor.get(XML_LANG) is not None
        ),
        None,
    )
    tail, element.tail = element.tail, None
    if lang is not None and element.get(XML_LANG) is None:
        element.set(XML_LANG, lang)
    try:
        # A copy by itself: only the namespaces that it uses, not all that were in scope.
        alone = deepcopy(element)
        etree.cleanup_namespaces(alone)
        return etree.tostring(alone, encoding="unicode", with_tail=False)
    finally:
        element.tail = tail
