"""Opens the files of one survey as one table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from surveycli.errors import bad_input
from surveycli.survey.files.open import open_table
from surveycli.survey.files.parts import find_sources
from surveycli.survey.files.table import SurveyTable


def open_survey(paths: Sequence[Path]) -> SurveyTable:
    """Return the columns and rows of a survey's files: files, folders of files, archives and files within them."""
    sources = find_sources(paths)
    if len(sources) > 1:
        names = ", ".join(source.path.name for source in sources[:5])
        raise bad_input(f"{paths[0]} holds {len(sources)} survey files: {names}.", f"Name one: `{sources[0].path}`.")
    return open_table(sources[0])
