"""Each invariant finds what breaks it, and only that."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime

import polars as pl
import pytest

from surveycli.split import make_split
from surveycli.store import Store
from surveycli.store.invariant import find_violations, invariant_names, purpose

Tables = dict[str, pl.DataFrame]

CELL = {"survey_id": "s", "item_id": "a", "population_id": "KEN"}
PREDICTED = {"run_id": "r", **CELL, "language": "en"}
SPLIT = {"recipe": "unseen-both", "seed": 1, "parameters": "{}", "created_at": datetime(2026, 1, 1)}


def sound_tables() -> Tables:
    """Return the rows of a small store in which every invariant holds: two batteries, three countries, one run."""
    items = pl.DataFrame({"survey_id": "s", "item_id": ["a", "b", "c"], "battery_id": ["ab", "ab", "c"]})
    cells = items.select("survey_id", "item_id").join(
        pl.DataFrame({"population_id": ["KEN", "PER", "PER|sex=female"]}), how="cross"
    )
    options = pl.DataFrame({"option_code": [1, 2], "position": [0, 1], "share": [0.25, 0.75], "n": [1, 3]})
    all_options = items.select("survey_id", "item_id").join(options, how="cross")
    part = (
        pl.when(pl.col("item_id") == "c")
        .then(pl.when(pl.col("population_id") == "KEN").then(pl.lit("test")).otherwise(pl.lit("test-questions")))
        .otherwise(pl.when(pl.col("population_id") == "KEN").then(pl.lit("test-countries")).otherwise(pl.lit("train")))
    )
    prediction = pl.DataFrame({**PREDICTED, "option_code": [1, 2], "probability": [0.5, 0.5]})
    return {
        "survey": pl.DataFrame({"survey_id": ["s"], "title": ["A survey"]}),
        "item": items.with_columns(position=pl.int_range(3), scale=pl.lit("binary"), n_options=pl.lit(2)),
        "item_text": items.select(
            "survey_id", "item_id", language=pl.lit("en"), wording=pl.lit("?"), origin=pl.lit("codebook")
        ),
        "response_option": all_options.select("survey_id", "item_id", "option_code", "position"),
        "option_text": all_options.select(
            "survey_id", "item_id", "option_code", language=pl.lit("en"), label=pl.lit("yes"), origin=pl.lit("codebook")
        ),
        "population": cells.select("population_id").unique().with_columns(
            kind=pl.lit("country"), iso3=pl.col("population_id").str.slice(0, 3), definition=pl.lit("{}")
        ),
        "population_text": cells.select("population_id").unique().with_columns(
            language=pl.lit("en"), name=pl.lit("n"), description=pl.lit("d"), context=pl.lit("c")
        ),
        "cell": cells.with_columns(n_respondents=pl.lit(4), n_effective=pl.lit(3.5)),
        "missing_count": cells.with_columns(status=pl.lit("refused"), n_respondents=pl.lit(2)),
        "answer_account": cells.with_columns(
            n_interviewed=pl.lit(7), n_valid=pl.lit(4), n_missing=pl.lit(2), n_left_out=pl.lit(1)
        ),
        "response_distribution": cells.join(options, how="cross").select(
            pl.col("survey_id", "item_id", "population_id", "option_code", "share"),
            n_respondents="n",
            share_unweighted="share",
        ),
        "split": pl.DataFrame({"split": ["u"], **SPLIT}),
        "split_cell": cells.with_columns(split=pl.lit("u"), part=part),
        "run": pl.DataFrame(
            {
                "run_id": ["r"], "kind": ["predictor"], "predictor": ["uniform"], "split": ["u"],
                "shares": ["weighted"], "seed": [1], "configuration": ['{"trained_by": "gone"}'], "versions": ["{}"],
                "status": ["finished"], "started_at": [datetime(2026, 1, 1)], "finished_at": [datetime(2026, 1, 2)],
            }
        ),
        "prediction_part": pl.DataFrame(
            {
                "run_id": ["r"], "split": ["u"], "part": ["test-countries"], "status": ["finished"],
                "started_at": [datetime(2026, 1, 1)],
            }
        ),
        "training_cell": pl.DataFrame({"run_id": ["r"], "part": ["train"], **CELL, "population_id": ["PER"]}),
        "prediction_cell": pl.DataFrame({**PREDICTED, "outside_mass": [0.1], "basis": ["uniform"]}),
        "prediction": prediction,
        "prediction_failure": pl.DataFrame({**PREDICTED, "language": ["zh"], "reason": ["no JSON"], "reply": [""]}),
        "corrected_share": pl.DataFrame(
            {
                "run_id": "r", "survey_id": "s", "item_id": "c", "population_id": "KEN", "option_code": [1, 2],
                "predicted": [0.4, 0.6], "sampled": [0.2, 0.8], "share": [0.3, 0.7], "low": [0.1, 0.5],
                "high": [0.5, 0.9],
            }
        ),
        "score": pl.DataFrame(
            {
                **PREDICTED, "js_divergence_nats": [0.04], "js_distance": [0.2], "kl_nats": [0.1],
                "total_variation": [0.25], "emd_ordinal": [0.25], "modal_accuracy": [0.5],
                "paper_one_minus_jsd": [0.8], "paper_emd": [0.2],
            }
        ),
    }  # fmt: skip


def broken(store: Store, tables: Tables) -> dict[str, pl.DataFrame]:
    """Write the tables and return the rows of every broken invariant by name."""
    for table, rows in tables.items():
        store.insert(table, rows)
    return {violation.name: violation.rows for violation in find_violations(store)}


def first(**values: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Set columns of a table's first row."""

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        is_first = pl.int_range(pl.len()) == 0
        return rows.with_columns(
            pl.when(is_first).then(pl.lit(value)).otherwise(pl.col(name)).alias(name) for name, value in values.items()
        )

    return change


def all_rows(**values: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Set columns of all rows."""
    return lambda rows: rows.with_columns(pl.lit(value).alias(name) for name, value in values.items())


def add(**values: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Add a row: the first one with other values in these columns."""
    return lambda rows: pl.concat([rows, first(**values)(rows).head(1)])


def without(**values: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Drop the rows with these values."""
    return lambda rows: rows.filter(~pl.all_horizontal(pl.col(name) == value for name, value in values.items()))


# A change of one table, and the invariants that it must break: these and no others.
BREAKS: dict[str, tuple[str, Callable[[pl.DataFrame], pl.DataFrame], set[str]]] = {
    "a cell in train and test": (
        "split_cell",
        add(part="train"),
        {"split_parts_overlap", "split_country_torn"},
    ),
    "a cell twice in one test part": ("split_cell", add(), {"split_parts_overlap"}),
    "a test item in train": (
        "split_cell",
        lambda rows: add(item_id="c", population_id="PER", part="train")(
            without(item_id="c", population_id="PER")(rows)
        ),
        {"split_unseen_item_seen", "split_battery_torn"},
    ),
    "a battery on two sides": (
        "split_cell",
        lambda rows: rows.with_columns(
            part=pl.when(pl.col("item_id") == "b")
            .then(pl.col("part").replace({"train": "test-questions", "test-countries": "test"}))
            .otherwise("part")
        ),
        {"split_battery_torn"},
    ),
    "a subgroup away from its country": (
        "split_cell",
        lambda rows: rows.with_columns(
            part=pl.when(pl.col("population_id") == "PER|sex=female")
            .then(pl.col("part").replace({"train": "test-countries", "test-questions": "test"}))
            .otherwise("part")
        ),
        {"split_country_torn"},
    ),
    "a corrected share outside its interval": ("corrected_share", first(low=0.35), {"corrected_share_interval"}),
    "corrected shares that sum to 1.1": ("corrected_share", first(share=0.4), {"corrected_share_interval"}),
    "a new item that no donor was asked": ("split", all_rows(recipe="new-items"), {"split_new_item_donors"}),
    "an answer to a question that was never asked": (
        "split",
        all_rows(recipe="simulated"),
        {"simulated_answered"},
    ),
    "a whole country among missing groups": (
        "split",
        all_rows(recipe="missing-groups"),
        {"split_missing_group_country"},
    ),
    "a split's cell that is not in the store": (
        "split_cell",
        add(population_id="KEN|sex=male", part="test-countries"),
        {"split_cell_without_distribution"},
    ),
    "cells of a split that is not there": ("split", all_rows(split="other"), {"split_unnamed", "run_without_split"}),
    "unweighted shares that sum to 1.1": (
        "response_distribution",
        first(share_unweighted=0.35),
        {"distribution_sum"},
    ),
    "weighted shares that sum to 0.9": ("response_distribution", first(share=0.15), {"distribution_sum"}),
    "a weighted share known for one option only": ("response_distribution", first(share=None), {"distribution_sum"}),
    "shares below 0 and above 1": (
        "response_distribution",
        lambda rows: rows.with_columns(
            share=pl.when(pl.col("item_id") == "a")
            .then(pl.when(pl.col("option_code") == 1).then(-0.5).otherwise(1.5))
            .otherwise("share")
        ),
        {"distribution_range"},
    ),
    "a share that is not a number": (
        "response_distribution",
        first(share=math.nan),
        {"distribution_sum", "distribution_range"},
    ),
    "an option that a distribution lacks": (
        "response_distribution",
        lambda rows: first(share=1.0, share_unweighted=1.0, n_respondents=4)(rows.slice(1)),
        {"distribution_options"},
    ),
    "an option that the item does not have": ("response_distribution", first(option_code=3), {"distribution_options"}),
    "a cell without distribution": (
        "response_distribution",
        without(item_id="a", population_id="KEN"),
        {"distribution_cell", "distribution_options"},
    ),
    "a distribution without cell": (
        "cell",
        without(item_id="a", population_id="KEN"),
        {"distribution_cell", "split_cell_without_distribution"},
    ),
    "another count in the cell": ("cell", first(n_respondents=5), {"distribution_cell", "answer_account"}),
    "an answer that is nowhere": ("answer_account", first(n_left_out=0), {"answer_account"}),
    "a missing answer that is not counted": ("missing_count", first(n_respondents=1), {"answer_account"}),
    "a missing answer without respondents": ("missing_count", add(status="not_asked"), {"answer_account"}),
    "an item that fewer people met": (
        "answer_account",
        first(n_interviewed=6, n_left_out=0),
        {"answer_account"},
    ),
    "more effective answers than answers": ("cell", first(n_effective=4.5), {"cell_effective_number"}),
    "an item without wording": ("item_text", without(item_id="a"), {"item_without_text"}),
    "an option without label": ("option_text", without(item_id="a", option_code=2), {"item_without_text"}),
    "a gap in the positions": (
        "response_option",
        lambda rows: rows.with_columns(position=pl.when(pl.col("position") == 1).then(2).otherwise("position")),
        {"option_position"},
    ),
    "positions against the order of codes": (
        "response_option",
        lambda rows: rows.with_columns(position=1 - pl.col("position")),
        {"option_position"},
    ),
    "another number of options": ("item", first(n_options=3), {"option_position"}),
    "a population without description": ("population_text", without(population_id="PER"), {"cell_without_names"}),
    "a survey that is not there": ("survey", all_rows(survey_id="other"), {"cell_without_names"}),
    "probabilities that sum to 0.9": ("prediction", first(probability=0.4), {"prediction_sum"}),
    "a negative probability": (
        "prediction",
        lambda rows: rows.with_columns(probability=pl.Series([-0.5, 1.5])),
        {"prediction_sum"},
    ),
    "a probability that is not a number": ("prediction", first(probability=math.nan), {"prediction_sum"}),
    "a prediction that lacks an option": (
        "prediction",
        lambda rows: rows.head(1).with_columns(probability=pl.lit(1.0)),
        {"prediction_options"},
    ),
    "a prediction with an option twice": (
        "prediction",
        all_rows(option_code=1),
        {"prediction_options", "prediction_twice"},
    ),
    "a prediction cell without prediction": ("prediction", lambda rows: rows.clear(), {"prediction_cell_pair"}),
    "a prediction without its cell": (
        "prediction_cell",
        lambda rows: rows.clear(),
        {"prediction_cell_pair", "score_without_prediction"},
    ),
    "a prediction of no run": (
        "run",
        all_rows(run_id="other"),
        {
            "prediction_cell_pair",
            "prediction_failure_pair",
            "prediction_part_run",
            "training_cell_twice",
            "training_unknown",
        },
    ),
    "a cell predicted twice": ("prediction_cell", add(), {"prediction_twice"}),
    "a cell scored twice": ("score", add(), {"score_twice"}),
    "a training cell kept twice": ("training_cell", add(part="validation"), {"training_cell_twice"}),
    "a training of which the cells are not known": (
        "training_cell",
        lambda rows: rows.clear(),
        {"training_unknown"},
    ),
    "a part of no run": ("prediction_part", all_rows(run_id="other"), {"prediction_part_run"}),
    "a failed part without a reason": ("prediction_part", all_rows(status="failed"), {"prediction_part_run"}),
    "a failed cell with a prediction": ("prediction_failure", all_rows(language="en"), {"prediction_failure_pair"}),
    "a failed cell of no run": ("prediction_failure", all_rows(run_id="other"), {"prediction_failure_pair"}),
    "mass outside above 1": ("prediction_cell", all_rows(outside_mass=1.5), {"prediction_outside_mass"}),
    "a score of another language": ("score", all_rows(language="zh"), {"score_without_prediction"}),
    "a distance that is not the root": ("score", all_rows(js_distance=0.3), {"score_range"}),
    "a divergence above ln 2": ("score", all_rows(js_divergence_nats=0.81, js_distance=0.9), {"score_range"}),
    "a run that ended before it began": ("run", all_rows(finished_at=datetime(2025, 1, 1)), {"run_times"}),
    "a failed run without a reason": ("run", all_rows(status="failed"), {"run_times"}),
    "a run on a split that is not there": ("run", all_rows(split="other"), {"run_without_split"}),
}


def test_a_sound_store_breaks_nothing(store: Store) -> None:
    """A store in which everything is as it should be returns no row from any invariant."""
    assert broken(store, sound_tables()) == {}


@pytest.mark.parametrize("what", BREAKS)
def test_a_break_is_found(store: Store, what: str) -> None:
    """A single thing that is wrong is found by the invariants that speak of it and by no other."""
    table, change, expected = BREAKS[what]
    tables = sound_tables()
    assert set(broken(store, tables | {table: change(tables[table])})) == expected


def test_every_invariant_is_broken_by_something() -> None:
    """Each file in sql/check has a case above that breaks it, or, where it is of a view, a test of its own."""
    of_tables = set.union(*(expected for _, _, expected in BREAKS.values()))
    assert of_tables | {"seen_cell_as_test"} == set(invariant_names())


def test_unknown_counts_and_weights_break_nothing(store: Store) -> None:
    """Distributions of which only unweighted shares are known, without counts, are sound."""
    tables = sound_tables()
    unknown = {"n_respondents": pl.lit(None, dtype=pl.Int64)}
    tables["cell"] = tables["cell"].with_columns(**unknown, n_effective=pl.lit(None, dtype=pl.Float64))
    tables["response_distribution"] = tables["response_distribution"].with_columns(
        **unknown, share=pl.lit(None, dtype=pl.Float64)
    )
    assert broken(store, tables) == {}


def test_a_violation_names_what_breaks_it(store: Store) -> None:
    """The rows of a violation have the keys of what is wrong."""
    tables = sound_tables()
    tables["cell"] = first(n_effective=4.5)(tables["cell"])
    rows = broken(store, tables)["cell_effective_number"]
    assert rows.select("survey_id", "item_id", "population_id").to_dicts() == [CELL]


def test_the_bundled_survey_is_sound(bundled_store: Store) -> None:
    """The bundled survey with the published split breaks no invariant."""
    make_split(bundled_store, "paper")
    assert [violation.name for violation in find_violations(bundled_store)] == []


@pytest.mark.parametrize("name", invariant_names())
def test_an_invariant_says_what_it_demands(name: str) -> None:
    """The purpose that users read is the sentence of the file's header, without its comment marks."""
    assert purpose(name).endswith((".", ")"))
    assert "-- " not in purpose(name)
