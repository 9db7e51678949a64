"""What a report says, section by section, from the store's tables.

Every section is a function of a `Subject`; SECTIONS lists them in the order of the page. A section that has nothing to
say about these runs is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from surveycli.domain import LEARNT_FROM, VALIDATION
from surveycli.grouping import By
from surveycli.report import charts
from surveycli.report.page import Figure, Section
from surveycli.score.cells import label_column, mean_of, part_order
from surveycli.score.table import TableRequest, all_tables

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

_RATIO = " ratio"
_RATIO_NOTE = (
    "1: as people. Variance and diversity between populations, gaps between groups, entropy and spread within a cell: "
    "below 1 a run makes people too much alike, or is too sure; above 1 it exaggerates, or is too unsure."
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is about: scored runs, the first of them in detail, one metric, items that must be shown.

    `cells` are the runs' scored cells, `parts` those that count: all but training and validation, if there are any.
    """

    store: Store
    request: TableRequest
    cells: pl.DataFrame
    parts: tuple[str, ...]
    items: tuple[str, ...] = ()

    @property
    def runs(self) -> tuple[str, ...]:
        """The names of the runs."""
        return self.request.runs

    @property
    def metric(self) -> str:
        """The metric of the charts."""
        return self.request.metric

    def table(self, name: str, by: By = By.PART, runs: Sequence[str] | None = None) -> pl.DataFrame:
        """Return one of the tables of `score` about these runs (by default all)."""
        from dataclasses import replace

        reports = tuple(r for r in self.request.reports if r.run_id in (runs or self.runs))
        return all_tables()[name].make(self.store, replace(self.request, reports=reports, by=by))


def parts_that_count(cells: pl.DataFrame) -> tuple[str, ...]:
    """Return the parts of scored cells in their order, without what runs learnt from unless there is nothing else."""
    parts = sorted(cells["part"].unique().to_list(), key=part_order)
    return tuple(part for part in parts if part not in LEARNT_FROM) or tuple(parts)


def asked_section(subject: Subject) -> Section:
    """Say what was predicted: splits and their parts, runs and how they were made."""
    runs = subject.store.frame("report/list_runs", run_ids=list(subject.runs))
    parts = subject.store.frame("report/list_parts", run_ids=list(subject.runs))
    text = (
        "Each run gives a probability to every response option of an item in a population; it is held against the "
        "share of respondents who chose the option.",
    )
    return Section(
        "asked",
        "What was asked",
        text,
        (Figure("Runs", runs, wide=True), Figure("Parts of the splits", parts, wide=True)),
    )


def headline_section(subject: Subject) -> Section:
    """Give the score of every run by part, beside what it is worth."""
    rows = labelled_means(subject.table("table"), subject, "part")
    worth = _of_parts(subject.table("equivalent"), subject)
    title = f"Mean {metric_words(subject.metric)} by part, with 95% intervals"
    figures = [Figure(title, rows, _scores(rows, subject), wide=True)]
    for name, table in (("equivalent", worth), ("ceiling", _of_parts(subject.table("ceiling"), subject))):
        row = all_tables()[name]
        figures.append(Figure(row.help, table, note=row.how_to_read, wide=True))
    return Section("headline", "How good is it", _in_words(rows, worth, subject.runs[0]), tuple(figures))


def _in_words(rows: pl.DataFrame, worth: pl.DataFrame, run_id: str) -> tuple[str, ...]:
    """Return a sentence for each part of a run: its score, how sure that is, and what it is worth."""
    equivalents = {row["part"]: row["equivalent"] for row in worth.filter(run_id=run_id).iter_rows(named=True)}
    sentences = []
    for row in rows.filter(run_id=run_id).iter_rows(named=True):
        interval = "" if row["low"] is None else f" ({row['low']:.3f} to {row['high']:.3f})"
        as_good = equivalents.get(row["label"])
        value = "no mean" if row["value"] is None else f"{row['value']:.3f}"
        worth_it = f", worth {as_good} real respondents per cell" if as_good else ""
        sentences.append(f"{run_id} on {row['label']}: {value}{interval}{worth_it}.")
    return tuple(sentences)


def breakdown_section(subject: Subject) -> Section | None:
    """Split the scores up by dimension and by region, one chart for each part."""
    figures = []
    for by in (By.DIMENSION, By.REGION):
        table = subject.table("table", by)
        for part in subject.parts:
            rows = labelled_means(table.filter(part=part), subject, label_column(by))
            if rows["label"].n_unique() > 1:
                title = f"{part}: mean {metric_words(subject.metric)} by {by.value}"
                figures.append(Figure(title, rows, _scores(rows, subject)))
    return Section("breakdown", "Where it is good", figures=tuple(figures)) if figures else None


def places_section(subject: Subject) -> Section | None:
    """Show the first run by country: a map, and a heat map of countries and dimensions."""
    import polars as pl

    run = subject.runs[0]
    cells = subject.cells.filter(pl.col("run_id") == run, pl.col("part").is_in(subject.parts))
    cells = cells.unique(["survey_id", "item_id", "population_id", "language"], maintain_order=True)
    names = subject.store.frame("report/list_countries")
    by_country = _means(cells, ["country"], subject.metric).join(
        names, left_on="country", right_on="iso3", how="inner", maintain_order="left"
    )
    if by_country.height < 2:
        return None
    shown = by_country.select("iso_numeric", pl.col("name").alias("country"), "value", "n_cells")
    lacking = shown.filter(~pl.col("iso_numeric").is_in(list(charts.mapped_countries())))["country"].to_list()
    note = f"Too small for this map: {', '.join(lacking)}." if lacking else ""
    crossed = _means(cells, ["country", "dimension"], subject.metric).join(
        names, left_on="country", right_on="iso3", how="inner", maintain_order="left"
    )
    crossed = crossed.select(pl.col("name").alias("country"), "dimension", "value", "n_cells")
    title = metric_words(subject.metric)
    return Section(
        "places",
        f"By country: {run}",
        figures=(
            Figure(f"Mean {title} by country", shown.drop("iso_numeric"), charts.world_map(shown, title), note, True),
            Figure(f"Mean {title} by country and dimension", crossed, charts.heat_map(crossed, title), wide=True),
        ),
    )


def learning_section(subject: Subject) -> Section | None:
    """Show how losses fell during the trainings."""
    rows = subject.store.frame("report/list_losses", run_ids=list(subject.runs))
    if rows.is_empty():
        return None
    return Section("learning", "How it learnt", figures=(Figure("Loss by epoch", rows, charts.learning_chart(rows)),))


def calibration_section(subject: Subject) -> Section | None:
    """Hold predicted shares against people's, by bins of the predicted share."""
    import polars as pl

    tables = [subject.table("calibration", runs=[run]) for run in subject.runs]
    rows = pl.concat(tables, how="diagonal_relaxed").filter(pl.col("part").is_in(subject.parts))
    if rows.is_empty():
        return None
    note = "Points on the line: people chose these options as often as predicted. Bigger points stand for more options."
    figure = Figure("People's share by predicted share", rows, charts.calibration_chart(rows), note)
    return Section("calibration", "Is it as sure as it should be", figures=(figure,))


def audit_section(subject: Subject) -> Section:
    """Hold spreads and gaps of predictions against those of people, and give all audits of the first run."""
    run = subject.runs[0]
    notes = {name: all_tables()[name].how_to_read for name in ("diversity", "audit")}
    diversity, audit = subject.table("diversity", runs=[run]), subject.table("audit", runs=[run])
    ratios = _ratios(subject)
    figures = [
        Figure("Are populations made alike?", diversity, note=notes["diversity"], wide=True),
        Figure("Audits", audit, note=notes["audit"], wide=True),
    ]
    if ratios.height:
        figures.insert(0, Figure("Predicted over human spread", ratios, charts.ratio_chart(ratios), _RATIO_NOTE, True))
    return Section("audits", f"What a mean hides: {run}", figures=tuple(figures))


def _ratios(subject: Subject) -> pl.DataFrame:
    """Return what each run makes of the spread of people: label, run_id, value (1: as people), part."""
    import polars as pl

    audits = [subject.table("audit", runs=[run]).with_columns(run_id=pl.lit(run)) for run in subject.runs]
    rows = pl.concat(audits, how="diagonal_relaxed").filter(
        pl.col("part").is_in(subject.parts), pl.col("audit").str.ends_with(_RATIO), pl.col("value").is_not_null()
    )
    label = pl.col("audit").str.strip_suffix(_RATIO)
    if rows["part"].n_unique() > 1:
        label = pl.format("{}, {}", label, "part")
    return rows.select(label.alias("label"), "run_id", "value", "predicted", "human", "what")


def trust_section(subject: Subject) -> Section | None:
    """Say how far off single predictions may be, by the errors on validation; of runs that predicted that part."""
    import polars as pl

    run = subject.runs[0]
    own = subject.cells.filter(pl.col("run_id") == run)
    if VALIDATION not in own["part"].to_list():
        return None
    row = all_tables()["trust"]
    table = subject.table("trust", runs=[run]).filter(pl.col("part").is_in(subject.parts))
    if table.is_empty():
        return None
    figure = Figure(row.help, table, note=row.how_to_read, wide=True)
    return Section("trust", f"How far to trust one answer: {run}", figures=(figure,))


def labelled_means(table: pl.DataFrame, subject: Subject, label: str) -> pl.DataFrame:
    """Return the rows of a table of means as charts take them: label, run_id, value, low, high, n_cells."""
    import polars as pl

    shown = table.filter(pl.col("part").is_in(subject.parts))
    names = pl.col("run_id")
    for told_apart in ("split", "kind", "language"):
        if told_apart in table.columns:
            names = pl.format("{} ({})", names, told_apart)
    return shown.select(
        pl.col(label).alias("label"),
        names.alias("run_id"),
        pl.col(subject.metric).alias("value"),
        pl.col("low").cast(pl.Float64),
        pl.col("high").cast(pl.Float64),
        "n_cells",
    )


def _scores(rows: pl.DataFrame, subject: Subject) -> charts.Chart:
    return charts.scores_chart(rows, metric_words(subject.metric))


def _of_parts(table: pl.DataFrame, subject: Subject) -> pl.DataFrame:
    import polars as pl

    return table.filter(pl.col("part").is_in(subject.parts))


def _means(cells: pl.DataFrame, keys: list[str], metric: str) -> pl.DataFrame:
    """Return the mean of a metric by `keys`: the keys, value, n_cells."""
    import polars as pl

    groups = cells.partition_by(keys, as_dict=True, maintain_order=True)
    rows = [(*key, mean_of(group, metric), group.height) for key, group in groups.items()]
    schema = dict.fromkeys(keys, pl.String) | {"value": pl.Float64, "n_cells": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").drop_nulls("value")


def metric_words(metric: str) -> str:
    """Return a metric's name as charts write it."""
    return "1-JSD (paper)" if metric == "paper_one_minus_jsd" else metric.replace("_", " ")
