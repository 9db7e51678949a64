"""`predict --engine openai`: a model behind a server of our own, compared with the same model in the engine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from model_samples import save_local_model
from token_server import serve_model

from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import ad_hoc, open_store

RunCli = Callable[..., Any]
TEMPLATE = "{% for m in messages %}<{{ m.role }}> {{ m.content }}\n{% endfor %}<assistant> "
WHOLE = ("--top-logprobs", "5000")  # more than the model has tokens
N_CELLS = 6


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with the package's tokenizer."""
    return save_local_model(tmp_path_factory.mktemp("served") / "model", hidden_size=32, num_hidden_layers=1)


@pytest.fixture(scope="module")
def split_file(_bundled_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled survey with a split of three items and two countries to predict."""
    path = Path(shutil.copy(_bundled_file, tmp_path_factory.mktemp("split") / "survey.duckdb"))
    rows = [
        {"part": part, "survey_id": "wvs7", "item_id": item, "population_id": population}
        for part, population in (("train", "USA"), ("test", "KEN"), ("test", "PER"))
        for item in ("Q1", "Q46", "Q57")
    ]
    with open_store(path, write=True) as store:
        make_split(store, Recipe.CUSTOM, SplitOptions(name="small", cells=pl.DataFrame(rows)))
    return path


@pytest.fixture
def small_store(split_file: Path, tmp_path: Path) -> Path:
    """The test's own copy of that store."""
    return Path(shutil.copy(split_file, tmp_path / "survey.duckdb"))


def asked(url: str, *more: str | Path) -> list[str | Path]:
    """Return a call that asks a server for the cells of the split."""
    return ["predict", "--engine", "openai", "--base-url", url, "--model", "m", "--split", "small", *more]


def predictions(store: Path, run_id: str) -> pl.DataFrame:
    """Return a run's predictions with the mass outside the letters, in a fixed order."""
    return ad_hoc(
        store,
        "select p.*, c.outside_mass, c.basis from prediction p join prediction_cell c using "
        "(run_id, survey_id, item_id, population_id, language) "
        f"where run_id = '{run_id}' order by item_id, population_id, option_code",
    )


def test_a_model_says_the_same_through_a_server_and_in_the_engine(
    model: Path, small_store: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    """Shares and the mass outside agree to a millionth, in plain prompts and in a chat, over passing faults."""
    chat = Path(shutil.copytree(model, tmp_path / "chat"))
    (chat / "chat_template.jinja").write_text(TEMPLATE)
    for folder, form in ((model, "completion"), (chat, "chat")):
        local = ("predict", "--model", folder, "--split", "small", "--name", f"{form}-local", "--store", small_store)
        assert run_cli(*local).code == 0
        with serve_model(folder, ["429", "500", "503"]) as server:
            options = (*WHOLE, "--form", form, "--name", form, "--store", small_store)
            result = run_cli(*asked(server.url, *options))
        assert result.code == 0, result.err
        assert f"{N_CELLS} requests, about " in result.err
        assert len(server.requests) == N_CELLS + 3
        ours, theirs = predictions(small_store, f"{form}-local"), predictions(small_store, form)
        for column in ("probability", "outside_mass"):
            assert theirs[column].to_list() == pytest.approx(ours[column].to_list(), abs=1e-6)
        assert theirs["basis"].unique().to_list() == ["served"]
        for bound in ("probability_least", "probability_most"):
            assert theirs[bound].to_list() == pytest.approx(theirs["probability"].to_list(), abs=1e-12)
            assert ours[bound].null_count() == ours.height


def test_shares_lie_within_their_bounds_where_few_tokens_are_reported(
    model: Path, small_store: Path, run_cli: RunCli
) -> None:
    """With half the tokens reported some letters are missing: the true share is between the bounds that are kept."""
    local = ("predict", "--model", model, "--split", "small", "--name", "local", "--store", small_store)
    assert run_cli(*local).code == 0
    with serve_model(model) as server:
        result = run_cli(*asked(server.url, "--top-logprobs", "2000", "--name", "cut", "--store", small_store))
    assert result.code == 0, result.err
    assert "did not report every letter" in result.err
    true, cut = predictions(small_store, "local"), predictions(small_store, "cut")
    both = cut.join(true, on=["item_id", "population_id", "option_code"], suffix="_true")
    assert 0 < both.height == cut.height
    share = pl.col("probability_true")
    within = share.is_between(pl.col("probability_least") - 1e-9, pl.col("probability_most") + 1e-9)
    assert both.select(within.all()).item()
    assert both.select((pl.col("probability_most") > pl.col("probability_least")).any()).item()


def test_a_server_that_ceases_to_answer_is_asked_for_the_rest_later(
    model: Path, small_store: Path, run_cli: RunCli
) -> None:
    """What came is kept; the same command asks for the other cells alone, also with another patience."""
    options = (*WHOLE, "--concurrency", "1", "--store", small_store)
    with serve_model(model, ["model", "model", *repeat("503", 8)]) as server:
        stopped = run_cli(*asked(server.url, *options, "--tries", "1"))
        assert stopped.code == 3, stopped.err
        assert "2 cells are kept" in stopped.err
        server.behaviours = iter(())
        server.requests.clear()
        resumed = run_cli(*asked(server.url, *options, "--tries", "2"))
        assert resumed.code == 0, resumed.err
        assert len(server.requests) == N_CELLS - 2
        assert "2 cells were predicted before" in resumed.err
        more = run_cli("predict", "--run", "served-1", "--part", "train", "--store", small_store)
        assert more.code == 0, more.err
    assert ad_hoc(small_store, "select run_id, count(*) as n from prediction_cell group by all").rows() == [
        ("served-1", N_CELLS + 3)
    ]


def test_a_server_without_usable_answers_ends_the_run(model: Path, small_store: Path, run_cli: RunCli) -> None:
    """It is told after three answers; no failure is recorded, and nothing of the server's steers the terminal."""
    for fault, told in (("words", "is not a number"), ("no_letters", "no option letter is among the 1 tokens")):
        with serve_model(model, repeat(fault)) as server:
            result = run_cli(*asked(server.url, "--concurrency", "1", "--store", small_store))
        assert result.code == 3
        assert "The server gave no usable answer: " in result.err and told in result.err
        assert "\x1b" not in result.err
        assert len(server.requests) in {3, 4}  # one more may be under way
        assert ad_hoc(small_store, "select * from prediction_failure").is_empty()


def test_a_cell_that_fails_among_others_is_a_failure_of_its_own(
    model: Path, small_store: Path, run_cli: RunCli
) -> None:
    """One unusable answer is kept as that cell's failure, without the server's text."""
    with serve_model(model, ["model", "no_letters"]) as server:
        result = run_cli(*asked(server.url, *WHOLE, "--concurrency", "1", "--store", small_store))
    assert result.code == 0, result.err
    failures = ad_hoc(small_store, "select reason, reply from prediction_failure").rows()
    assert failures == [("no option letter is among the 1 tokens that the server reports", "")]


def test_the_key_is_sent_and_never_shown(
    model: Path, small_store: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that echoes the key and terminal controls in an error gets neither onto the screen or into the store."""
    monkeypatch.setenv("MY_KEY", "secret-0123456789")
    with serve_model(model, repeat("key")) as server:
        result = run_cli(*asked(server.url, "--key-variable", "MY_KEY", "--store", small_store))
    assert result.code == 3
    assert "secret-0123456789" not in result.err + result.out and "\x1b[2J" not in result.err
    kept = ad_hoc(small_store, "select string_agg(to_json(r)::text, '') from run r").item()
    assert "MY_KEY" in kept and "secret-0123456789" not in kept


def test_what_does_not_go_with_a_server_is_refused(small_store: Path, run_cli: RunCli) -> None:
    """Each is a usage error that says what is wrong, before any request."""
    here = ("--base-url", "http://localhost:1/v1")
    for options, told in (
        (("--base-url", "http://me:pw@localhost/v1", "--model", "m"), "password"),
        (here, "--model is missing"),
        ((*here, "--model", "m", "--device", "cuda"), "--device is not an option"),
        ((*here, "--run", "r"), "is not an option of `surveycli predict --run RUN`"),
        (("-p", "json", "--model", "m"), "--engine is not an option"),
    ):
        result = run_cli("predict", "--engine", "openai", "--split", "small", *options, "--store", small_store)
        assert result.code == 2
        assert told in result.err
