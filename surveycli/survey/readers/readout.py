"""What a reader hands on: respondents in batches, or ready distributions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from surveycli.domain import Scale
from surveycli.survey.files.batch import Batch, Skipped
from surveycli.survey.files.source import SourceFile
from surveycli.survey.items.codebook import Codebook, ItemSpec, ItemText, SurveyFacts
from surveycli.survey.items.file_items import LabelTaken
from surveycli.survey.population.demographics import Roles
from surveycli.survey.population.design_columns import UNKNOWN_DESIGN, DesignColumns
from surveycli.survey.population.population import TextPopulation, dont_know_label

if TYPE_CHECKING:
    import polars as pl

    from surveycli.survey.population.group_column import Groups


@dataclass(frozen=True, slots=True)
class DistributionFile:
    """Ready distributions.

    `shares` has item_id, population_id, option_code, n_respondents, share and share_unweighted (either share or the
    count may be null), one row per option that the file names. Options of the codebook without a row are zero.
    `missing`, where the file knows of missing answers, has item_id, population_id, status and share (of all answers).
    `also` are the other surveys of the file, and `described` the populations that have no id by country and groups.
    """

    source: SourceFile
    layout: str
    survey_id: str
    facts: SurveyFacts
    codebook: Codebook
    shares: pl.DataFrame
    skipped: tuple[Skipped, ...] = ()
    missing: pl.DataFrame | None = None
    also: tuple[DistributionFile, ...] = ()
    described: tuple[TextPopulation, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What of a file of respondents was taken for what, beside its items.

    `missing` are labels that were taken for missing answers, `volunteered` answers that were not read out.
    """

    profile: str = ""
    year: str = ""
    language: str = ""
    country: str = ""
    weight: str = ""
    design: str = ""
    missing: tuple[LabelTaken, ...] = ()
    volunteered: tuple[LabelTaken, ...] = ()


@dataclass(frozen=True, slots=True)
class RespondentFile:
    """Respondents' own answers, read in batches so that memory does not grow with their number.

    `missing` gives the status of each code that is not an answer; every other code must be in the codebook. `groups`
    are the columns that the user wants populations of. `design` are columns that batches have beside those to be
    stored, and `reading` says what was taken for what.
    """

    source: SourceFile
    layout: str
    survey_id: str
    facts: SurveyFacts
    codebook: Codebook
    roles: Roles
    missing: dict[int, str]
    groups: Groups
    batches: Callable[[], Iterator[Batch]]
    skipped: tuple[Skipped, ...] = ()
    design: DesignColumns = UNKNOWN_DESIGN
    reading: Reading = field(default_factory=Reading)

    def with_dont_know(self) -> RespondentFile:
        """Return the file with "don't know" as one more option of every item, under its own code.

        An item so widened is nominal: not knowing lies on no line with the other answers.
        """
        codes = tuple(code for code, status in self.missing.items() if status == "dont_know")
        missing = {code: status for code, status in self.missing.items() if code not in codes}
        items = tuple(_widened(item, codes) for item in self.codebook)
        return replace(self, codebook=replace(self.codebook, items=items), missing=missing)


def _widened(item: ItemSpec, extra: tuple[int, ...]) -> ItemSpec:
    codes = tuple(sorted((*item.codes, *extra)))
    texts = []
    for text in item.texts:
        labels = dict(zip(item.codes, text.labels, strict=True)) | dict.fromkeys(extra, dont_know_label(text.language))
        texts.append(ItemText(text.language, text.wording, tuple(labels[code] for code in codes)))
    return replace(item, codes=codes, texts=tuple(texts), scale=Scale.NOMINAL)
