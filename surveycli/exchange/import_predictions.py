"""Anybody's predictions into the store, as a run that is scored like any other.

A file has one row per population, item and option with a probability, a log-probability or a count; or one row per
simulated answer, without any number. Columns go by the names that tools give them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from surveycli.clock import utc_now
from surveycli.errors import bad_input, not_found
from surveycli.exchange.own_table import read_table
from surveycli.request.report import ImportRequest, Quantity
from surveycli.store import RunRecord, Store, finish_run, start_run
from surveycli.survey.files.source import SourceFile, open_source

if TYPE_CHECKING:
    import polars as pl

PREDICTOR = "imported"
_TOLERANCE = 0.02  # what rounding to percent can take from a sum of shares
_MOST_EXAMPLES = 5


_KEYS = {
    "survey": ("survey", "survey_id", "dataset"),
    "population": ("population", "population_id", "country", "iso3", "group", "persona"),
    "item": ("item", "item_id", "question_id", "question", "qkey", "question_name"),
    "option": ("option", "option_code", "code", "answer", "response", "label", "token"),
    "language": ("language", "lang"),
}
_NUMBERS = {
    Quantity.PROBABILITY: ("probability", "prob", "share", "p"),
    Quantity.LOG_PROBABILITY: ("log_probability", "logprob", "log_prob", "logprobs"),
    Quantity.COUNT: ("count", "n", "n_answers"),
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows or cells that were not taken: why, how many, and the first of them."""

    reason: str
    n_rows: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import."""

    run_id: str
    quantity: Quantity
    n_rows: int
    n_cells: int
    left_out: tuple[LeftOut, ...]


def import_predictions(store: Store, request: ImportRequest) -> ImportReport:
    """Match a file's rows with the store and write what matched as the predictions of a new run.

    Of a cell, probabilities must sum to 1 within 0.02 and are scaled to it, an option without a row has 0;
    log-probabilities are those of option letters or labels, and what they leave of 1 is the mass outside the options;
    counts and answers become shares. A cell with a row that matches nothing is left out whole. Raises SurveyError: 3
    for a file that cannot be read or of which nothing matched, 4 for an unknown split, 5 where the run's name is taken.
    """
    if request.split is not None and not store.rows("split/list_parts", split=request.split):
        raise not_found(f"There is no split {request.split!r}.", "`surveycli split` lists and makes splits.")
    source = open_source(request.file)
    rows, quantity = _rows_of(source, request.quantity)
    matched = store.frame(
        "exchange/match_rows",
        frames={"incoming": rows.select("row", "survey", "population", "item", "option")},
        survey_id=request.survey_id,
    )
    rows = rows.join(matched, on="row", how="left", maintain_order="left")
    cells, left_out = _cells_of(rows, quantity, store.frame("exchange/list_options"))
    if cells.is_empty():
        why = "; ".join(f"{out.reason}: {', '.join(out.examples)}" for out in left_out)
        raise bad_input(
            f"Nothing in {request.file.name} matches the store ({why}).",
            "Items go by their ids (`surveycli items`), populations by id or name, options by code, label or letter.",
        )
    record = RunRecord(
        run_id=request.run_id,
        kind="predictor",
        predictor=PREDICTOR,
        split=request.split,
        shares=request.shares,
        seed=0,
        model=request.model,
        configuration={
            "file": request.file.name,
            "sha256": source.sha256,
            "quantity": quantity.value,
            "n_rows": rows.height,
            "left_out": {out.reason: out.n_rows for out in left_out},
        },
    )
    with store.transaction():
        start_run(store, record)
        of_run = {"run_id": request.run_id, "split": request.split, "now": utc_now()}
        store.run("exchange/write_predictions", frames={"incoming": cells}, **of_run)
        finish_run(store, request.run_id)
    return ImportReport(request.run_id, quantity, rows.height, cells.height, tuple(left_out))


def _rows_of(source: SourceFile, asked: Quantity | None) -> tuple[pl.DataFrame, Quantity]:
    """Return row, survey, population, item, option, language (texts) and value, and what the value is."""
    import polars as pl

    frame = read_table(source)
    names = {name.strip().lower(): name for name in frame.columns}
    keys = {key: _find(names, known) for key, known in _KEYS.items()}
    missing = [key for key in ("population", "item", "option") if keys[key] is None]
    if missing:
        wanted = "; ".join(f"{key}: {', '.join(_KEYS[key])}" for key in missing)
        raise bad_input(
            f"{source.path.name} has no column for {' and '.join(missing)}; it has {', '.join(frame.columns[:12])}.",
            f"Name it one of {wanted}.",
        )
    found = {kind: name for kind, known in _NUMBERS.items() if (name := _find(names, known))}
    quantity = asked or next(iter(found), Quantity.ANSWERS)
    if quantity is not Quantity.ANSWERS and quantity not in found:
        raise bad_input(
            f"{source.path.name} has no column of kind {quantity.value}; it has {', '.join(frame.columns[:12])}.",
            f"Name it one of {', '.join(_NUMBERS[quantity])}.",
        )
    value = pl.lit(1.0) if quantity is Quantity.ANSWERS else _number(found[quantity])
    texts = [
        (pl.lit(None, pl.String) if name is None else pl.col(name).cast(pl.String)).alias(key)
        for key, name in keys.items()
    ]
    rows = frame.select(*texts, value.alias("value")).with_row_index("row", offset=1)
    return rows.with_columns(pl.col("row").cast(pl.Int64), pl.col("language").fill_null("")), quantity


def _find(names: dict[str, str], known: tuple[str, ...]) -> str | None:
    return next((names[name] for name in known if name in names), None)


def _number(name: str) -> pl.Expr:
    import polars as pl

    return pl.col(name).cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)


def _cells_of(rows: pl.DataFrame, quantity: Quantity, options: pl.DataFrame) -> tuple[pl.DataFrame, list[LeftOut]]:
    """Return the whole cells, probabilities in option order, and the rows of those that are left out, by reason."""
    import polars as pl

    lowest, highest = (-float("inf"), 1e-6) if quantity is Quantity.LOG_PROBABILITY else (0.0, float("inf"))
    bad_value = ~pl.col("value").is_between(lowest, highest) | pl.col("value").is_nan() | pl.col("value").is_null()
    strange = pl.when(pl.col("reason").is_null() & bad_value.fill_null(True)).then(pl.lit("no such number"))
    rows = rows.with_columns(pl.coalesce("reason", strange).alias("reason"))
    asked = ["survey", "population", "item", "language"]
    # One row that means nothing spoils the shares of all others of its cell.
    rows = rows.with_columns(pl.col("reason").drop_nulls().first().over(asked).alias("spoilt"))
    key = ["survey_id", "item_id", "population_id", "language"]
    value = pl.col("value").exp() if quantity is Quantity.LOG_PROBABILITY else pl.col("value")
    by_option = rows.filter(pl.col("spoilt").is_null()).group_by([*key, "option_code"]).agg(value.sum().alias("value"))
    whole = by_option.select(key).unique().join(options, on=["survey_id", "item_id"], how="inner")
    whole = whole.join(by_option, on=[*key, "option_code"], how="left").with_columns(pl.col("value").fill_null(0.0))
    cells = whole.group_by(key).agg(pl.col("value").sort_by("position").alias("values")).sort(key)
    total = pl.col("values").list.sum()
    proper = {
        Quantity.PROBABILITY: (total - 1).abs() <= _TOLERANCE,
        Quantity.LOG_PROBABILITY: total.is_between(1e-12, 1 + _TOLERANCE),
    }.get(quantity, total > 0)
    improper = cells.filter(~proper)
    outside = (1 - total).clip(0, 1) if quantity is Quantity.LOG_PROBABILITY else pl.lit(None, pl.Float64)
    basis = {Quantity.COUNT: pl.format("counts of {} answers", total), Quantity.ANSWERS: pl.format("{} answers", total)}
    taken = cells.filter(proper).select(
        *key,
        (pl.col("values") / total).alias("probabilities"),
        outside.alias("outside_mass"),
        basis.get(quantity, pl.lit(quantity.value)).alias("basis"),
    )
    return taken, [*_spoilt(rows), *_improper(improper)]


def _spoilt(rows: pl.DataFrame) -> list[LeftOut]:
    import polars as pl

    found = []
    for (reason,), group in rows.filter(pl.col("reason").is_not_null()).partition_by("reason", as_dict=True).items():
        of = {"no such item": "item", "several surveys have the item": "item", "no such population": "population"}
        names = group[of.get(str(reason), "option" if reason == "no such option" else "row")].cast(pl.String)
        examples = names.fill_null("(blank)").unique(maintain_order=True).head(_MOST_EXAMPLES).to_list()
        found.append(LeftOut(str(reason), group.height, tuple(examples)))
    beside = rows.filter(pl.col("spoilt").is_not_null() & pl.col("reason").is_null()).height
    return [*found, *([LeftOut("in a cell with such a row", beside, ())] if beside else [])]


def _improper(cells: pl.DataFrame) -> list[LeftOut]:
    if cells.is_empty():
        return []
    examples = tuple(
        f"{row['item_id']} in {row['population_id']} ({sum(row['values']):.3g})"
        for row in cells.head(_MOST_EXAMPLES).iter_rows(named=True)
    )
    return [LeftOut("probabilities that do not sum to 1", cells.height, examples)]
