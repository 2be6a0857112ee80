"""RFC 5545 §3.1, §3.2, RFC 6868: content lines, their parameters, the tree of components."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from caldavd.ical.contentline import (
    MAX_DEPTH,
    MAX_LINES,
    MAX_REMEMBERED,
    Component,
    Line,
    Malformed,
    assemble,
    parameter,
    parameters,
    read,
    read_lines,
    unescape,
    unfold,
    without_parameters,
)


def line(text: str) -> Line:
    [component] = read(f"BEGIN:X\n{text}\nEND:X")
    [found] = component.lines
    return found


def nested(depth: int) -> str:
    return "BEGIN:X\n" * depth + "END:X\n" * depth


def test_components_are_read_with_their_lines_in_order() -> None:
    text = "BEGIN:A\r\nX:1\r\nBEGIN:B\r\nY;P=2:3\r\nEND:B\r\nX:4\r\nEND:A\r\n"

    assert read(text) == [
        Component(
            "A",
            [Line("X", "", "1"), Line("X", "", "4")],
            [
                Component("B", [Line("Y", ";P=2", "3")]),
            ],
        )
    ]


def test_names_are_read_in_upper_case() -> None:
    assert read("begin:vEvent\ndtStart;tzid=a:b\nEnd:VEVENT") == [
        Component("VEVENT", [Line("DTSTART", ";tzid=a", "b")])
    ]


@pytest.mark.rfc("5545 3.1")
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\r\r\n"])
def test_folded_lines_are_joined(end: str) -> None:
    text = end.join(("A:1", " 2", "\t3", "  4", "B:5", ""))

    assert unfold(text) == "A:123 4\nB:5\n"


def test_a_byte_order_mark_and_blank_lines_are_no_content() -> None:
    assert read_lines("\ufeffA:1\n\n  \nB:2\n\n") == [("A", "", "1"), ("B", "", "2")]


@pytest.mark.rfc("5545 3.2")
def test_colons_semicolons_and_commas_in_quotes_part_nothing() -> None:
    found = line('X;P="a:b;c,d",e;Q=f:g:h')

    assert (found.value, parameters(found)) == ("g:h", {"P": ("a:b;c,d", "e"), "Q": ("f",)})


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (";P=", ("",)),
        (';P=""', ("",)),
        (";P=a,,b", ("a", "", "b")),
        (';P="a","b"', ("a", "b")),
        (';P=Ann "A" Ex', ("Ann A Ex",)),
        (";P=a;p=b", ("a", "b")),
    ],
)
def test_parameter_values(text: str, values: tuple[str, ...]) -> None:
    assert parameters(line(f"X{text}:")) == {"P": values}


@pytest.mark.rfc("6868 3.2")
def test_caret_encoding_is_decoded() -> None:
    assert parameter(line("X;CN=a^nb^'c^^d^e:"), "CN") == 'a\nb"c^d^e'


def test_a_parameter_that_is_not_there_is_none() -> None:
    assert parameter(line("X;TZID=a:"), "VALUE") is None


def test_parameters_are_left_out_by_name() -> None:
    found = line('X;tzid="a;b";X-Q=1;VALUE=DATE:')

    assert without_parameters(found, "TZID", "VALUE") == ";X-Q=1"


@pytest.mark.rfc("5545 3.3.11")
def test_escapes_are_undone() -> None:
    assert unescape(r"a\\nb\,c\;d\ne\Nf\x") == "a\\nb,c;d\ne\nfx"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "content line 1 is not NAME;PARAMETERS:VALUE"),
        ("BEGIN:X\n\nA;B\nEND:X", "content line 3 is not NAME;PARAMETERS:VALUE"),
        ('BEGIN:X\nA;B="c:d\nEND:X"', "content line 2 is not NAME;PARAMETERS:VALUE"),
        ("A:1", "content line 1: A stands outside a component"),
        ("BEGIN:X\nEND:Y", "content line 2: END:Y closes nothing"),
        ("END:X", "content line 1: END:X closes nothing"),
        ("BEGIN:X\nA:1", "BEGIN:X has no END"),
        ("A:\n" * (MAX_LINES + 1), f"the text has {MAX_LINES + 1} content lines, more than"),
        (nested(MAX_DEPTH + 1), f"content line {MAX_DEPTH + 1}: components nested over"),
    ],
)
def test_the_message_says_what_is_wrong_and_where(text: str, message: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(text)

    assert str(caught.value).startswith(message)


def test_the_deepest_nesting_and_the_longest_text_are_read() -> None:
    padding = "A:\n" * (MAX_LINES - 2 * MAX_DEPTH)

    assert len(read(nested(MAX_DEPTH).replace("END", padding + "END", 1))) == 1


def test_first_and_all_find_lines_by_name() -> None:
    [component] = read("BEGIN:X\nA:1\nB:2\nA:3\nEND:X")

    assert component.first("A") == Line("A", "", "1")
    assert component.first("C") is None
    assert list(component.all("A")) == [Line("A", "", "1"), Line("A", "", "3")]


ZONE = "BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n"
EVENT = "BEGIN:VEVENT\nUID:1\nEND:VEVENT\n"
LONG = ZONE.replace("TZID:X", "TZID:" + "X" * MAX_REMEMBERED)


@pytest.mark.parametrize(
    "inside",
    [
        ZONE + EVENT,
        EVENT + ZONE,
        ZONE + ZONE.replace("X", "Y") + EVENT + "X-A:1\n" + ZONE.replace("X", "Z"),
        ZONE + LONG + EVENT,
        ZONE.lower() + EVENT + ZONE,
        EVENT.replace("UID:1\n", ZONE) + ZONE.lower(),
        "BEGIN:VTIMEZONE\nEND:VTIMEZONE\n" + EVENT,
        ZONE.replace("TZOFFSETTO:+0100\n", nested(2)) + EVENT,
        ZONE.replace("X", "\r\n X") + EVENT,
        "\n\n" + ZONE + "\n" + EVENT,
        EVENT,
    ],
)
def test_components_are_the_same_whether_or_not_their_zones_are_known(inside: str) -> None:
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{inside}END:VCALENDAR\n"

    assert [read(text), read(text)] == [assemble(read_lines(text))] * 2


@pytest.mark.parametrize(
    "text",
    [
        ZONE,
        "BEGIN:VCALENDAR\n" + ZONE,
        "BEGIN:VCALENDAR\nEND:VCALENDAR\n" + ZONE + "BEGIN:X\nEND:X\n",
        "BEGIN:VCALENDAR\n" + ZONE + "?\nEND:VCALENDAR\n",
        "BEGIN:VCALENDAR\n" + ZONE.replace("TZID", "?") + "END:VCALENDAR\n",
        "BEGIN:VCALENDAR\n" + ZONE.replace("END:STANDARD\n", "") + "END:VCALENDAR\n",
        "BEGIN:VCALENDAR\n" + ZONE.replace("END:VTIMEZONE\n", "") + "END:VCALENDAR\n",
        "BEGIN:VCALENDAR\n" + "X:1\n" * MAX_LINES + ZONE + "END:VCALENDAR\n",
        nested(MAX_DEPTH - 1).replace("END", ZONE + "END", 1),
    ],
)
def test_faults_are_the_same_whether_or_not_zones_are_known(text: str) -> None:
    def told(reading: Callable[[str], list[Component]]) -> object:
        try:
            return reading(text)
        except Malformed as fault:
            return str(fault)

    assert told(read) == told(lambda text: assemble(read_lines(text)))


def test_equal_zones_of_two_texts_are_read_once() -> None:
    one, other = (read(f"BEGIN:VCALENDAR\n{ZONE}X:{n}\nEND:VCALENDAR\n")[0] for n in (1, 2))

    assert one.components[0] is other.components[0]
