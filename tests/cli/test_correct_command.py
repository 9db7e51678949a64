"""`surveycli correct`: samples in every form, what comes of them, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.errors import ExitCode
from surveycli.split import SplitOptions, make_split
from surveycli.store import ad_hoc, open_store

POPULATIONS = ("EGY", "JPN", "MEX", "NZL")
ITEMS = ("Q1", "Q2", "Q6", "Q46")


@pytest.fixture
def place(bundled_store_path: Path) -> tuple[str, Path]:
    """A store with the item mean of other countries as a run for a few items, validation cells among them."""
    items = ", ".join(f"'{item}'" for item in (*ITEMS, "Q3", "Q4", "Q5", "Q47"))
    query = f"""
        SELECT 'wvs7' AS survey_id, item_id, population_id, CASE
            WHEN population_id IN {POPULATIONS} THEN 'test'
            WHEN hash(population_id) % 3 = 0 THEN 'validation' ELSE 'train' END AS part
        FROM cell WHERE item_id IN ({items})
    """
    cells = ad_hoc(bundled_store_path, query)
    with open_store(bundled_store_path, write=True) as store:
        make_split(store, "custom", SplitOptions(name="few", cells=cells))
        predict_baseline(store, "item-mean", BaselineOptions("few", name="means"))
    return "--store", bundled_store_path


def draw(path: Path, n: int, seed: int = 1) -> pl.DataFrame:
    """Return n invented people per population, each with an answer to every item, drawn from the human shares."""
    rng = np.random.default_rng(seed)
    rows = ad_hoc(path, f"""
        SELECT item_id, population_id, list(option_code ORDER BY option_code) AS code,
            list(coalesce(share, share_unweighted) ORDER BY option_code) AS share
        FROM response_distribution WHERE item_id IN {ITEMS} AND population_id IN {POPULATIONS} GROUP BY ALL
    """)  # fmt: skip
    people = {"country": np.repeat(POPULATIONS, n), "respondent": np.tile(np.arange(n), len(POPULATIONS))}
    for item in ITEMS:
        answers = []
        for population in POPULATIONS:
            row = rows.row(
                by_predicate=(pl.col("item_id") == item) & (pl.col("population_id") == population), named=True
            )
            answers.append(rng.choice(row["code"], n, p=np.array(row["share"]) / sum(row["share"])))
        people[item] = np.concatenate(answers)
    return pl.DataFrame(people)


def counts_of(people: pl.DataFrame) -> pl.DataFrame:
    long = people.unpivot(on=ITEMS, index="country", variable_name="item", value_name="option")
    return long.group_by("country", "item", "option").len("n")


def test_people_and_counts_give_the_same(place: tuple[str, Path], tmp_path: Path, run_cli: Callable) -> None:
    """Rows of people, counts of them, one answer per row and weights of 2 for all: the same shares and intervals."""
    people = draw(place[1], 12)
    files = {
        "people": people.with_columns(Q1=pl.col("Q1").cast(pl.String)),
        "counts": counts_of(people),
        "answers": people.unpivot(on=ITEMS, index="country", variable_name="item", value_name="option"),
        "weighted": people.with_columns(weight=2.0),
    }
    found = []
    for name, frame in files.items():
        frame.write_csv(tmp_path / f"{name}.csv")
        done = run_cli("correct", "means", "--sample", tmp_path / f"{name}.csv", "--shares", "--format", "json", *place)
        assert done.code == 0, done.err
        found.append(json.loads(done.out))
    assert found[0] == found[1] == found[2] == found[3]
    first = found[0][0]
    assert 0 <= first["low"] <= first["share"] <= first["high"] <= 1
    assert min(first["predicted"], first["sampled"]) <= first["share"] <= max(first["predicted"], first["sampled"])


def test_a_correction_is_a_run_like_any_other(place: tuple[str, Path], tmp_path: Path, run_cli: Callable) -> None:
    """It can be scored, and is closer to people than prediction and sample alone; the table says what was gained."""
    people = draw(place[1], 12)
    people.write_csv(tmp_path / "people.csv")
    done = run_cli(
        "correct", "means", "--sample", tmp_path / "people.csv", "--format", "json", "--allocate", "50", *place
    )
    assert done.code == 0, done.err
    assert sum(row["answers_to_add"] for row in json.loads(done.out)) == 50
    assert run_cli("score", "corrected-1", *place).code == 0
    assert run_cli("check", *place).code == 0
    rows = ad_hoc(place[1], """
        SELECT sum(abs(c.share - d.share)) AS corrected, sum(abs(c.predicted - d.share)) AS predicted,
            sum(abs(c.sampled - d.share)) AS sampled
        FROM corrected_share AS c JOIN response_distribution AS d USING (survey_id, item_id, population_id, option_code)
    """).row(0, named=True)  # fmt: skip
    assert rows["corrected"] < min(rows["predicted"], rows["sampled"])
    worth = ad_hoc(place[1], "SELECT n_effective, n_equivalent, weight, helps FROM correction")
    assert worth["n_effective"].unique().to_list() == [12]
    assert worth.filter("helps").height and (worth.filter("helps")["n_equivalent"] >= 13).all()
    assert worth["weight"].is_between(0, 1).all()
    configuration = ad_hoc(
        place[1], "SELECT configuration ->> 'strengths_chosen_on' FROM run WHERE run_id = 'corrected-1'"
    )
    assert "validation cells, 20 answers drawn in each" in configuration.item()


def test_cells_without_a_prediction_stand_on_their_answers(
    place: tuple[str, Path], tmp_path: Path, run_cli: Callable
) -> None:
    """An item that the run did not predict is taken in, flagged, and gets no weight of any prediction."""
    rows = pl.DataFrame({"population": ["KEN"] * 2, "item": ["Q150"] * 2, "option": ["1", "2"], "n": [7, 3]})
    rows.write_csv(tmp_path / "other.csv")
    done = run_cli("correct", "means", "--sample", tmp_path / "other.csv", *place)
    assert (done.code, "1 cells have no prediction" in done.err) == (0, True)
    assert "does not help here" in done.out
    found = ad_hoc(place[1], "SELECT weight, strength, helps FROM correction").row(0)
    assert found == (0, None, False)
    basis = ad_hoc(place[1], "SELECT basis FROM prediction_cell WHERE run_id = 'corrected-1'").item()
    assert basis == "10 answers alone"


def test_a_run_without_validation_says_what_it_could_not_learn(
    place: tuple[str, Path], tmp_path: Path, run_cli: Callable
) -> None:
    """Without validation answers strengths start from a guess, and a note says so."""
    with open_store(place[1], write=True) as store:
        predict_baseline(store, "item-mean", BaselineOptions("few", ("test",), name="tests"))
    draw(place[1], 5).write_csv(tmp_path / "people.csv")
    done = run_cli("correct", "tests", "--sample", tmp_path / "people.csv", *place)
    assert (done.code, "no validation part" in done.err) == (0, True)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"population": ["KEN"], "item": ["Q1"], "option": ["9"], "n": [3]}, "no such option: 9 of Q1"),
        ({"population": ["Atlantis"], "item": ["Q1"], "option": ["1"], "n": [3]}, "no such population: Atlantis"),
        ({"population": ["KEN"], "item": ["Q999"], "option": ["1"], "n": [3]}, "no such item: Q999"),
        ({"population": ["KEN"], "item": ["Q1"], "option": ["1"], "n": [-3]}, "below 0"),
        ({"population": ["KEN"], "item": ["Q1"], "option": ["1"], "n": ["many"]}, "below 0"),
        ({"population": ["KEN"], "Q1": ["-1"]}, "has no answers"),
        ({"population": ["KEN"], "age": [30]}, "neither columns item and option"),
        ({"place": ["KEN"], "Q1": [1]}, "no column for the population"),
    ],
)
def test_a_sample_that_contradicts_the_store_is_refused(
    place: tuple[str, Path], tmp_path: Path, run_cli: Callable, rows: dict, message: str
) -> None:
    """Nothing is guessed or dropped in silence: exit 3, with what was found and where, and no run is left behind."""
    pl.DataFrame(rows).write_csv(tmp_path / "bad.csv")
    refused = run_cli("correct", "means", "--sample", tmp_path / "bad.csv", *place)
    assert (refused.code, message in refused.err) == (ExitCode.BAD_INPUT, True), refused.err
    assert ad_hoc(place[1], "SELECT count(*) FROM run").item() == 1


def test_what_is_not_there_and_what_does_not_go_together(
    place: tuple[str, Path], tmp_path: Path, run_cli: Callable
) -> None:
    """An unknown run, no sample, a missing file, options of the other way: each its own exit code."""
    (tmp_path / "s.csv").write_text("population,item,option\nKEN,Q1,1\n", encoding="utf-8")
    sample = ("--sample", tmp_path / "s.csv")
    assert run_cli("correct", "nobody", *sample, *place).code == ExitCode.NOT_FOUND
    assert run_cli("correct", "means", *place).code == ExitCode.USAGE
    assert run_cli("correct", *place).code == ExitCode.USAGE
    assert run_cli("correct", "means", "--sample", tmp_path / "none.csv", *place).code == ExitCode.BAD_INPUT
    refused = run_cli("correct", "--predicted", tmp_path / "s.csv", *sample, "--allocate", "5", *place)
    assert (refused.code, "--allocate is not an option of" in refused.err) == (ExitCode.USAGE, True)
    assert run_cli("correct", "means", *sample, "--name", "means", *place).code == ExitCode.CONFLICT


def test_predictions_of_single_people(place: tuple[str, Path], tmp_path: Path, run_cli: Callable) -> None:
    """With a good prediction for each of 2,000 people, 100 answers are worth more; shares follow PPI++."""
    everyone = draw(place[1], 500)
    rng = np.random.default_rng(8)
    guessed = everyone.with_columns(
        pl.when(pl.Series(rng.random(everyone.height) < 0.8)).then(pl.col(item)).otherwise(pl.lit(1)).alias(item)
        for item in ITEMS
    )
    guessed.write_csv(tmp_path / "predicted.csv")
    everyone.filter(pl.col("respondent") < 100).write_csv(tmp_path / "sample.csv")
    done = run_cli(
        "correct", "--predicted", tmp_path / "predicted.csv", "--sample", tmp_path / "sample.csv", *place
    )  # fmt: skip
    assert done.code == 0, done.err
    found = ad_hoc(place[1], "SELECT avg(n_equivalent) AS worth, min(weight) AS trust, count(*) AS n FROM correction")
    assert found["n"].item() == len(ITEMS) * len(POPULATIONS)
    assert found["worth"].item() > 150
    assert found["trust"].item() > 0.4
    assert run_cli("check", *place).code == 0
    alone = tmp_path / "alone.csv"
    guessed.filter(pl.col("respondent") >= 100).write_csv(alone)
    refused = run_cli("correct", "--predicted", alone, "--sample", tmp_path / "sample.csv", *place)
    assert (refused.code, "No respondent of --sample is in --predicted" in refused.err) == (ExitCode.BAD_INPUT, True)
