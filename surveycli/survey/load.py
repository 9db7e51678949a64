"""Loads a read file into the store, in one transaction: all of it or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from surveycli.domain import Scale
from surveycli.errors import bad_input, conflict, usage
from surveycli.progress import Progress
from surveycli.store import Store, create_table_from_stream
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.source import SourceFile
from surveycli.survey.items.codebook import Codebook, ItemSpec, ItemText
from surveycli.survey.population.group_column import GroupText
from surveycli.survey.population.grouping import Spread, add_demographics, population_ids
from surveycli.survey.population.population import PopulationSpec, dont_know_label, parse_population_id
from surveycli.survey.readers.readout import DistributionFile, RespondentFile
from surveycli.survey.request import IngestOptions
from surveycli.survey.tally import Aggregates, Tally
from surveycli.survey.write import IngestReport, begin_survey, finish_survey, write_aggregates, write_grouping_values

if TYPE_CHECKING:
    import polars as pl


def refuse_if_known(store: Store, source: SourceFile, survey_id: str, options: IngestOptions) -> None:
    """Raise SurveyError (exit 5) where this content, or another release of this survey, is in the store already."""
    for row in store.rows("survey/find_file", content_sha256=source.sha256):
        if row["survey_id"] == survey_id and not options.replace:
            raise conflict(
                f"{source.path.name} is in the store already, as survey {survey_id}: the same content was ingested"
                f" {row['ingested_at']:%Y-%m-%d %H:%M} UTC from {row['file_name']}.",
                "Nothing needs to be done. --replace ingests it anew; --survey NAME makes a second survey of it.",
            )
    for row in store.rows("survey/find_survey", survey_id=survey_id):
        if not options.replace:
            raise conflict(
                f"Survey {survey_id} is in the store already: {row['title']}, release {row['release'] or 'unknown'},"
                f" from {row['file_name']}, ingested {row['ingested_at']:%Y-%m-%d %H:%M} UTC."
                f" {source.path.name} is another file.",
                "--replace puts it in the place of the first; --survey NAME keeps both side by side.",
            )


def load_distributions(
    store: Store, file: DistributionFile, options: IngestOptions, progress: Progress
) -> IngestReport:
    """Write a file of ready distributions, with the other surveys in it."""
    n_rows = sum(part.shares.height for part in (file, *file.also))
    with store.transaction():
        first, *others = (_write_distributions(store, part, options) for part in (file, *file.also))
        progress("distributions", n_rows, n_rows)
    return replace(first, also=tuple(others))


def _write_distributions(store: Store, file: DistributionFile, options: IngestOptions) -> IngestReport:
    begin_survey(store, file.survey_id, file.facts, file.codebook, replace=options.replace)
    populations = file.shares["population_id"].unique(maintain_order=True).to_list()
    write_aggregates(store, file.survey_id, _specs(populations), _aggregates_of_shares(file))
    return finish_survey(store, file, options, file.skipped)


def _aggregates_of_shares(file: DistributionFile) -> Aggregates:
    import polars as pl

    shares = file.shares
    counts = pl.col("n_respondents")
    cells = shares.group_by("item_id", "population_id").agg(
        n_respondents=pl.when(counts.is_not_null().all()).then(counts.sum()),
        n_effective=pl.lit(None, dtype=pl.Float64),
        has_share=pl.col("share").is_not_null().all(),
    )
    columns = {"item_id": pl.String, "population_id": pl.String, "status": pl.String, "n_respondents": pl.Int64}
    missing = pl.DataFrame(schema=columns) if file.missing is None else file.missing
    return Aggregates(shares, cells, missing)


def _specs(population_ids: Iterable[str]) -> list[PopulationSpec]:
    return [spec for name in population_ids if (spec := parse_population_id(name)) is not None]


def load_respondents(store: Store, file: RespondentFile, options: IngestOptions, progress: Progress) -> IngestReport:
    """Write a file of respondents: themselves, and the distributions of every population that `options.by` makes.

    Respondents and counts come from the same pass over the file. Raises SurveyError (exit 3) where
    no respondent is left.
    """
    if options.keep_dont_know:
        file = _with_dont_know(file)
    tallies = {grouping: _tally(file, grouping) for grouping in file.groups.by}
    with store.transaction():
        begin_survey(store, file.survey_id, file.facts, file.codebook, replace=options.replace)
        count = _Count(Counter())
        _store_stream(store, file, _counted(file, tallies, count, progress))
        for grouping, tally in tallies.items():
            aggregates, left_out = tally.aggregates(options.min_cell)
            specs = _specs(tally.populations)
            write_grouping_values(store, file.survey_id, _group_texts(file, specs))
            write_aggregates(store, file.survey_id, specs, aggregates)
            count.skip((*left_out, *_grouped_items(file, grouping, len(specs))))
            count.note(tally.no_answers())
        return finish_survey(store, file, options, file.skipped + count.skips(), count.n_respondents)


def _tally(file: RespondentFile, grouping: tuple[str, ...]) -> Tally:
    """Return an empty count of the items, but for those that respondents are grouped by."""
    by_id = file.codebook.by_id()
    given = {item_id for column in file.groups.columns_of(grouping) for item_id in column.items}
    items = [by_id[item_id] for item_id in file.roles.items if item_id not in given]
    if not items:
        raise usage(f"--by {','.join(grouping)} leaves no item: it groups by all there are.", "Group by less.")
    return Tally(items, file.missing, weighted=file.roles.weight is not None)


def _grouped_items(file: RespondentFile, grouping: tuple[str, ...], n_populations: int) -> Iterator[Skipped]:
    """Yield the items that respondents are grouped by: what they answered is given, and would leak into training."""
    for column in file.groups.columns_of(grouping):
        for item_id in column.items:
            if item_id in file.roles.items:
                reason = f"cell of the item that populations by {', '.join(grouping)} are made of"
                yield Skipped(reason, item_id, n_populations)


def _group_texts(file: RespondentFile, specs: Iterable[PopulationSpec]) -> list[GroupText]:
    """Return what the values of the groups mean, where they do not mean the same in every survey."""
    groups = dict.fromkeys(group for spec in specs for group in spec.groups)
    texts = (file.groups.columns[name].text(value) for name, value in groups)
    return [text for text in texts if text is not None]


@dataclass(slots=True)
class _Count:
    """What one pass over a file has seen so far."""

    skipped: Counter[tuple[str, str]]
    n_respondents: int = 0

    def skip(self, skipped: Iterable[Skipped]) -> None:
        self.skipped.update({(skip.reason, skip.subject): skip.n_skipped for skip in skipped})

    def note(self, skipped: Iterable[Skipped]) -> None:
        """Take in what every grouping of the same respondents counts anew."""
        self.skipped |= Counter({(skip.reason, skip.subject): skip.n_skipped for skip in skipped})  # the larger of both

    def skips(self) -> tuple[Skipped, ...]:
        return tuple(Skipped(reason, subject, n) for (reason, subject), n in sorted(self.skipped.items()))


def _counted(
    file: RespondentFile, tallies: dict[tuple[str, ...], Tally], count: _Count, progress: Progress
) -> Iterator[pl.DataFrame]:
    """Yield the respondents as they will be stored, each batch after its answers have been counted."""
    spread = Spread()
    for batch in file.batches():
        respondents = add_demographics(batch.respondents, file.roles)
        count.skip(batch.skipped)
        values = {name: column.values_of(respondents) for name, column in file.groups.columns.items()}
        spread.add(respondents["iso3"], values, file.groups.columns.values())
        for grouping, tally in tallies.items():
            count.skip(_count_batch(respondents, grouping, values, tally))
        if respondents.height:
            yield _numbered(respondents, count.n_respondents)
        count.n_respondents += respondents.height
        progress("respondents", count.n_respondents, 0)
    progress("respondents", count.n_respondents, count.n_respondents)


def _numbered(respondents: pl.DataFrame, n_before: int) -> pl.DataFrame:
    import polars as pl

    return respondents.with_row_index("respondent_id", offset=n_before + 1).with_columns(
        pl.col("respondent_id").cast(pl.Int64)
    )


def _store_stream(store: Store, file: RespondentFile, respondents: Iterator[pl.DataFrame]) -> None:
    """Write respondents to the survey's own table, numbered from 1 in the order of the file."""
    first = next(respondents, None)
    if first is None:
        raise bad_input(
            f"{file.source.path.name}: no respondent is left after reading it.", "Check the country and weight columns."
        )
    comment = f"One row per respondent of {file.facts.title}, as answered; codes below 0 are missing answers."
    create_table_from_stream(store, "respondent", file.survey_id, chain([first], respondents), comment)


def _count_batch(
    respondents: pl.DataFrame, grouping: tuple[str, ...], values: Mapping[str, pl.Series], tally: Tally
) -> tuple[Skipped, ...]:
    """Count answers of the respondents whose population is known; return how many have none."""
    ids = population_ids(respondents["iso3"], [values[name] for name in grouping[1:]])
    known = ids.is_not_null()
    if known.all():
        tally.add(respondents, ids, respondents["weight"])
        return ()
    kept = respondents.filter(known)
    tally.add(kept, ids.filter(known), kept["weight"])
    reason = f"respondent outside the populations by {', '.join(grouping)}"
    return (Skipped(reason, "rows", respondents.height - kept.height),)


def _with_dont_know(file: RespondentFile) -> RespondentFile:
    """Return the file with "don't know" as one more option of every item, under its own code.

    An item so widened is nominal: not knowing lies on no line with the other answers.
    """
    codes = tuple(code for code, status in file.missing.items() if status == "dont_know")
    missing = {code: status for code, status in file.missing.items() if code not in codes}
    items = tuple(_widened(item, codes) for item in file.codebook)
    return replace(file, codebook=Codebook(file.codebook.codebook_id, items, file.codebook.origin), missing=missing)


def _widened(item: ItemSpec, extra: tuple[int, ...]) -> ItemSpec:
    codes = tuple(sorted((*item.codes, *extra)))
    texts = []
    for text in item.texts:
        labels = dict(zip(item.codes, text.labels, strict=True)) | dict.fromkeys(extra, dont_know_label(text.language))
        texts.append(ItemText(text.language, text.wording, tuple(labels[code] for code in codes)))
    return replace(item, codes=codes, texts=tuple(texts), scale=Scale.NOMINAL)
