"""Tables as people and programs read them: every value, in every format, in the width there is."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import datetime
from decimal import Decimal

import polars as pl
import pytest

from surveycli.cli.layout import table_lines
from surveycli.cli.options import TableFormat
from surveycli.cli.render import print_frame
from surveycli.row_text import Heading, csv_lines, json_lines, latex_lines, markdown_lines, rounded_by_error
from surveycli.value_text import cell_text, json_text

HEADINGS = [Heading("run_id"), Heading("paper_one_minus_jsd", is_number=True), Heading("text")]
ROWS = [("item-mean-1", 0.81234567, "Very | good\nor not"), ("uniform-1", None, "早上好 " * 10)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0.123456, "0.1235"),
        (12345.6, "12,345.6"),
        (-1e-17, "0.0000"),
        (7, "7"),
        (Decimal("0E-10"), "0.0000000000"),
        (math.nan, "nan"),
        (True, "true"),
        (b"a\xff", "a\\xff"),
        (["a", 1.5, None], '["a", 1.5, null]'),
        (datetime(2026, 1, 2, 3, 4), "2026-01-02 03:04"),
        ("a\x1b[31mb\x07\tc\x9b", "a[31mb c›"),
    ],
)
def test_a_cell_is_short(value: object, text: str) -> None:
    """NULL is nothing, fractions have four decimals, times have minutes, and no control character is left."""
    assert cell_text(value) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, Decimal("NaN"), None])
def test_what_json_has_no_number_for_is_null(value: object) -> None:
    """NaN and Infinity, alone and within lists and structs, are null; the rest is as exact as it was."""
    assert json.loads(json_text(value)) is None
    nested = {"a": [value, 10**30, Decimal("0.10"), 0.1], 2: "早\ud800\x00"}
    for ascii_only in (False, True):
        assert json.loads(json_text(nested, ascii_only=ascii_only)) == {
            "a": [None, 10**30, 0.1, 0.1],
            "2": "早\ud800\x00",
        }
    assert "0.10," in json_text(nested)
    assert json_text(nested, ascii_only=True).isascii()


def test_csv_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Commas, quotes and line ends survive, NULL and an empty text are told apart, numbers are exact."""
    rows = [(0.1, 'a "quoted", text\nof two lines', None), (1e-300, "", "\x1b[31m")]
    text = "\n".join(csv_lines([Heading("x,y"), Heading("b"), Heading("c")], rows, shown=False)) + "\n"
    header, *found = csv.reader(io.StringIO(text))
    assert header == ["x,y", "b", "c"]
    assert [(float(x), b, c) for x, b, c in found] == [
        (0.1, 'a "quoted", text\nof two lines', ""),
        (1e-300, "", "\x1b[31m"),
    ]
    assert text.splitlines()[-1] == '1e-300,"",\x1b[31m'
    assert "\x1b" not in "".join(csv_lines(HEADINGS, [("\x1b[31m", 1, "")], shown=True))


def test_json_has_a_key_for_each_column() -> None:
    """Columns of one name get keys of their own, and no rows are an empty list."""
    headings = [Heading("a"), Heading("a"), Heading("a_1")]
    assert json.loads("\n".join(json_lines(headings, [(1, 2, 3), (4, 5, 6)], ascii_only=False))) == [
        {"a": 1, "a_1": 2, "a_1_1": 3},
        {"a": 4, "a_1": 5, "a_1_1": 6},
    ]
    assert json.loads("\n".join(json_lines(headings, [], ascii_only=True))) == []


def test_latex_escapes_what_it_must() -> None:
    """Each special character is escaped once, and a line's end within a cell does not end a line of the source."""
    lines = list(latex_lines([Heading("a_b")], [("50% & more {x} \\ ~^\nnext",)]))
    assert lines[0] == r"\begin{tabular}{l}"
    assert lines[2] == r"a\_b \\"
    assert lines[4] == r"50\% \& more \{x\} \textbackslash{} \textasciitilde{}\textasciicircum{} next \\"


def test_markdown_keeps_a_row_on_a_line() -> None:
    """A bar does not open a column, a line's end does not close the row; numbers stand on the right."""
    assert list(markdown_lines(HEADINGS, ROWS[:1])) == [
        "| run_id | paper_one_minus_jsd | text |",
        "| --- | ---: | --- |",
        "| item-mean-1 | 0.8123 | Very \\| good<br>or not |",
    ]


def drawn(width: int | None) -> list[str]:
    return list(table_lines(HEADINGS, ROWS, width=width, rule="-"))


def test_a_table_stays_in_its_width() -> None:
    """A text is broken between words, a heading at its underscores, and a Chinese letter counts as two columns."""
    from rich.cells import cell_len

    for width in (60, 45, 40):
        lines = drawn(width)
        assert max(map(cell_len, lines)) <= width
        assert any("0.8123" in line and "item-mean-1" in line for line in lines)
        assert sum(line.count("早上好") for line in lines) == 10
    assert drawn(60)[1].split() == ["run_id", "minus_jsd", "text"]


def test_columns_that_do_not_fit_go_below() -> None:
    """Where whole numbers and short texts do not fit side by side there are blocks, each with the first column."""
    lines = drawn(38)
    blocks = "\n".join(lines).split("\n\n")
    assert len(blocks) == 2
    assert all("item-mean-1" in block and "uniform-1" in block for block in blocks)
    assert sum("0.8123" in block for block in blocks) == 1


def test_a_number_is_never_broken() -> None:
    """A number that is wider than the terminal stays whole all the same, whatever the width."""
    for width in range(1, 30):
        assert any(
            "170141183460469231731687303715884105727" in line
            for line in table_lines([Heading("n", is_number=True)], [(2**127 - 1,)], width=width, rule="-")
        )


def test_a_file_gets_each_row_on_as_few_lines_as_it_has() -> None:
    """Without a width nothing is broken, and rows are passed on before the last one is there."""
    assert len(drawn(None)) == 2 + 3
    endless = ((f"r{number}", number, "x") for number in iter(int, 1))
    lines = table_lines(HEADINGS, endless, width=None, rule="-")
    assert sum(1 for _ in zip(range(5000), lines, strict=False)) == 5000


def test_a_frame_of_any_type_prints_in_any_format(capsys: pytest.CaptureFixture[str]) -> None:
    """Frames of our own print nested values, times and bytes in every format."""
    frame = pl.DataFrame({"l": [[1, 2]], "s": [{"a": 1.5}], "t": [datetime(2026, 1, 2)], "b": [b"\x00"], "n": [None]})
    for form in TableFormat:
        print_frame(frame, form)
        assert "1, 2" in capsys.readouterr().out.replace(r"\_", "_")


def test_estimates_have_the_digits_that_their_intervals_allow() -> None:
    """Two digits of the narrowest half-width, other fractions one more; without intervals a table stays as it is."""
    frame = pl.DataFrame(
        {
            "run": ["a", "b", "c"],
            "n": [3, 4, 5],
            "score": [0.66171, 0.84983, None],
            "low": [0.5383, 0.82501, None],
            "high": [0.785, 0.8746, math.inf],
            "other": [0.123456, 1234.5, None],
        }
    )
    assert rounded_by_error(frame).rows() == [
        ("a", 3, "0.662", "0.538", "0.785", "0.1235"),
        ("b", 4, "0.850", "0.825", "0.875", "1,234.5000"),
        ("c", 5, None, None, "inf", None),
    ]
    wide = pl.DataFrame({"run": ["a"], "n_equivalent": [120.4], "low": [90.0], "high": [150.0]})
    assert rounded_by_error(wide).rows()[0] == ("a", "120", "90", "150")
    plain = frame.drop("high")
    assert rounded_by_error(plain).equals(plain)


def test_blocks_of_a_wide_table_repeat_the_names_of_rows() -> None:
    """Where columns do not fit side by side, each block says whose rows they are: all texts before the first number."""
    headings = [Heading("run_id"), Heading("part"), *(Heading(f"metric_{n}", is_number=True) for n in range(12))]
    lines = list(table_lines(headings, [("item-mean-1", "C2-Q1", *[0.5] * 12)], width=60, rule="-"))
    assert sum(line.startswith("item-mean-1  C2-Q1") for line in lines) == lines.count("") + 1 > 1
