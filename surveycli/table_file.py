"""Tables as files for other tools, each in the format that the file's ending names."""

from __future__ import annotations

import json
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from surveycli.errors import SurveyError, bad_input, usage
from surveycli.new_file import demand_free
from surveycli.row_text import Heading, Rows, csv_lines, json_lines, json_objects, latex_lines, markdown_lines

if TYPE_CHECKING:
    import polars as pl

_Lines = Callable[[list[Heading], Rows], Iterator[str]]
_AS_TEXT: Mapping[str, _Lines] = {
    ".csv": lambda headings, rows: csv_lines(headings, rows, shown=False),
    ".json": lambda headings, rows: json_lines(headings, rows, ascii_only=False),
    ".jsonl": json_objects,
    ".md": markdown_lines,
    ".tex": latex_lines,
}


def check_target(target: Path, *, replace: bool, more: str = "") -> None:
    """Raise SurveyError where a table cannot go to a file: exit 2 for its ending, 5 as `demand_free` does.

    `more` says what else the name may end in.
    """
    if target.suffix.lower() not in ENDINGS:
        hint = "The ending says which format to write." + (f" {more}" if more else "")
        raise usage(f"{target} should end in {', '.join(ENDINGS)}.", hint)
    demand_free(target, replace=replace)


def write_table(frame: pl.DataFrame, target: Path, sources: Sequence[str] = ()) -> None:
    """Write a frame in the format of the file's ending; a file of that name is replaced once the new one is whole.

    `sources` says in a line each where the data come from, and under what terms. They go where a format has a place for
    them: into Parquet's metadata, a second sheet of XLSX, the notes of SPSS. Text and Stata have none.

    Raises SurveyError: exit 2 for another ending, 3 where the file cannot be written, 5 where it is a store or folder.
    """
    check_target(target, replace=True)
    ending = target.suffix.lower()
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name[:40]}.", dir=target.parent) as folder:
            aside = Path(folder) / f"table{ending}"
            _write(frame, aside, ending, sources)
            aside.replace(target)
    except OSError as error:
        raise unwritable_file(target, error) from error


def write_lines(lines: Iterable[str], target: Path) -> None:
    """Write lines of text as they come, as `write_table` writes a file."""
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name[:40]}.", dir=target.parent) as folder:
            aside = Path(folder) / "lines"
            with aside.open("w", encoding="utf-8", newline="") as stream:
                stream.writelines(f"{line}\n" for line in lines)
            aside.replace(target)
    except OSError as error:
        raise unwritable_file(target, error) from error


def unwritable_file(target: Path, error: OSError) -> SurveyError:
    """Return the error (exit 3) for a file that cannot be written."""
    return bad_input(f"Cannot write {target}: {error.strerror}.", "Name a file in a folder that you may write to.")


def lines_of(target: Path, headings: list[Heading], rows: Rows) -> Iterator[str] | None:
    """Return rows as the lines of a file of text, None where its ending names a unknown format."""
    as_text = _AS_TEXT.get(target.suffix.lower())
    return None if as_text is None else as_text(headings, rows)


def _write(frame: pl.DataFrame, path: Path, ending: str, sources: Sequence[str]) -> None:
    if ending in _AS_TEXT:
        headings = [Heading(name, kind.is_numeric()) for name, kind in frame.schema.items()]
        write_lines(_AS_TEXT[ending](headings, frame.iter_rows()), path)
    else:
        _OTHERWISE[ending](frame, path, sources)


def _write_parquet(frame: pl.DataFrame, path: Path, sources: Sequence[str]) -> None:
    frame.write_parquet(path, metadata={"sources": "\n".join(sources)} if sources else None)


def _write_xlsx(frame: pl.DataFrame, path: Path, sources: Sequence[str]) -> None:
    import polars as pl
    from xlsxwriter import Workbook

    with Workbook(path) as book:
        _flat(frame).write_excel(book, worksheet="Data", autofilter=True, freeze_panes=(1, 0))
        if sources:
            pl.DataFrame({"source": list(sources)}).write_excel(book, worksheet="Sources", autofit=True)


def _write_labelled(frame: pl.DataFrame, path: Path, sources: Sequence[str]) -> None:
    """Write SPSS or Stata with a label for each column, which is its name in words."""
    import pyreadstat

    flat = _flat(frame)
    labels = [name.replace("_", " ") for name in flat.columns]
    if path.suffix.lower() == ".dta":
        pyreadstat.write_dta(flat, str(path), column_labels=labels)
    else:  # a line of SPSS's notes has 80 bytes
        lines = [line for source in sources for line in textwrap.wrap(source, 80, break_on_hyphens=False)]
        pyreadstat.write_sav(flat, str(path), column_labels=labels, note=lines or None)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with lists as JSON texts, for formats that have no lists."""
    import polars as pl

    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        pl.Series(name, [json.dumps(value, ensure_ascii=False) for value in frame[name].to_list()]) for name in nested
    )


_OTHERWISE: Mapping[str, Callable[[pl.DataFrame, Path, Sequence[str]], None]] = {
    ".parquet": _write_parquet,
    ".xlsx": _write_xlsx,
    ".sav": _write_labelled,
    ".dta": _write_labelled,
}
ENDINGS = (*_AS_TEXT, *_OTHERWISE)
