"""`predict --predictor knn`: a small encoder reads the bundled questions; what is missing is said."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from surveycli.baseline.encoder import load_encoder, unit_rows
from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.predictors.knn import KnnSettings
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import Store, ad_hoc, open_store

RunCli = Callable[..., Any]
TEXTS = ["How important is family in your life?", "Kenya", "New Zealand (Oceania)"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small BERT with random weights and a WordPiece vocabulary of its own."""
    pytest.importorskip("sentence_transformers")
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    pieces = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=120, special_tokens=list(special.values()), show_progress=False)
    pieces.train_from_iterator([*TEXTS, "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ"], trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=pieces, model_max_length=64, **special)
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    model = BertModel(BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **shape))
    folder = tmp_path_factory.mktemp("encoder")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def small_store(bundled_store_path: Path) -> Path:
    """The bundled survey: four items in four training countries, one for validation, two for the test."""
    parts = {"train": ("USA", "JPN", "BRA", "EGY"), "validation": ("DEU",), "test": ("KEN", "PER")}
    rows = [
        {"part": part, "survey_id": "wvs7", "item_id": item, "population_id": population}
        for part, populations in parts.items()
        for population in populations
        for item in ("Q1", "Q2", "Q46", "Q57")
    ]
    with open_store(bundled_store_path, write=True) as store:
        make_split(store, Recipe.CUSTOM, SplitOptions(name="small", cells=pl.DataFrame(rows)))
    return bundled_store_path


def predictions(store: Store, run_id: str) -> dict[tuple[str, str], list[float]]:
    rows = store.frame("score/list_predictions", run_id=run_id, first=None, last=None)
    return {(row["item_id"], row["population_id"]): row["probability"] for row in rows.iter_rows(named=True)}


def test_nearest_cells_are_predicted_and_recorded(small_store: Path, encoder: Path, run_cli: RunCli) -> None:
    """Each cell is a mean of training cells; the run says with which encoder and k, and where k comes from."""
    result = run_cli("predict", "-p", "knn", "--split", "small", "--encoder", encoder, "--store", small_store)
    assert result.code == 0, result.err
    run = ad_hoc(small_store, "select model, configuration from run").row(0)
    configuration = json.loads(run[1])
    assert run[0] == configuration["settings"]["encoder"] == str(encoder)
    assert configuration["chosen_on_train"]["k_chosen_by"] == "validation part"
    assert (configuration["settings"]["k"], configuration["settings"]["language"]) == (None, "en")
    cells = ad_hoc(small_store, "select language, basis, count(*) from prediction_cell group by all").rows()
    assert cells == [("en", "nearest cells", 12)]
    assert run_cli("score", "--store", small_store).code == 0
    assert run_cli("check", "--store", small_store).code == 0


def test_one_neighbour_is_some_training_cell(small_store: Path, encoder: Path) -> None:
    """With k = 1 every prediction is the shares of one training cell with as many options."""
    with open_store(small_store, write=True) as store:
        run = predict_baseline(store, "knn", BaselineOptions("small", settings=KnnSettings(encoder=str(encoder), k=1)))
        found = predictions(store, run)
        wanted = store.frame("cell/list_train", split="small")
        shares = store.frame("cell/list_shares", frames={"wanted": wanted}, shares="weighted")
    said = [row["shares"] for row in shares.iter_rows(named=True)]
    for probability in found.values():
        assert any(len(s) == len(probability) and np.allclose(s, probability, atol=1e-5) for s in said)


def test_test_answers_are_never_read_and_validation_ones_only_for_k(small_store: Path, encoder: Path) -> None:
    """Without any answers to the test cells, and with k given without those of validation, predictions are the same."""
    with open_store(small_store, write=True) as store:
        chosen = BaselineOptions("small", parts=("test",), settings=KnnSettings(encoder=str(encoder)))
        given = BaselineOptions("small", parts=("test",), settings=KnnSettings(encoder=str(encoder), k=2))
        before = [predictions(store, predict_baseline(store, "knn", options)) for options in (chosen, given)]
        store.query("DELETE FROM response_distribution WHERE population_id IN ('KEN', 'PER')")
        assert predictions(store, predict_baseline(store, "knn", chosen)) == before[0]
        store.query("DELETE FROM response_distribution WHERE population_id = 'DEU'")
        assert predictions(store, predict_baseline(store, "knn", given)) == before[1]


def test_texts_in_another_language_and_with_context(small_store: Path, encoder: Path, run_cli: RunCli) -> None:
    """--language and --describe choose the texts that are read; rows are of that language."""
    options = ("--encoder", encoder, "--language", "zh", "--describe", "context", "--k", "1", "--store", small_store)
    assert run_cli("predict", "-p", "knn", "--split", "small", *options).code == 0
    assert ad_hoc(small_store, "select distinct language from prediction").item() == "zh"
    assert json.loads(ad_hoc(small_store, "select configuration from run").item())["settings"]["describe"] == "context"


def test_a_plain_encoder_averages_its_tokens(encoder: Path) -> None:
    """Vectors are the means of the last hidden states, each text computed by itself with transformers alone."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(encoder), AutoModel.from_pretrained(encoder).eval()
    found = load_encoder(str(encoder))(TEXTS)
    assert found.shape == (3, 32)
    for text, vector in zip(TEXTS, found, strict=True):
        with torch.no_grad():
            states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        assert vector == pytest.approx(states.mean(dim=0).double().numpy(), abs=1e-5)


def test_unit_rows_leave_zeros_alone() -> None:
    """Rows have length 1, but a row of zeros has no direction and stays as it is."""
    assert unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist() == [[0.6, 0.8], [0.0, 0.0]]


def test_without_the_extra_the_command_says_what_to_install(
    small_store: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 6, with the pip command, and no run is left behind."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    result = run_cli("predict", "-p", "knn", "--split", "small", "--store", small_store)
    assert result.code == 6
    assert "pip install 'surveycli[embeddings]'" in result.err
    assert ad_hoc(small_store, "select * from run").is_empty()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("-p", "knn", "--encoder", "./nothing-here"), 4, "Cannot load the encoder"),
        (("-p", "knn", "--language", "en", "--language", "zh"), 2, "one --language"),
        (("-p", "item-mean", "--k", "3"), 2, "belongs to `surveycli predict -p knn --split SPLIT`"),
        (("-p", "knn", "--temperature", "2"), 2, "temperature"),
        (("--model", "tiny", "--encoder", "bert"), 2, "belongs to `surveycli predict -p knn --split SPLIT`"),
    ],
)
def test_what_knn_cannot_do_is_refused(
    small_store: Path, run_cli: RunCli, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """A missing encoder is exit 4; options that do not go together are exit 2; no run is left behind."""
    if code == 4:
        pytest.importorskip("sentence_transformers")
    result = run_cli("predict", "--split", "small", *arguments, "--store", small_store)
    assert result.code == code, result.err
    assert words in result.err
    assert ad_hoc(small_store, "select * from run").is_empty()


def test_a_language_without_texts_is_not_found(small_store: Path, encoder: Path, run_cli: RunCli) -> None:
    """Exit 4 names how many wordings are missing and how to get them."""
    options = ("--encoder", encoder, "--language", "xx", "--store", small_store)
    result = run_cli("predict", "-p", "knn", "--split", "small", *options)
    assert result.code == 4
    assert "4 of the split have no wording in 'xx'" in result.err
    assert "surveycli translate --to xx" in result.err
