"""The registry of predictors: what its rows promise, and that a predictor is one file."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from surveycli.baseline.statistical import FOLDER
from surveycli.errors import ExitCode
from surveycli.predictor import Predictor, rows_of
from surveycli.predictors import all_predictors
from surveycli.setting import settings_of
from surveycli.store import ad_hoc

NEW = """
from dataclasses import dataclass

import numpy as np

from surveycli.baseline.answer import answer_all
from surveycli.baseline.statistical import StatisticalPredictor
from surveycli.setting import setting


@dataclass(frozen=True)
class FirstSettings:
    share: float = setting(1.0, "Share of the first option.")


def predict_first(evidence, settings):
    shares = np.zeros((len(evidence.target), evidence.train.shares.shape[1]))
    shares[:, 0], shares[:, 1] = settings.share, 1 - settings.share
    return answer_all(shares, "first option")


PREDICTORS = (
    StatisticalPredictor(
        name="first", help="The first option.", settings=FirstSettings, predict=predict_first, run_name="first-{share}"
    ),
)
"""


@pytest.fixture
def new_predictor(tmp_path: Path) -> Iterator[str]:
    """A predictor in a file of its own, in the folder of the statistical ones as far as Python can tell."""
    package = importlib.import_module(FOLDER)
    place = tmp_path / "added"
    place.mkdir()
    (place / "first_option.py").write_text(NEW, encoding="utf-8")
    package.__path__.append(str(place))
    rows_of.cache_clear()
    yield "first"
    package.__path__.remove(str(place))
    sys.modules.pop(f"{FOLDER}.first_option", None)
    rows_of.cache_clear()


@pytest.mark.parametrize("row", all_predictors(), ids=lambda row: row.name)
def test_a_row_explains_itself(row: Predictor) -> None:
    """Its help, and that of each of its options, is one short sentence."""
    texts = [row.help, *(setting.help for setting in settings_of(row.settings))]
    assert all(text.endswith(".") and "\n" not in text and len(text) <= 100 for text in texts), texts


def test_options_that_predictors_share_take_the_same_values() -> None:
    """Where two predictors have an option of one name, it is of one type and one least value."""
    kinds: dict[str, set[tuple[object, int | None]]] = {}
    for setting in (setting for row in all_predictors() for setting in settings_of(row.settings)):
        kinds.setdefault(setting.flag, set()).add((setting.kind, setting.least))
    assert [flag for flag, found in kinds.items() if len(found) > 1] == []


def test_the_list_names_every_predictor(run_cli: Callable) -> None:
    """`surveycli predictors` has a row for each, with its options."""
    listed = {row["predictor"]: row for row in json.loads(run_cli("predictors", "--format", "json").out)}
    assert set(listed) == {row.name for row in all_predictors()}
    assert listed["knn"]["options"] == "--encoder --language --describe --k"


def test_an_unknown_predictor_is_answered_with_all_names(run_cli: Callable) -> None:
    """Exit 2, and the hint lists each predictor."""
    result = run_cli("predict", "--predictor", "crystal-ball", "--split", "s")
    assert result.code == ExitCode.USAGE
    assert all(row.name in result.err for row in all_predictors())


def test_the_registry_loads_no_heavy_library() -> None:
    """Listing all predictors, as `predict --help` does, loads neither torch nor duckdb nor polars."""
    code = "import sys; from surveycli.predictors import all_predictors; all_predictors(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "duckdb", "polars", "transformers", "scipy"} & set(done.stdout.split())


def test_a_predictor_is_one_file(new_predictor: str, bundled_store_path: Path, run_cli: Callable) -> None:
    """With nothing but its file, a new predictor is listed, explained, run with its option and recorded."""
    place = ("--store", bundled_store_path)
    assert run_cli("split", "unseen-questions", *place).code == 0
    assert "--share " in run_cli("predict", "--help").out
    asked = ("predict", "--predictor", new_predictor, "--split", "unseen-questions")
    assert run_cli(*asked, "--share", "0.75", *place).code == 0
    assert run_cli(*asked, *place).code == 0
    found = ad_hoc(bundled_store_path, "select run_id, configuration from run order by all").rows()
    assert [(run, json.loads(kept)["settings"]) for run, kept in found] == [
        ("first-0.75-1", {"share": 0.75}),
        ("first-1.0-1", {"share": 1.0}),
    ]
    refused = run_cli("predict", "--predictor", "uniform", "--split", "unseen-questions", "--share", "0.5", *place)
    assert (refused.code, "It belongs to `surveycli predict -p first --split SPLIT`" in refused.err) == (
        ExitCode.USAGE,
        True,
    )
