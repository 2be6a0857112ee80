"""Bodies to elements, and elements back to texts that stand by themselves."""

from __future__ import annotations

import defusedxml.ElementTree
import pytest
from defusedxml.common import DefusedXmlException
from lxml import etree

from caldavd.errors import NO_EXTERNAL_ENTITIES, Failed, Refused
from caldavd.xml.parse import MAX_DEPTH, parse, raw_text, serialized, text

ATTACKS = {
    "harmless doctype": b"<!DOCTYPE a><a/>",
    "entity": b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
    "bomb": b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><a>&b;</a>',
    "external entity": b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
    "external DTD": b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><a/>',
    "UTF-16": '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
}


@pytest.mark.rfc("4918 20.6")
@pytest.mark.parametrize("body", ATTACKS.values(), ids=ATTACKS)
def test_what_defusedxml_refuses_is_refused(body: bytes):
    with pytest.raises(DefusedXmlException):
        defusedxml.ElementTree.fromstring(body, forbid_dtd=True)

    with pytest.raises(Refused) as refused:
        parse(body)

    assert refused.value.condition is NO_EXTERNAL_ENTITIES


@pytest.mark.parametrize(
    "body", [b"", b"<a>", b"<a/><b/>", b"<x:a/>", b"\xff\xfe", b"<a>&#1;</a>", b"<a>\x00</a>"]
)
def test_what_is_not_well_formed_is_refused(body: bytes):
    with pytest.raises(Failed) as failed:
        parse(body)

    assert failed.value.status == 400


def test_elements_nest_so_deep_and_no_deeper():
    assert parse(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH).tag == "a"

    with pytest.raises(Failed, match="deep"):
        parse(b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1))


def test_text_is_stripped_and_raw_text_is_not():
    element = parse(b"<a> b<c>d</c> </a>")

    assert (text(element), raw_text(element), text(None)) == ("bd", " bd ", "")


@pytest.mark.rfc("4918 4.3")
def test_a_serialised_element_keeps_language_namespaces_and_attributes():
    body = b'<D:p xmlns:D="DAV:" xmlns:x="urn:x" xml:lang="de"><x:a b="1">&#13;</x:a>tail</D:p>'

    alone = serialized(parse(body)[0])

    again = etree.fromstring(alone)
    assert again.tag == "{urn:x}a"
    assert dict(again.attrib) == {"b": "1", "{http://www.w3.org/XML/1998/namespace}lang": "de"}
    assert (again.text, "tail" in alone) == ("\r", False)
