"""Content from strangers: what is read, and what is refused before it does harm."""

from __future__ import annotations

import time

import pytest

from surveycli.errors import SurveyError
from surveycli.untrusted.json_text import parse_json
from surveycli.untrusted.literal import parse_literal
from surveycli.untrusted.number import read_number, read_whole
from surveycli.untrusted.table_text import parse_rows
from surveycli.untrusted.text import UnreadableError, excerpt, is_plain, one_line, plain, shown
from surveycli.untrusted.yaml_text import parse_yaml

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{inner}: &{inner} [{', '.join([f'*{outer}'] * 9)}]\n" for outer, inner in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text, 中文, e\u0301, 👩‍🔬, \u200fعربي", "plain text, 中文, e\u0301, 👩‍🔬, \u200fعربي"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb\rc\x0bd\u2028e", "a\nb\nc\nd\ne"),
        ("\x1b[31mred\x1b[0m\x07\x00", "[31mred[0m"),
        ("\u202egnp.exe\u2066", "gnp.exe"),
        ("Don\x92t know\x85", "Don’t know…"),
        ("\x9b31m\x81", "›31m"),
        ("half \ud83d", "half \ufffd"),
    ],
)
def test_text_is_left_without_controls(text: str, expected: str) -> None:
    """Letters of all scripts, tabs and line ends stay; what steers a terminal or cannot be encoded goes."""
    assert plain(text) == expected
    assert plain(expected) == expected
    assert expected.encode()
    assert is_plain(text) == (text == expected)


def test_excerpts_are_short() -> None:
    """However long a text or deep a value, its excerpt is one short line."""
    deep: object = "x"
    for _ in range(900):
        deep = [deep, deep]
    assert len(shown(deep)) <= 103
    assert len(shown({"a" * 10**6: "b" * 10**6})) <= 200
    assert excerpt("x" * 10**7) == "x" * 200 + "..."
    assert one_line("a\r\n\t b\x00") == "a b"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "nested deeper"),
        ("[" * 60 + "]" * 60, "nested deeper"),
        ("9" * 5000, "5,000 digits"),
        ("1e999", "beyond all bounds"),
        ("NaN", "not JSON"),
        ("[Infinity]", "not JSON"),
        ('"\\ud800"', "half a character"),
        ('{"\\udfff": 1}', "half a character"),
        ('{"a": 1, "a": 2}', "occurs twice"),
        ('{"a": ', "line 1"),
        ("", "line 1"),
    ],
)
def test_json_beyond_its_bounds_is_refused(text: str, reason: str) -> None:
    """Depth, digits, constants that are not JSON, doubled keys and half characters: each with its reason."""
    with pytest.raises(UnreadableError, match=reason):
        parse_json(text)


def test_json_within_its_bounds_is_read() -> None:
    """Whole pairs of surrogates are one character; whole numbers stay whole."""
    assert parse_json('{"a": [1, -2.5, "\\ud83d\\ude00", null, true]}') == {"a": [1, -2.5, "😀", None, True]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "aliases expanded"),
        ("[" * 100_000, "nested deeper than 24 levels in line 1"),
        ("- " * 300 + "x", "nested deeper"),
        ("a: &a [*a]", r"alias \*a in line 1 stands for nothing"),
        ("a: *b", r"alias \*b in line 1"),
        ("a:\n  b: !!python/object:os.system x", "tag .* in line 2"),
        ("!!timestamp x", "tag"),
        ("!!bool x", "tag"),
        ("a: 1\nb: 2\na: 3", "'a' stands there twice in line 3"),
        ("1: a\n1.0: b", "stands there twice"),
        ("? [a]\n: b", "key"),
        ("a: 9" + "9" * 5000, "5,001 digits in line 1"),
        ("a: 0x" + "f" * 5000, "digits in line 1"),
        ("a: 0x_", "not a number in line 1"),
        ("a: .nan", "not a finite number in line 1"),
        ("a: -.inf", "not a finite number in line 1"),
        ("a: 1e400", None),
        ("a: [", "line"),
        ("a: b: c", "line 1"),
        ("--- a\n--- b", "line 2"),
        ("a: \x1b", "special characters|control"),
        ("<<: 5", "merging"),
    ],
)
def test_yaml_beyond_its_bounds_is_refused(text: str, reason: str | None) -> None:
    """Alias bombs, depth, tags, doubled keys and numbers of thousands of digits: at once, with the line."""
    began = time.monotonic()
    if reason is None:
        assert parse_yaml(text) == {"a": "1e400"}  # YAML 1.1 wants a point in a fraction: it is a text
        return
    with pytest.raises(UnreadableError, match=reason):
        parse_yaml(text)
    assert time.monotonic() - began < 10


def test_yaml_within_its_bounds_is_read() -> None:
    """Aliases, merged mappings, dates and every kind of value; a date is the text that it is."""
    text = "base: &b {1: Yes, 2: 'No'}\nmore: {<<: *b, 2: Perhaps}\nat: 2024-99-99\nx: [1, 2.5, null, ~, \"\\e[1m\"]"
    assert parse_yaml(text) == {
        "base": {1: True, 2: "No"},
        "more": {1: True, 2: "Perhaps"},
        "at": "2024-99-99",
        "x": [1, 2.5, None, None, "[1m"],
    }


@pytest.mark.parametrize(
    "text",
    [
        "[" * 300 + "]" * 300,
        "-" * 100_000 + "1",
        "+".join("1" * 100_000),
        "9" * 309,
        "1e9999",
        "__import__('os')",
        "'a'('b')",
        "[1]" + "[0]" * 10_000,
        "{'a': nan}",
        "{[1]: 2}",
        "[1",
        "f'{1}'",
        "'a" + "b" * (1 << 20) + "'",
        "",
        "[" * 9 + "(" * 9,
    ],
)
def test_what_is_no_literal_is_refused(text: str) -> None:
    """Names, operators, depth and digits: nothing but a plain literal reaches Python's own parser."""
    with pytest.raises(UnreadableError):
        parse_literal(text)


def test_literals_are_read() -> None:
    """Lists, dictionaries, tuples, texts with escapes, numbers and constants."""
    value = {"K'enya": [0.25, -1, 1e-3, None, True], 'Ja"pan': ("\u00e9\n", "a\\b")}
    assert parse_literal(repr(value)) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [("a,b\n\n" + "x" * 140_000, "line 3"), ('a\n"b', "line 2"), ('a\nb\n"c"d', "line 3")],
)
def test_a_damaged_table_names_the_line(text: str, reason: str) -> None:
    """A cell without end, an open quotation mark, text after a closed one."""
    with pytest.raises(UnreadableError, match=reason):
        list(parse_rows(text))


def test_rows_know_the_line_in_which_they_begin() -> None:
    """Cells may have line breaks, and blank rows do not count."""
    rows = list(parse_rows('a;b\n"1\n2";x\n;\nlast;y', ";"))
    assert rows == [(1, ["a", "b"]), (2, ["1\n2", "x"]), (5, ["last", "y"])]


def test_numbers_are_finite_and_short() -> None:
    """What Python alone reads as a number, and what no survey counts, is not a number."""
    assert [read_number(text) for text in ("2", "-2.50", "1e3", ".5", "5.")] == [2, -2.5, 1000, 0.5, 5]
    assert {read_number(text) for text in ("nan", "inf", "1e999", "1_0", "٣", "", "0x1", "9" * 400)} == {None}
    assert [read_whole(text) for text in ("2", "-1.0", "+3.", "9" * 25)] == [2, -1, 3, int("9" * 25)]
    assert {read_whole(text) for text in ("2.5", "9" * 26, "", ".0", "²", "1e3")} == {None}


def test_an_error_is_plain_and_short() -> None:
    """Whatever an error quotes, its message steers no terminal and fills no screen."""
    error = SurveyError("found \x1b[31m" + "x" * 10_000, hint="Look.")
    assert is_plain(error.message) and len(error.message) < 2100
    assert str(error).endswith("x... Look.")
