"""Predictions of a run folder against the model asked one prompt at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from model_samples import make_contents, make_training_folder, save_local_model, small_config
from scipy.special import softmax

from surveycli.configuration import BatchSettings, ModelSpec, Precision, PredictConfig
from surveycli.domain import Cell, CellKey, Option
from surveycli.engine.model import load_language_model
from surveycli.errors import ExitCode, SurveyError
from surveycli.plain import to_plain
from surveycli.prediction.ask import asked_together
from surveycli.prediction.elicitation import find_elicitation
from surveycli.prediction.elicitations.control import control_populations
from surveycli.prediction.predict import predict_folder
from surveycli.prompt import PromptOrder, PromptStyle, render_prompt
from surveycli.run_folder import (
    Manifest,
    PredictedCell,
    RunFolder,
    read_contents,
    read_failures,
    read_manifest,
    read_predictions,
    write_contents,
)
from surveycli.training.train import train_folder

CONTENTS = make_contents(3, 4)
CONFIG = PredictConfig("made-up", ModelSpec(device="cpu"), PromptStyle(PromptOrder.SHORT_SUFFIX))


def predict(path: Path, config: PredictConfig) -> dict[tuple[str, str], PredictedCell]:
    folder = RunFolder(path)
    write_contents(folder, Manifest("run", "predict", to_plain(config), {}), CONTENTS)
    predict_folder(folder)
    return {(p.key.item_id, p.key.population_id): p for p in read_predictions(folder)}


@torch.no_grad()
def ask(config: PredictConfig, item: int, population: int, order: list[int]) -> tuple[np.ndarray, float]:
    """Return probabilities in code order and outside mass, from the model's own logits for one prompt."""
    language_model = load_language_model(config.model)
    question = CONTENTS.questions[item]
    prompt = render_prompt(question, CONTENTS.populations[population], config.prompt, order)
    ids = torch.tensor([language_model.tokenizer.encode(prompt.text)])
    logits = language_model.model(input_ids=ids).logits[0, -1].double().numpy()
    letters = [language_model.tokenizer.convert_tokens_to_ids("ABCDE"[i]) for i in range(len(order))]
    by_code = np.zeros(len(order))
    by_code[order] = softmax(logits[letters])
    return by_code, 1 - softmax(logits)[letters].sum()


@pytest.mark.parametrize("order", PromptOrder)
def test_predictions_equal_the_models_own_answers(tmp_path: Path, order: PromptOrder) -> None:
    """Probabilities and outside mass equal the softmax of the model's logits for each prompt by itself."""
    config = replace(CONFIG, prompt=PromptStyle(order))
    found = predict(tmp_path, config)
    assert len(found) == 12
    for item in range(3):
        for population in range(4):
            expected, outside = ask(config, item, population, list(range(len(CONTENTS.questions[item].options))))
            cell = found[f"q{item}", f"p{population}"]
            np.testing.assert_allclose(cell.probabilities, expected, atol=1e-5)
            assert cell.outside_mass == pytest.approx(outside, abs=1e-5)


def test_rows_that_meet_the_vocabulary_together_keep_their_own_masses(tmp_path: Path) -> None:
    """Cells in many rows, and each in a row of its own, have the outside mass of the model's own logits."""
    assert list(asked_together([[0] * 1000, [1] * 24, [2]])) == [[[0] * 1000, [1] * 24], [[2]]]
    assert list(asked_together([[0, 1], [2]], exact=True)) == [[[0, 1]], [[2]]]
    decided = replace(CONFIG, model=ModelSpec(str(save_local_model(tmp_path / "model", seed=1)), device="cpu"))
    small = replace(decided, batches=BatchSettings(max_row_tokens=1))
    for name, config in (("small", small), ("exact", replace(decided, exact=True))):
        found = predict(tmp_path / name, config)
        inside = {key: 1 - cell.outside_mass for key, cell in found.items()}
        assert max(inside.values()) > 1.5 * min(inside.values())
        for (item, population), mass in inside.items():
            number = int(item[1:])
            order = list(range(len(CONTENTS.questions[number].options)))
            assert mass == pytest.approx(1 - ask(config, number, int(population[1:]), order)[1], rel=1e-3)


def test_shuffled_options_come_back_in_code_order(tmp_path: Path) -> None:
    """A shuffled prompt's probabilities are filed under the options' codes, not under the letters."""
    config = replace(CONFIG, elicitation="shuffled", seed=2)
    found = predict(tmp_path, config)
    [permute] = find_elicitation(config.elicitation).orders(config)
    assert permute is not None
    orders = {c.key.item_id: list(permute(c, len(c.shares or ()))) for c in CONTENTS.cells}
    assert any(order != sorted(order) for order in orders.values())
    for item in range(3):
        expected, _ = ask(config, item, 1, orders[f"q{item}"])
        np.testing.assert_allclose(found[f"q{item}", "p1"].probabilities, expected, atol=1e-5)


def test_permuted_predictions_are_the_mean_over_orders(tmp_path: Path) -> None:
    """With two permutations a prediction is the mean of the answers to both orders."""
    config = replace(CONFIG, elicitation="permuted", settings={"n_permutations": 2})
    found = predict(tmp_path, config)
    cell = next(c for c in CONTENTS.cells if c.key.item_id == "q2" and c.key.population_id == "p3")
    asked_in = find_elicitation(config.elicitation).orders(config)
    orders = [list(permute(cell, 4)) for permute in asked_in if permute is not None]
    expected = np.mean([ask(config, 2, 3, order)[0] for order in orders], axis=0)
    np.testing.assert_allclose(found["q2", "p3"].probabilities, expected, atol=1e-5)


def test_control_predicts_under_anothers_name(tmp_path: Path) -> None:
    """A control prediction of a cell is the plain prediction of the country whose name it was given."""
    plain = predict(tmp_path / "plain", CONFIG)
    control = predict(tmp_path / "control", replace(CONFIG, elicitation="control", seed=5))
    ids = sorted(p.population_id for p in CONTENTS.populations)
    by_name = {p.name: p.population_id for p in CONTENTS.populations}
    partner = {p.population_id: by_name[p.name] for p in control_populations(CONTENTS.populations, ids, 5)}
    for (item, population), cell in control.items():
        np.testing.assert_allclose(cell.probabilities, plain[item, partner[population]].probabilities, atol=1e-5)


def test_padding_instead_of_sharing_changes_nothing(tmp_path: Path) -> None:
    """Without shared prefixes the predictions are the same up to rounding."""
    shared = predict(tmp_path / "shared", CONFIG)
    padded = predict(tmp_path / "padded", replace(CONFIG, batches=BatchSettings(share_prefixes=False)))
    for key, cell in shared.items():
        np.testing.assert_allclose(cell.probabilities, padded[key].probabilities, atol=1e-5)


def test_done_cells_stay_and_other_weights_are_refused(tmp_path: Path) -> None:
    """The same question finds all cells there; other weights (exit 5) neither replace them nor add to them."""
    training = make_training_folder(tmp_path / "training", small_config(epochs=1), n_items=3)
    train_folder(training)
    folder = RunFolder(tmp_path / "prediction")
    untrained = replace(CONFIG, seed=42)
    write_contents(folder, Manifest("run", "predict", to_plain(untrained), {}), CONTENTS)
    assert predict_folder(folder).n_already_there == 0
    assert predict_folder(folder).n_already_there == 12
    before = {p.key: p.probabilities for p in read_predictions(folder)}
    trained = replace(untrained, weights=str(training.weights))
    write_contents(folder, Manifest("run", "predict", to_plain(trained), {}), CONTENTS)
    more = replace(CONTENTS, cells=(*CONTENTS.cells, replace(CONTENTS.cells[0], language="zh")))
    more = replace(more, questions=(*more.questions, *(replace(q, language="zh") for q in more.questions)))
    more = replace(more, populations=(*more.populations, *(replace(p, language="zh") for p in more.populations)))
    write_contents(folder, Manifest("run", "predict", to_plain(trained), {}), more)
    with pytest.raises(SurveyError) as error:
        predict_folder(folder)
    assert error.value.code == ExitCode.CONFLICT
    assert {p.key: p.probabilities for p in read_predictions(folder)} == before


def test_a_training_whose_loss_breaks_down_says_so(tmp_path: Path) -> None:
    """A loss that is not a number ends the training with an error rather than with weights that answer nonsense."""
    folder = make_training_folder(tmp_path, small_config(learning_rate=1e30))
    with pytest.raises(SurveyError, match="loss became"):
        train_folder(folder)


def test_cells_that_cannot_be_asked_are_left_out_by_name(tmp_path: Path) -> None:
    """An item of 27 options, and a prompt longer than the model reads, have a reason in the place of a prediction."""
    model = save_local_model(tmp_path / "m", max_position_embeddings=96)
    words = " ".join(["very"] * 120)
    wide = tuple(Option(code, f"level {code}") for code in range(1, 28))
    questions = (
        *CONTENTS.questions,
        replace(CONTENTS.questions[0], item_id="wide", options=wide),
        replace(CONTENTS.questions[0], item_id="long", wording=f"How {words} good is it?"),
    )
    more = [Cell(CellKey("s", item, "p1"), "test", "en", None) for item in ("wide", "long")]
    contents = replace(CONTENTS, questions=questions, cells=(*CONTENTS.cells[:6], *more, *CONTENTS.cells[6:]))
    folder = RunFolder(tmp_path / "run")
    config = replace(CONFIG, model=ModelSpec(str(model), device="cpu"))
    write_contents(folder, Manifest("run", "predict", to_plain(config), {}), contents)
    outcome = predict_folder(folder)
    assert len(read_predictions(folder)) == 12
    assert {f.key.item_id: f.reason for f in read_failures(folder)} == {
        "wide": "27 options, more than the 26 letters",
        "long": "the prompt is longer than the 96 tokens that the model reads",
    }
    assert sum(count for _, count in outcome.failures) == 2
    assert predict_folder(folder).n_already_there == 14


def test_a_prompt_beyond_the_window_among_others_is_computed_right(tmp_path: Path) -> None:
    """A prompt longer than the sliding window, in the middle of many that are not, gets the model's own answer."""
    model = save_local_model(tmp_path / "m", "Mistral", sliding_window=80)
    long = replace(CONTENTS.questions[0], item_id="long", wording=f"How {' '.join(['very'] * 90)} good is it?")
    cell = Cell(CellKey("s", "long", "p1"), "test", "en", None)
    contents = replace(
        CONTENTS, questions=(*CONTENTS.questions, long), cells=(*CONTENTS.cells[:6], cell, *CONTENTS.cells[6:])
    )
    config = replace(CONFIG, model=ModelSpec(str(model), device="cpu"))
    folder = RunFolder(tmp_path / "run")
    write_contents(folder, Manifest("run", "predict", to_plain(config), {}), contents)
    predict_folder(folder)
    found = {p.key: p.probabilities for p in read_predictions(folder)}
    assert len(found) == 13
    language_model = load_language_model(config.model)
    ids = language_model.tokenizer.encode(render_prompt(long, CONTENTS.populations[1], config.prompt).text)
    assert len(ids) > 80
    with torch.no_grad():
        logits = language_model.model(input_ids=torch.tensor([ids])).logits[0, -1].double().numpy()
    letters = language_model.tokenizer.convert_tokens_to_ids(list("AB"))
    np.testing.assert_allclose(found[cell.key], softmax(logits[letters]), atol=1e-6)


def test_a_training_leaves_out_what_it_cannot_ask(tmp_path: Path) -> None:
    """A training with an item of 27 options trains on the others, and says how many cells it left out and why."""
    folder = make_training_folder(tmp_path, small_config(epochs=1))
    contents = read_contents(folder)
    wide = tuple(Option(code, f"level {code}") for code in range(1, 28))
    questions = tuple(replace(q, options=wide) if q.item_id == "q1" else q for q in contents.questions)
    even = tuple(replace(c, shares=(1 / 27,) * 27) if c.key.item_id == "q1" else c for c in contents.cells)
    write_contents(folder, read_manifest(folder), replace(contents, questions=questions, cells=even))
    outcome = train_folder(folder)
    assert outcome.left_out == (("27 options, more than the 26 letters", 6),)
    assert outcome.steps > 0


def test_exact_predictions_do_not_depend_on_what_else_is_asked(tmp_path: Path) -> None:
    """In bfloat16 neighbours in a row move a cell, unless it is exact: then it is the same to the bit, alone too."""
    model = save_local_model(tmp_path / "model", hidden_size=64, num_hidden_layers=2)
    plain = replace(CONFIG, model=ModelSpec(str(model), precision=Precision.BFLOAT16, device="cpu"))
    few = replace(CONTENTS, cells=CONTENTS.cells[3:6])
    moved = {}
    for name, config in (("rows", plain), ("exact", replace(plain, exact=True))):
        among_all = predict(tmp_path / name, config)
        folder = RunFolder(tmp_path / f"{name}-few")
        write_contents(folder, Manifest("run", "predict", to_plain(config), {}), few)
        predict_folder(folder)
        alone = {(p.key.item_id, p.key.population_id): p for p in read_predictions(folder)}
        assert len(alone) == 3
        differences = [np.subtract(p.probabilities, among_all[key].probabilities) for key, p in alone.items()]
        moved[name] = max(float(np.abs(d).max()) for d in differences)
    assert moved["exact"] == 0 < moved["rows"]
