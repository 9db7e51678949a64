"""The published layout: five test parts and their mean, with published figures and honest ones beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING

from surveycli.errors import not_found
from surveycli.grouping import By
from surveycli.score.cells import scored_cells
from surveycli.score.plain import leaderboard
from surveycli.score.table import Table

if TYPE_CHECKING:
    import polars as pl


PARTS = ("C1-Q3", "C2-Q1", "C2-Q3", "C3-Q1", "C3-Q3")
NONE = "none"
_EMD = "legacy_emd_mean"
# The paper's EMD ignores the order of options, and its 1-JSD is not made of a divergence; these columns do better.
_RIGHT = {"emd_ordinal_mean": "emd_ordinal", "js_divergence_mean": "js_divergence_nats"}


def published_figures() -> pl.DataFrame:
    """Return figures to compare with: predictor, metric, part ("mean" over the five), value, source."""
    import polars as pl

    return pl.read_csv((resources.files("surveycli") / "resources" / "published.csv").read_bytes())


def paper_table(cells: pl.DataFrame, published: Sequence[str] = ()) -> pl.DataFrame:
    """Return runs, then predictors with known figures: 1-JSD per part, its mean, the mean legacy EMD.

    Beside them the means of ordinal EMD and of the Jensen-Shannon divergence (nats), which stand only for runs. A mean
    stands only where all five parts do: over fewer it could not be compared. `published` keeps the rows whose name has
    one of these texts in it; "none" keeps none. Raises SurveyError (4) where no name has.
    """
    import polars as pl

    columns = ["predictor", *PARTS, "mean", _EMD, *_RIGHT, "source"]
    tables = [_one_row_per_run(cells).select(columns)]
    if tuple(published) != (NONE,):
        tables.append(_known_rows(published).select(columns))
    return pl.concat(tables)


def _known_rows(published: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    figures = published_figures()
    table = figures.filter(pl.col("metric") == "paper_one_minus_jsd", pl.col("part").is_in([*PARTS, "mean"]))
    wide = table.pivot(on="part", index=["predictor", "source"], values="value")
    emd = figures.filter(pl.col("metric") == "paper_emd", pl.col("part") == "mean")
    wide = wide.join(
        emd.select("predictor", pl.col("value").alias(_EMD)), on="predictor", how="left", maintain_order="left"
    )
    names = wide["predictor"].to_list()
    kept = [name for name in names if not published or any(text.lower() in name.lower() for text in published)]
    if not kept:
        raise not_found(f"No known row has {' or '.join(published)} in its name.", f"There are: {'; '.join(names)}.")
    missing = [pl.lit(None, dtype=pl.Float64).alias(name) for name in _RIGHT]
    short = pl.col("source").str.split(" (").list.first()
    return wide.filter(pl.col("predictor").is_in(kept)).with_columns(*missing, short.alias("source"))


def _one_row_per_run(cells: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    boards = {name: _board(cells, name) for name in ("paper_one_minus_jsd", "paper_emd", *_RIGHT.values())}
    board = boards["paper_one_minus_jsd"]
    name = pl.col("run_id")
    for column in ("kind", "language"):
        if column in board.columns:
            name = pl.when(pl.col(column) == "").then(name).otherwise(pl.format("{} ({})", name, column))
    means = {_EMD: "paper_emd", **_RIGHT}
    return board.select(
        name.alias("predictor"),
        *PARTS,
        _mean_of_all(PARTS).alias("mean"),
        *(boards[metric].select(_mean_of_all(PARTS)).to_series().alias(column) for column, metric in means.items()),
        pl.format("this store, {}", "shares").alias("source"),
    )


def _board(cells: pl.DataFrame, metric: str) -> pl.DataFrame:
    """Return the leaderboard of a metric with a column for each of the five parts."""
    import polars as pl

    # The five parts are called so in any split that the recipe makes.
    board = leaderboard(cells.with_columns(pl.lit("").alias("split")), metric)
    return board.with_columns(pl.lit(None, dtype=pl.Float64).alias(part) for part in PARTS if part not in board.columns)


def _mean_of_all(parts: tuple[str, ...]) -> pl.Expr:
    """Return the mean over the parts, NULL where one is missing."""
    import polars as pl

    return pl.sum_horizontal(parts, ignore_nulls=False) / len(parts)


TABLES = (
    Table(
        "paper",
        "The published layout, with the published figures.",
        lambda store, request: paper_table(scored_cells(store, request.runs, request.selection), request.published),
        columns=("predictor", *PARTS, "mean", _EMD, *_RIGHT, "source"),
        takes=frozenset({"language", "published", "kind", "min_respondents"}),
        by=frozenset({By.PART}),
        how_to_read=(
            "legacy_emd_mean is blind to the order of options, and 1-JSD is 1 minus a distance; emd_ordinal_mean and "
            "js_divergence_mean are what these names promise. Honest baselines: unweighted WVS-7 release 5, C1-Q3 over "
            "38 of its 46 countries."
        ),
    ),
)
