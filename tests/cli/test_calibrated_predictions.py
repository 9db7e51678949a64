"""What a model says is weighed against what is known without it, and the run says how much of it is the model's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from surveycli.errors import ExitCode, SurveyError
from surveycli.run_folder import RunFolder
from surveycli.run_folder.calibration import read_calibration
from surveycli.split import SplitOptions, make_split
from surveycli.store import ad_hoc, open_store

RunCli = Callable[..., Any]
CELLS = """
    SELECT 'wvs7' AS survey_id, item_id, population_id, CASE
        WHEN item_id IN ('Q46', 'Q47', 'Q48', 'Q49') THEN 'validation'
        WHEN item_id IN ('Q57', 'Q112') THEN 'test' ELSE 'train' END AS part
    FROM cell
    WHERE population_id IN ('KEN', 'JPN', 'MEX', 'DEU')
        AND item_id IN ('Q1', 'Q2', 'Q7', 'Q8', 'Q106', 'Q46', 'Q47', 'Q48', 'Q49', 'Q57', 'Q112')
"""
SHARES = """
    SELECT item_id, population_id, option_code, probability FROM prediction
    WHERE run_id = '{}' ORDER BY item_id, population_id, option_code
"""


@pytest.fixture(scope="module")
def place(_bundled_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a split whose validation and test items nobody in training was asked, and a fine-tuning of it."""
    import shutil

    path = Path(shutil.copy(_bundled_file, tmp_path_factory.mktemp("calibrated") / "survey.duckdb"))
    cells = ad_hoc(path, CELLS)
    with open_store(path, write=True) as store:
        make_split(store, "custom", SplitOptions(name="nowhere", cells=cells))
    return path


def shares(place: Path, run: str) -> pl.DataFrame:
    return ad_hoc(place, SHARES.format(run))


def chosen(place: Path, run: str) -> dict[str, Any]:
    text = ad_hoc(place, f"SELECT configuration::VARCHAR c FROM run WHERE run_id = '{run}'").item()
    return dict(json.loads(text)["chosen_on_validation"])


def test_a_fine_tuning_is_weighed_against_the_prior(place: Path, run_cli: RunCli) -> None:
    """`finetune` fits the weight on batteries it has not learnt from, `predict` uses it and says so.

    What is predicted is the mixture of the model's own shares, as `--no-calibrate` gives them to a run of their own,
    and the position marginal. A folder of before, which has no calibration, predicts as it did.
    """
    at = ("--store", place)
    assert run_cli("finetune", "--split", "nowhere", "--epochs", "1", "--name", "mine", *at).code == 0
    predicted = run_cli("predict", "--run", "mine", *at)
    assert (predicted.code, "Calibration of new items, by 4 batteries" in predicted.err) == (0, True), predicted.err
    assert "Calibration of known items: none" in predicted.err
    found = read_calibration(RunFolder(place.with_suffix(".runs") / "mine"))
    assert found is not None and found.new_items is not None and found.known_items is None
    assert chosen(place, "mine")["calibration"]["new_items"]["n_units"] == 4
    bases = ad_hoc(place, "SELECT DISTINCT basis FROM prediction_cell WHERE run_id = 'mine'").to_series().to_list()
    weight = "calibrated: weight" if found.new_items.weight else "position marginal: the model got no weight"
    assert len(bases) == 1 and bases[0].startswith(f"first-token, {weight}")
    assert run_cli("predict", "--run", "mine", "--no-calibrate", *at).code == 0
    own, raw = shares(place, "mine"), shares(place, "fine-tuned-1")
    for (item, population), rows in raw.group_by("item_id", "population_id"):
        model, k = rows["probability"].to_numpy(), rows.height
        prior = np.array(found.marginals[k])
        expected = found.new_items.shares(model[None], prior[None], np.array([k]))[0]
        assert own.filter(item_id=item, population_id=population)["probability"].to_numpy() == pytest.approx(expected)
    again = run_cli("runs", "show", "mine", "--config", *at)
    assert "calibrate: true" in again.out and "chosen_on_validation" not in again.out
    assert run_cli("predict", "--run", "mine", "--temperature", "2", "--calibrate", *at).code == ExitCode.USAGE


def test_debiasing_is_chosen_on_validation_and_kept(place: Path, run_cli: RunCli) -> None:
    """An untrained model, debiased, is uniform or what beat that on other batteries; added cells are read alike.

    The validation cells that it was chosen on count as seen, training items are asked and not predicted.
    """
    at = ("--split", "nowhere", "--store", place)
    asked = run_cli("predict", "--model", "tiny", "--debias", "--part", "test", "--name", "plain", *at)
    assert asked.code == 0, asked.err
    assert "Chosen on 4 validation batteries: debiased" in asked.err
    reading = chosen(place, "plain")["reading"]
    assert set(reading["scores"]) == {"chosen so", "letters as they are", "uniform"} and reading["n_batteries"] == 4
    parts = ad_hoc(
        place, "SELECT DISTINCT c.part FROM prediction_cell p JOIN split_cell c USING (item_id, population_id)"
    )
    seen = ad_hoc(place, "SELECT DISTINCT part FROM training_cell WHERE run_id = 'plain'").to_series().to_list()
    assert seen == ["validation"]
    assert "train" not in parts["part"].to_list()
    if not reading["weight"]:
        spread = shares(place, "plain").group_by("item_id", "population_id").agg(pl.col("probability").std())
        assert spread["probability"].fill_null(0).max() < 1e-9
    more = run_cli("predict", "--run", "plain", "--part", "train", "--store", place)
    assert more.code == 0, more.err
    assert chosen(place, "plain")["reading"] == reading
    assert run_cli("check", "--store", place).code == 0
    both = run_cli("predict", "--model", "tiny", "--debias", "--temperature", "auto", *at)
    assert (both.code, "both say how sure" in both.err) == (ExitCode.USAGE, True)


def test_debiasing_needs_batteries_to_choose_on(place: Path, run_cli: RunCli) -> None:
    """With validation of one battery nothing can be chosen: exit 3, and what to do."""
    cells = ad_hoc(place, CELLS).filter(~pl.col("item_id").is_in(["Q47", "Q48", "Q49"]))
    with open_store(place, write=True) as store:
        make_split(store, "custom", SplitOptions(name="one", cells=cells))
    refused = run_cli("predict", "--model", "tiny", "--debias", "--split", "one", "--store", place)
    assert (refused.code, "expected 3 or more, found 1" in refused.err) == (ExitCode.BAD_INPUT, True)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("items", [["s"]], "pairs of survey and item"),
        ("marginals", {"2": [0.5, 0.6]}, "a distribution over"),
        ("languages", [1], "texts as languages"),
        ("new_items", {"weight": 2.0}, "as temperature"),
        ("new_items", "all", "as new_items"),
    ],
)
def test_a_damaged_calibration_is_named(tmp_path: Path, field: str, value: object, message: str) -> None:
    """What is wrong in calibration.json is an error with its place, exit 3."""
    good = {"known_items": None, "new_items": None, "items": [], "marginals": {"2": [0.5, 0.5]}, "languages": ["en"]}
    folder = RunFolder(tmp_path)
    folder.calibration.write_text(json.dumps(good), encoding="utf-8")
    assert read_calibration(folder) is not None
    folder.calibration.write_text(json.dumps({**good, field: value}), encoding="utf-8")
    with pytest.raises(SurveyError, match=message) as refused:
        read_calibration(folder)
    assert refused.value.code is ExitCode.BAD_INPUT
