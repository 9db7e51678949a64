"""Opens the files of one survey as one table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from surveycli.errors import bad_input, usage
from surveycli.survey.files.open import open_table
from surveycli.survey.files.source import SourceFile
from surveycli.survey.files.table import SurveyTable
from surveycli.survey.several.called import called_together
from surveycli.survey.several.find import find_sources
from surveycli.survey.several.join import join_tables
from surveycli.survey.several.stack import stack_tables


def open_survey(paths: Sequence[Path], *, join_on: Sequence[str] = (), by_code: bool = False) -> SurveyTable:
    """Return the columns and rows of a survey's files: files, folders of files, archives and files within them.

    Several are put below each other; with `by_code` their codes mean the same, whatever the labels. With `join_on`,
    columns that say who a respondent is, they are put beside each other. Raises SurveyError: exit 3 where two files are
    the same, or a file belongs to another survey, 2 where there is one file and nothing to join.
    """
    sources = _different(paths)
    if len(sources) == 1 and join_on:
        raise usage("--join-on joins several files, and this is one.", "Name the other files, too, or leave it out.")
    if len(sources) == 1:
        return open_table(sources[0])
    tables, together = [open_table(source) for source in sources], called_together(sources, paths)
    return join_tables(tables, join_on, together) if join_on else stack_tables(tables, together, by_code=by_code)


def survey_hash(paths: Sequence[Path]) -> str:
    """Return the hash by which the store knows the content of a survey's files. Raises SurveyError (exit 3)."""
    sources = _different(paths)
    return sources[0].sha256 if len(sources) == 1 else called_together(sources, paths).sha256


def _different(paths: Sequence[Path]) -> tuple[SourceFile, ...]:
    """Return the files of a survey. Raises SurveyError (exit 3) where two have the same content."""
    sources = find_sources(paths)
    seen: dict[str, Path] = {}
    for source in sources:
        if source.sha256 in seen:
            raise bad_input(f"{source.path} and {seen[source.sha256]} have the same content.", "Leave one of them out.")
        seen[source.sha256] = source.path
    return sources
