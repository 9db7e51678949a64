"""`predict --predictor json` and `--temperature`: what is predicted, what failed, and what is refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from json_model import SHARES, save_json_model

from surveycli.domain import Shares
from surveycli.prompt import PromptStyle, render_json_prompt
from surveycli.run_folder.transfer import CellRequest, export_contents
from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import ad_hoc, open_store

RunCli = Callable[..., Any]
ITEMS = {"Q1": 4, "Q2": 4, "Q57": 2}  # their numbers of options


def add_small_split(path: Path) -> Path:
    """Make a split of three items and five countries in a store with the bundled survey."""
    parts = {"train": ("USA", "JPN"), "validation": ("DEU",), "test": ("KEN", "PER")}
    rows = [
        {"part": part, "survey_id": "wvs7", "item_id": item, "population_id": population}
        for part, populations in parts.items()
        for population in populations
        for item in ITEMS
    ]
    with open_store(path, write=True) as store:
        make_split(store, Recipe.CUSTOM, SplitOptions(name="small", cells=pl.DataFrame(rows)))
    return path


@pytest.fixture
def small_store(bundled_store_path: Path) -> Path:
    """The bundled survey with a split of three items and five countries."""
    return add_small_split(bundled_store_path)


@pytest.fixture(scope="module")
def json_model(_bundled_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that replies to the prompts of the split with one JSON object of four shares."""
    folder = tmp_path_factory.mktemp("json-model")
    with open_store(add_small_split(Path(shutil.copy(_bundled_file, folder / "survey.duckdb")))) as store:
        contents = export_contents(store, CellRequest("small", ("en",), Shares.WEIGHTED))
    prompts = [render_json_prompt(q, p, PromptStyle()) for q in contents.questions for p in contents.populations]
    return save_json_model(folder / "model", prompts)


def test_an_untrained_model_fails_everywhere_and_each_failure_is_kept(small_store: Path, run_cli: RunCli) -> None:
    """No cell is predicted, each has its reason and reply in the store, and score says why it has none."""
    result = run_cli("predict", "-p", "json", "--model", "tiny", "--split", "small", "--store", small_store)
    assert result.code == 0, result.err
    assert "9 of 9 cells have no prediction" in result.err
    failures = ad_hoc(small_store, "select * from prediction_failure")
    assert failures.height == 9
    assert failures["reply"].str.len_chars().is_between(1, 203).all()
    assert ad_hoc(small_store, "select * from prediction_cell").is_empty()
    run = ad_hoc(small_store, "select run_id, predictor, status from run").row(0)
    assert run[1:] == ("json", "finished")
    scored = run_cli("score", run[0], "--store", small_store)
    assert scored.code == 4
    counts = re.findall(r"(\d+) (?:no JSON object|cut off)", scored.err)
    assert sum(map(int, counts)) == 9, scored.err
    assert run_cli("check", "--store", small_store).code == 0


def test_a_model_that_replies_well_is_read(small_store: Path, json_model: Path, run_cli: RunCli) -> None:
    """Its four shares are predicted where there are four options; for two the keys are wrong, and counted."""
    options = ("--model", json_model, "--split", "small", "--describe", "name", "--store", small_store)
    result = run_cli("predict", "-p", "json", "--name", "words", *options)
    assert result.code == 0, result.err
    assert "3 of 9 cells have no prediction: 3 keys are not the option letters" in result.err
    assert "words: 6 cells predicted" in result.out
    predicted = ad_hoc(
        small_store,
        "select item_id, population_id, list(probability order by option_code) as p from prediction group by all",
    )
    assert sorted(predicted.select("item_id", "population_id").rows()) == [
        (item, population) for item in ("Q1", "Q2") for population in ("DEU", "KEN", "PER")
    ]
    assert all(p == pytest.approx(SHARES) for p in predicted["p"].to_list())
    cells = ad_hoc(small_store, "select distinct outside_mass, basis, language from prediction_cell")
    assert cells.rows() == [(None, "json", "en")]
    scored = run_cli("score", "words", "--store", small_store)
    assert scored.code == 0, scored.err
    assert "3 cells not scored: no prediction (keys are not the option letters)" in scored.err
    assert ad_hoc(small_store, "select count(*) from score").item() == 6


def test_an_interrupted_job_asks_only_what_is_open(small_store: Path, json_model: Path, run_cli: RunCli) -> None:
    """Predicted and failed cells in the run folder are not asked again; those lost to the interruption are."""
    from surveycli.prediction.predict import predict_folder
    from surveycli.run_folder import RunFolder, read_failures, read_predictions

    options = ("--model", json_model, "--split", "small", "--describe", "name", "--store", small_store)
    assert run_cli("predict", "-p", "json", *options).code == 0
    folder = RunFolder(Path(ad_hoc(small_store, "select folder from run").item()))
    first = sorted(read_predictions(folder), key=repr)
    lines = folder.failures.read_bytes().splitlines(keepends=True)
    folder.failures.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    outcome = predict_folder(folder)
    assert (outcome.n_cells, outcome.n_already_there) == (9, 8)
    assert outcome.failures == (("keys are not the option letters", 3),)
    assert len(read_failures(folder)) == 3
    assert sorted(read_predictions(folder), key=repr) == first


def test_a_fine_tuning_can_be_asked_in_words(small_store: Path, run_cli: RunCli) -> None:
    """With --run the trained weights reply, in a run of their own beside the fine-tuning's."""
    assert run_cli("finetune", "--split", "small", "--epochs", "1", "--name", "mine", "--store", small_store).code == 0
    result = run_cli("predict", "-p", "json", "--run", "mine", "--name", "words", "--store", small_store)
    assert result.code == 0, result.err
    configuration = json.loads(ad_hoc(small_store, "select configuration from run where run_id = 'words'").item())
    assert (configuration["trained_by"], configuration["elicitation"]) == ("mine", "json")
    found = ad_hoc(
        small_store,
        "select run_id from prediction_cell union all select run_id from prediction_failure",
    )
    assert found["run_id"].to_list() == ["words"] * 9


def test_a_temperature_of_its_own_flattens_every_prediction(small_store: Path, run_cli: RunCli) -> None:
    """At temperature 2 probabilities are the square roots of those at 1, scaled to sum to 1, and the basis says so."""
    options = ("--model", "tiny", "--split", "small", "--store", small_store)
    assert run_cli("predict", *options, "--name", "one").code == 0
    assert run_cli("predict", *options, "--name", "two", "--temperature", "2").code == 0
    query = """
        select item_id, population_id, list(probability order by option_code) as p
        from prediction where run_id = '{}' group by all order by all
    """
    one, two = (ad_hoc(small_store, query.format(name))["p"].to_list() for name in ("one", "two"))
    for p, q in zip(one, two, strict=True):
        roots = [value**0.5 for value in p]
        assert q == pytest.approx([root / sum(roots) for root in roots], abs=1e-6)
    bases = ad_hoc(small_store, "select distinct run_id, basis from prediction_cell order by all").rows()
    assert bases == [("one", "first-token"), ("two", "first-token, temperature 2")]


def test_the_temperature_chosen_on_validation_is_best_there(small_store: Path, run_cli: RunCli) -> None:
    """With auto the validation part, predicted too, has a lower mean KL than at 1 and on either side."""
    options = ("--model", "tiny", "--split", "small", "--order", "item-first", "--store", small_store)
    assert run_cli("predict", *options, "--name", "auto", "--temperature", "auto", "--part", "test").code == 0
    basis = ad_hoc(small_store, "select distinct basis from prediction_cell").item()
    chosen = float(basis.split()[-1])
    others = {"one": 1.0, "below": chosen / 1.3, "above": min(chosen * 1.3, 20)}
    for name, temperature in others.items():
        assert run_cli("predict", *options, "--name", name, "--temperature", f"{temperature}").code == 0
    assert run_cli("score", "auto", *others, "--store", small_store).code == 0
    rows = ad_hoc(
        small_store,
        "select run_id, avg(kl_nats) from score where population_id = 'DEU' group by all",
    )
    losses = dict(rows.rows())
    assert losses["auto"] <= min(losses.values()) + 1e-6
    assert losses["auto"] < losses["one"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("-p", "json", "--temperature", "2"), 2, "--temperature is not an option"),
        (("--temperature", "0"), 2, "above 0"),
        (("--temperature", "warm"), 2, "'warm'"),
        (("--temperature", "nan"), 2, "above 0"),
    ],
)
def test_what_has_no_meaning_is_refused(
    small_store: Path, run_cli: RunCli, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """A temperature for words, and one that is not a positive number, give exit 2 before anything is computed."""
    result = run_cli("predict", "--model", "tiny", "--split", "small", *arguments, "--store", small_store)
    assert result.code == code
    assert words in result.err
    assert ad_hoc(small_store, "select * from run").is_empty()


def test_auto_needs_a_validation_part(small_store: Path, run_cli: RunCli) -> None:
    """A split without one is exit 4 and the hint names the other way."""
    rows = {"part": ["train", "test"], "survey_id": "wvs7", "item_id": "Q1", "population_id": ["USA", "KEN"]}
    with open_store(small_store, write=True) as store:
        make_split(store, Recipe.CUSTOM, SplitOptions(name="two", cells=pl.DataFrame(rows)))
    result = run_cli("predict", "--model", "tiny", "--split", "two", "--temperature", "auto", "--store", small_store)
    assert result.code == 4
    assert "no validation part" in result.err
