"""Questions in other words and on other scales: what is asked, and what the answers say of people's options."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from model_samples import make_contents, small_config

from surveycli.configuration import PredictConfig
from surveycli.distribution.arrays import Floats
from surveycli.domain import Option, Question, Scale
from surveycli.errors import ExitCode, SurveyError
from surveycli.plain import to_plain
from surveycli.prediction.elicitation import without_shares
from surveycli.prediction.elicitations.rewording import rescale, to_the_scale_of_people, with_synonyms
from surveycli.prediction.predict import predict_folder
from surveycli.run_folder import FolderContents, Manifest, RunFolder, read_predictions, write_contents


def question(*labels: str, scale: Scale = Scale.ORDINAL, language: str = "en") -> Question:
    options = tuple(Option(code, label) for code, label in enumerate(labels, 1))
    return Question("s", "q", language, "How is it?", options, scale)


def labels_of(asked: Question) -> list[str]:
    return [option.label for option in asked.options]


def test_known_words_become_synonyms() -> None:
    """Whole words are replaced once, capitals stay; codes, other words and parts of words are left alone."""
    asked = with_synonyms(question("Very good", "Not very good", "Everyday bad luck", "7"))
    assert labels_of(asked) == ["Highly fine", "Not particularly fine", "Everyday poor luck", "7"]
    assert asked.codes == (1, 2, 3, 4)
    assert labels_of(with_synonyms(question("非常重要", "从不", language="zh"))) == ["十分要紧", "从未"]


def test_options_stay_apart() -> None:
    """Where a synonym would make two options alike, the question stays as it is."""
    assert labels_of(with_synonyms(question("rather", "fairly", "reasonably"))) == ["rather", "fairly", "reasonably"]


def test_languages_without_synonyms_are_refused() -> None:
    """A language that has none is exit 2, with those that do."""
    with pytest.raises(SurveyError) as error:
        with_synonyms(question("Ja", "Nein", language="de"))
    assert error.value.code is ExitCode.USAGE
    assert "en, zh" in error.value.message


def test_scales_gain_or_lose_their_middle() -> None:
    """Even scales get a middle, in words or the number between; odd ones lose theirs; short and nominal ones stay."""
    assert labels_of(rescale(question("a", "b", "c", "d"))) == ["a", "b", "In between", "c", "d"]
    assert labels_of(rescale(question("1", "2", "3", "4"))) == ["1", "2", "2.5", "3", "4"]
    assert labels_of(rescale(question("a", "b", "c", "d", "e"))) == ["a", "b", "d", "e"]
    for same in (question("a", "b"), question("a", "b", "c"), question(*"abcd", scale=Scale.NOMINAL)):
        assert rescale(same) == same


@pytest.mark.parametrize("n_options", range(2, 11))
def test_answers_come_back_to_the_scale_of_people(n_options: int) -> None:
    """On any scale there are as many shares as options, they sum to 1, and a symmetric answer stays symmetric."""
    asked = rescale(question(*(str(code) for code in range(n_options))))
    shares = np.ones(len(asked.options)) / len(asked.options)
    found = to_the_scale_of_people(asked, shares)
    assert len(found) == n_options
    assert found.sum() == pytest.approx(1)
    assert found == pytest.approx(found[::-1])


def test_nothing_is_chosen_by_answers_to_other_options() -> None:
    """A temperature to be chosen, or a debiased reading, is refused where people had other options."""
    cells = make_contents(1, 1).cells
    for config in (
        PredictConfig("x", elicitation="rescaled", temperature=None),
        PredictConfig("x", elicitation="rescaled", debias=True),
    ):
        with pytest.raises(SurveyError) as error:
            without_shares(config, cells)
        assert error.value.code is ExitCode.USAGE
    assert without_shares(PredictConfig("x", elicitation="synonyms", temperature=None), cells) == cells


def predictions(folder: Path, elicitation: str, contents: FolderContents) -> dict[str, Floats]:
    """Return what a small model of real layers says, by item, asked in one way."""
    config = small_config()
    asked = PredictConfig("made-up", config.model, config.prompt, elicitation=elicitation)
    run = RunFolder(folder / elicitation)
    write_contents(run, Manifest(elicitation, "predict", to_plain(asked), {}), contents)
    assert not predict_folder(run).failures
    return {cell.key.item_id: np.array(cell.probabilities) for cell in read_predictions(run)}


def test_a_model_asked_in_other_ways_answers_for_the_same_options(tmp_path: Path) -> None:
    """Reversed, in synonyms and on other scales the tiny model answers for every option, and differently."""
    known = make_contents(1, 2)
    words = {"q0": ("Very good", "Good", "Bad", "Very bad"), "q1": tuple("12345"), "q2": ("Yes", "No")}
    questions = tuple(
        Question("s", item, "en", "How is it?", tuple(Option(c, w) for c, w in enumerate(labels, 1)), Scale.ORDINAL)
        for item, labels in words.items()
    )
    cell = known.cells[0]
    cells = tuple(
        type(cell)(type(cell.key)("s", q.item_id, "p0"), "test", "en", tuple(np.ones(len(q.codes)) / len(q.codes)), 9)
        for q in questions
    )
    contents = FolderContents(questions, known.populations, cells)
    ways = ("first-token", "reversed", "synonyms", "rescaled")
    found = {way: predictions(tmp_path, way, contents) for way in ways}
    for by_item in found.values():
        assert {item: len(shares) for item, shares in by_item.items()} == {i: len(w) for i, w in words.items()}
        assert all(shares.sum() == pytest.approx(1, abs=1e-6) for shares in by_item.values())
    plain = found["first-token"]
    moved = {way: {i for i in plain if not np.allclose(plain[i], found[way][i], atol=1e-6)} for way in ways}
    assert moved == {"first-token": set(), "reversed": {"q0", "q1", "q2"}, "synonyms": {"q0"}, "rescaled": {"q0", "q1"}}
