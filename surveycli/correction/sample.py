"""Reads what a few real respondents answered: rows of people, or counts, told by their columns.

Rows of people have a population, a column per item (by its id) and, if wanted, `weight` and `respondent`. Rows of
counts have population, item and option, and `n`; without `n` each row is one answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from surveycli.errors import bad_input
from surveycli.store import Store
from surveycli.survey.files.open import open_table
from surveycli.survey.files.source import open_source

if TYPE_CHECKING:
    import polars as pl

_POPULATION = ("population", "population_id", "country", "iso3", "group")
_ITEM = ("item", "item_id", "question_id", "question")
_OPTION = ("option", "option_code", "code", "answer", "response", "label")
_NUMBER = ("n", "count", "n_answers", "n_respondents")
_WEIGHT = ("weight",)
_RESPONDENT = ("respondent", "respondent_id", "person")
_MISSING = ("", ".", "na", "nan", "none", "null")
_N_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers matched with the store: survey_id, item_id, population_id, option_code, respondent and weight.

    One row per answer, or, of counts, per option with their number as its weight.
    """

    rows: pl.DataFrame
    are_counts: bool
    sha256: str


def read_answers(store: Store, path: Path, survey_id: str | None, items: Sequence[str]) -> Answers:
    """Return the answers of a file. `items` are the ids that columns of people are looked for by.

    Raises SurveyError (exit 3) for a file without the columns, and for populations, items or options that the store
    does not have, weights below 0 and texts in place of numbers.
    """
    source = open_source(path)
    frame = open_table(source).frame()
    names = {name.strip().lower(): name for name in frame.columns}
    population = _find(names, _POPULATION)
    if population is None:
        raise bad_input(
            f"{path.name} has no column for the population; it has {', '.join(frame.columns[:8])}.",
            f"Name it one of {', '.join(_POPULATION)}; its cells are ids such as KEN, or names.",
        )
    item, option = _find(names, _ITEM), _find(names, _OPTION)
    is_long = item is not None and option is not None
    rows = _long(frame, names, population) if is_long else _wide(frame, names, population, items, path)
    counts = is_long and _find(names, _NUMBER) is not None
    return Answers(_matched(store, rows, survey_id, path), counts, source.sha256)


def sampled_cells(answers: Answers, options: pl.DataFrame) -> pl.DataFrame:
    """Return one row per cell: counts (a list in option order), n_answers and n_effective.

    Counts are scaled to the effective number of answers, (sum w)^2 / sum(w^2), which is their number where all weigh
    the same (Kish 1965). `options` has the order of options, as exchange/list_options gives it.
    """
    import polars as pl

    key = ["survey_id", "item_id", "population_id"]
    weight, number = pl.col("weight"), pl.col("weight") if answers.are_counts else pl.lit(1.0)
    cells = answers.rows.group_by(key).agg(
        number.sum().alias("n_answers"),
        (weight.sum() if answers.are_counts else weight.sum() ** 2 / (weight**2).sum()).alias("n_effective"),
        weight.sum().alias("total"),
    )
    by_option = answers.rows.group_by([*key, "option_code"]).agg(weight.sum().alias("weight"))
    whole = cells.join(options, on=["survey_id", "item_id"], how="inner")
    whole = whole.join(by_option, on=[*key, "option_code"], how="left").with_columns(pl.col("weight").fill_null(0.0))
    share = pl.col("weight") / pl.col("total") * pl.col("n_effective")
    return (
        whole.filter(pl.col("total") > 0)
        .group_by([*key, "n_answers", "n_effective"])
        .agg(share.sort_by("position").alias("counts"), pl.col("option_code").sort_by("position"))
        .sort(key)
    )


def _find(names: dict[str, str], known: Sequence[str]) -> str | None:
    return next((names[name] for name in known if name in names), None)


def _long(frame: pl.DataFrame, names: dict[str, str], population: str) -> pl.DataFrame:
    import polars as pl

    number = _find(names, _NUMBER) or _find(names, _WEIGHT)
    return frame.select(
        _text(population).alias("population"),
        _text(str(_find(names, _ITEM))).alias("item"),
        _text(str(_find(names, _OPTION))).alias("option"),
        _text(number).alias("weight") if number else pl.lit("1").alias("weight"),
        _respondent(names),
    )


def _wide(
    frame: pl.DataFrame, names: dict[str, str], population: str, items: Sequence[str], path: Path
) -> pl.DataFrame:
    import polars as pl

    columns = {names[item.lower()]: item for item in items if item.lower() in names}
    if not columns:
        raise bad_input(
            f"{path.name} has neither columns item and option nor one named for an item, such as {items[0]}; it has "
            f"{', '.join(frame.columns[:8])}.",
            "Rows of people have a column per item, named by its id; `surveycli items` lists the ids.",
        )
    weight = _find(names, _WEIGHT)
    wide = frame.select(
        _text(population).alias("population"),
        _text(weight).alias("weight") if weight else pl.lit("1").alias("weight"),
        _respondent(names),
        *(_text(name).alias(item) for name, item in columns.items()),
    )
    index = ["population", "weight", "respondent"]
    return wide.unpivot(on=list(columns.values()), index=index, variable_name="item", value_name="option")


def _respondent(names: dict[str, str]) -> pl.Expr:
    import polars as pl

    name = _find(names, _RESPONDENT)
    return (_text(name) if name else pl.int_range(pl.len()).cast(pl.String)).alias("respondent")


def _text(name: str) -> pl.Expr:
    """Return a column as text, whole numbers without a point."""
    import polars as pl

    text = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(text.str.contains(r"^-?\d+\.0+$")).then(text.str.extract(r"^(-?\d+)\.")).otherwise(text)


def _matched(store: Store, rows: pl.DataFrame, survey_id: str | None, path: Path) -> pl.DataFrame:
    import polars as pl

    blank = pl.col("option").is_null() | pl.col("option").str.to_lowercase().is_in(_MISSING)
    missing = blank | pl.col("option").str.contains(r"^-\d+$")  # codes below 0 are missing answers
    rows = rows.filter(~missing).with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.Int64))
    if rows.is_empty():
        raise bad_input(f"{path.name} has no answers: every cell is blank or a missing code (below 0).")
    weight = pl.col("weight").cast(pl.Float64, strict=False)
    rows = rows.with_columns(weight)
    wrong = rows.filter(pl.col("weight").is_null() | ~pl.col("weight").is_finite() | (pl.col("weight") < 0))
    if wrong.height:
        raise bad_input(
            f"{wrong.height} rows of {path.name} have a weight or number of answers that is not a number, or below 0.",
            "Correct or drop them.",
        )
    asked = rows.select("row", "population", "item", "option", survey=pl.lit(None, pl.String))
    found = store.frame("exchange/match_rows", frames={"incoming": asked}, survey_id=survey_id)
    _refuse_unmatched(rows.join(found, on="row"), path)
    return rows.join(found.drop("reason"), on="row").select(
        "survey_id", "item_id", "population_id", "option_code", "respondent", "weight"
    )


def _refuse_unmatched(rows: pl.DataFrame, path: Path) -> None:
    """Raise SurveyError (exit 3) with what contradicts the store: nothing is guessed, nothing dropped in silence."""
    import polars as pl

    unmatched = rows.filter(pl.col("reason").is_not_null())
    if unmatched.is_empty():
        return
    reason = str(unmatched["reason"][0])
    alike = unmatched.filter(pl.col("reason") == reason)
    subject = {"no such population": pl.col("population"), "no such option": pl.format("{} of {}", "option", "item")}
    examples = alike.select(subject.get(reason, pl.col("item")).alias("example"))["example"].unique(maintain_order=True)
    raise bad_input(
        f"{alike.height} rows of {path.name} do not fit, {reason}: {', '.join(examples.head(_N_EXAMPLES).to_list())}.",
        {
            "several surveys have the item": "Say which with --survey.",
            "no such option": "Options go by code, label or letter; `surveycli show ITEM` lists them.",
        }.get(reason, "`surveycli items` and `surveycli show` tell the names that the store knows."),
    )
