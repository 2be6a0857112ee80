"""Elements, escapes and documents as text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from caldavd.names import CALDAV, DAV
from caldavd.xml import write

LEGAL = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff").filter(
        lambda c: c >= " " or c in "\t\n\r"
    )
)


def test_known_namespaces_use_the_prefixes_of_the_root():
    assert write.element(CALDAV + "comp") == "<C:comp/>"


def test_a_foreign_namespace_is_declared_on_its_element():
    element = write.element('{urn:x"&}thing', "1")

    assert element == '<x:thing xmlns:x="urn:x&quot;&amp;">1</x:thing>'


def test_a_name_without_namespace_is_in_none():
    assert etree.fromstring(write.element("thing", "1")).tag == "thing"


@given(LEGAL)
def test_a_text_comes_back_as_it_was_written(text: str):
    document = write.document(DAV + "x", write.escape(text))

    assert (etree.fromstring(document).text or "") == text


@given(LEGAL)
def test_an_attribute_comes_back_as_it_was_written(text: str):
    element = f'<a b="{write.attribute(text)}"/>'

    assert etree.fromstring(element.encode()).get("b") == text


@given(st.text())
def test_a_comment_cannot_end_early(text: str):
    (comment,) = etree.fromstring(f"<a>{write.comment(text)}</a>".encode())

    assert comment.tag is etree.Comment


def test_a_status_has_its_reason_phrase():
    assert write.status_line(404) == "<D:status>HTTP/1.1 404 Not Found</D:status>"
