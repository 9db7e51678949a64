"""Reads GlobalOpinionQA (Durmus et al. 2023): one CSV with the Pew and the WVS part, shares per country, no counts."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from surveycli.domain import Scale
from surveycli.errors import bad_input
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.cell import fold
from surveycli.survey.files.source import SourceFile
from surveycli.survey.items.codebook import Codebook, ItemSpec, ItemText, SurveyFacts
from surveycli.survey.items.label_rules import status_of_label
from surveycli.survey.items.ladder import scale_of_labels
from surveycli.survey.places.match import match_countries, split_sample
from surveycli.survey.population.population import dont_know_label
from surveycli.survey.readers.goqa_row import COLUMNS, GoqaRow, readable_rows
from surveycli.survey.readers.readout import DistributionFile

if TYPE_CHECKING:
    import polars as pl

LAYOUT = "globalopinionqa"
_PARTS = {
    "GAS": ("goqa-gas", "GlobalOpinionQA, Pew Global Attitudes part"),
    "WVS": ("goqa-wvs", "GlobalOpinionQA, World Values Survey part"),
}
_CITATION = (
    "Durmus, E., Nguyen, K., Liao, T. I. et al. 2023. Towards Measuring the Representation of Subjective Global"
    " Opinions in Language Models. arXiv:2306.16388"
)
_SOURCE = "https://huggingface.co/datasets/Anthropic/llm_global_opinions"
# Published shares are rounded to two decimals or so; further from 1 than this they are renormalised, but said so.
_ROUNDING = 0.03
# Which of two samples of one country stands for it: the lowest rank.
_SAMPLE_RANK = {"": 0, "current national sample": 0, "national sample": 0, "old national sample": 1}
_OTHER_SAMPLE_RANK = 2
_DONT_KNOW_CODE = -1


# An option's code, or a missing status, for each place of a list of shares.
_Places: TypeAlias = tuple[int | str, ...]


def is_goqa(columns: Sequence[str]) -> bool:
    """Tell whether a table with these columns is GlobalOpinionQA."""
    return {name.strip().lower() for name in columns} >= COLUMNS


def read_goqa(source: SourceFile, table: pl.DataFrame, options: IngestOptions) -> DistributionFile:
    """Return the distributions of both parts, surveys goqa-gas and goqa-wvs, one being the other's `also`.

    A part without any shares is left out. Non-answers (don't know, refused) are kept apart with their share;
    the other shares sum to 1 again. Rows and cells that cannot be used are counted in `skipped`. Raises SurveyError
    (exit 3) for unknown country labels, and where no row can be used.
    """
    skipped: Counter[tuple[str, str]] = Counter()
    rows = list(readable_rows(table, skipped))
    if not rows:
        raise bad_input(
            f"{source.path.name}: none of its {table.height} rows holds selections, options and a source GAS or WVS.",
            "The columns have to be as published: defaultdict(<class 'list'>, {'Kenya': [0.4, 0.6]}), ['Yes', 'No'].",
        )
    labels = sorted({label for row in rows for label in row.shares})
    iso3 = match_countries(labels, options.country_map, f"{source.path.name}: column selections")
    files: list[DistributionFile] = []
    for name in _PARTS:
        own = [row for row in rows if row.source == name]
        part = _read_part(own, iso3, keep_dont_know=options.keep_dont_know)
        if part.items:
            files.append(_file_of(source, name, part))
        elif own:
            skipped.update(
                {**part.skipped, (f"no question of part {name} has shares: no survey of it", "rows"): len(own)}
            )
    if not files:
        raise bad_input(f"{source.path.name}: no question has shares, in either part.", "Fetch the file again.")
    first = _with_skips(files[0], skipped)
    return replace(first, also=tuple(files[1:]))


def _with_skips(file: DistributionFile, counted: Mapping[tuple[str, str], int]) -> DistributionFile:
    more = tuple(Skipped(reason, subject, n) for (reason, subject), n in sorted(counted.items()))
    return replace(file, skipped=more + file.skipped)


@dataclass(slots=True)
class _Part:
    """What is read of one part so far. `seen` counts how often each pair of question and options came."""

    items: list[ItemSpec] = field(default_factory=list)
    shares: list[tuple[str, str, int, float]] = field(default_factory=list)
    missing: list[tuple[str, str, str, float]] = field(default_factory=list)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, row: GoqaRow, places: _Places, iso3: Mapping[str, str]) -> None:
        """Add the item of a row and its cells, or count why it has none."""
        if sum(isinstance(place, int) for place in places) < 2:
            self.skipped["question with fewer than two response options", "rows"] += 1
            return
        cells = list(_cells(row, places, iso3, self.skipped))
        if not cells:
            self.skipped["question without a usable country", "rows"] += 1
            return
        item = self._item(row, places)
        self.items.append(item)
        for population, values in cells:
            self.shares += [(item.item_id, population, c, share) for c, share in values.items() if isinstance(c, int)]
            self.missing += [
                (item.item_id, population, status, share)
                for status, share in values.items()
                if isinstance(status, str) and share > 0
            ]

    def _item(self, row: GoqaRow, places: _Places) -> ItemSpec:
        """Return the item. Its id is a hash of question and options, numbered where both came before.

        Items with the same question form one battery, so that no split can tear them apart.
        """
        part = row.source.lower()
        stem = f"{part}-{_digest(row.question, *row.labels)}"
        self.seen[stem] += 1
        options = {code: label for code, label in zip(places, row.labels, strict=True) if isinstance(code, int)}
        if _DONT_KNOW_CODE in options:
            options[_DONT_KNOW_CODE] = dont_know_label("en")
        codes = tuple(sorted(options))
        labels = tuple(options[code] for code in codes)
        return ItemSpec(
            item_id=stem if self.seen[stem] == 1 else f"{stem}-{self.seen[stem]}",
            position=len(self.items),
            battery_id=f"{part}-{_digest(fold(row.question))}",
            dimension=None,
            scale=Scale.NOMINAL if _DONT_KNOW_CODE in options else scale_of_labels(labels),
            codes=codes,
            texts=(ItemText("en", row.question, labels),),
        )


def _digest(*texts: str) -> str:
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()[:10]


def _places(labels: Sequence[str], *, keep_dont_know: bool) -> _Places:
    """Return what stands at each place of a list of shares: an option's code, from 1 in order, or a missing status."""
    places: list[int | str] = []
    n_options = 0
    for label in labels:
        status = status_of_label(label)
        if status is None:
            n_options += 1
            places.append(n_options)
        else:
            places.append(_DONT_KNOW_CODE if keep_dont_know and status == "dont_know" else status)
    return tuple(places)


def _read_part(rows: Sequence[GoqaRow], iso3: Mapping[str, str], *, keep_dont_know: bool) -> _Part:
    part = _Part()
    for row in rows:
        part.add(row, _places(row.labels, keep_dont_know=keep_dont_know), iso3)
    return part


def _file_of(source: SourceFile, name: str, part: _Part) -> DistributionFile:
    survey_id, title = _PARTS[name]
    file = DistributionFile(
        source=source,
        layout=LAYOUT,
        survey_id=survey_id,
        facts=SurveyFacts(title, source=_SOURCE, citation=_CITATION, licence="CC BY-NC-SA 4.0"),
        codebook=Codebook(survey_id, tuple(part.items), origin="official"),
        shares=_share_frame(part.shares),
        missing=_missing_frame(part.missing),
    )
    return _with_skips(file, part.skipped)


def _share_frame(rows: Sequence[tuple[str, str, int, float]]) -> pl.DataFrame:
    """Return the columns of DistributionFile.shares: counts unknown, one published share for both kinds."""
    import polars as pl

    columns = {"item_id": pl.String, "population_id": pl.String, "option_code": pl.Int32, "share": pl.Float64}
    shares = pl.DataFrame(rows, columns, orient="row")
    unknown = pl.lit(None, dtype=pl.Int64).alias("n_respondents")
    return shares.with_columns(unknown, share_unweighted=pl.col("share"))


def _missing_frame(rows: Sequence[tuple[str, str, str, float]]) -> pl.DataFrame:
    import polars as pl

    columns = {"item_id": pl.String, "population_id": pl.String, "status": pl.String, "share": pl.Float64}
    return pl.DataFrame(rows, columns, orient="row")


def _cells(
    row: GoqaRow, places: _Places, iso3: Mapping[str, str], skipped: Counter[tuple[str, str]]
) -> Iterator[tuple[str, dict[int | str, float]]]:
    """Yield each country with its shares: options by code (they sum to 1), missing answers by status (of all)."""
    for population, label in _national(row.shares, iso3, skipped).items():
        mass: dict[int | str, float] = {}
        for place, share in zip(places, row.shares[label], strict=True):
            mass[place] = mass.get(place, 0.0) + share
        total, valid = math.fsum(mass.values()), math.fsum(s for place, s in mass.items() if isinstance(place, int))
        if valid <= 0:
            skipped["shares of the response options sum to 0", "cells"] += 1
            continue
        if abs(total - 1) > _ROUNDING:
            skipped[f"renormalised, not left out: shares miss 1 by more than {_ROUNDING}", "cells"] += 1
        yield population, {p: share / (valid if isinstance(p, int) else total) for p, share in mass.items()}


def _national(labels: Iterable[str], iso3: Mapping[str, str], skipped: Counter[tuple[str, str]]) -> dict[str, str]:
    """Return one label per country: that of the national sample where there are several. The others are counted."""
    chosen: dict[str, str] = {}
    for label in sorted(labels, key=_rank):
        population = iso3[label]
        if not population:
            skipped["left out by the country map", label] += 1
        elif population in chosen:
            skipped[f"another sample stands for {population}", label] += 1
        else:
            chosen[population] = label
            if _rank(label) == _OTHER_SAMPLE_RANK:
                skipped["not left out: the country's only sample is not national", label] += 1
    return chosen


def _rank(label: str) -> int:
    return _SAMPLE_RANK.get(split_sample(label)[1], _OTHER_SAMPLE_RANK)
