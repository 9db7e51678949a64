"""`surveycli translate` and `surveycli translations` as a user meets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_survey import ITEMS, small_store, texts_of
from translation_server import pseudo_translate, serve

RunCli = Callable[..., Any]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return small_store(tmp_path / "small.duckdb")


def as_json(outcome: Any) -> Any:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_help_explains_itself(run_cli: RunCli) -> None:
    """Both commands have help with examples."""
    for arguments in (["translate"], ["translations", "list"], ["translations", "edit"]):
        outcome = run_cli(*arguments, "--help")
        assert outcome.code == 0 and "Examples" in outcome.out


def test_a_server_translates_and_a_person_decides(path: Path, run_cli: RunCli) -> None:
    """From the cost to the last review: what is good is used, the rest is listed, accepted, edited or rejected."""
    store = ["--store", path]
    with serve(["source_text", "bad_request", "reordered"]) as server:
        outcome = run_cli(
            "translate",
            "--to",
            "zh",
            "--engine",
            "openai",
            "--model",
            "m",
            "--base-url",
            server.url,
            "--yes",
            "--price-per-million-tokens",
            "2",
            "--format",
            "json",
            *store,
        )
    assert "About 4 requests" in outcome.err and "costing about 0.00" in outcome.err
    assert "surveycli translations list --to zh" in outcome.err
    (row,) = as_json(outcome)
    assert (row["n_translated"], row["n_held_back"], row["n_kept"]) == (1, 3, 0)

    listed = as_json(run_cli("translations", "list", "--to", "zh", "--format", "json", *store))
    assert [review["item_id"] for review in listed] == ["Q1", "Q2", "Q3"]
    assert "content filter" in listed[1]["findings"] and "order" in listed[2]["findings"]

    assert run_cli("translations", "accept", "--to", "zh", "--items", "Q3", *store).code == 0
    assert run_cli("translations", "reject", "--to", "zh", "--items", "Q1", *store).code == 0
    edited = run_cli(
        "translations",
        "edit",
        "Q2",
        "--to",
        "zh",
        "--wording",
        "您觉得咖啡好不好？",
        "--label",
        "1=很好",
        "--label",
        "2=好",
        "--label",
        "3=不好",
        *store,
    )
    assert edited.code == 0, edited.err
    everything = as_json(run_cli("translations", "list", "--to", "zh", "--status", "all", "--format", "json", *store))
    assert [review["status"] for review in everything] == ["rejected", "edited", "accepted"]
    texts = texts_of(path, "zh")
    assert set(texts) == {"Q2", "Q3", "Q4"}
    assert texts["Q2"] == ("您觉得咖啡好不好？", {1: "很好", 2: "好", 3: "不好"}, "imported")
    assert texts["Q3"][0] == pseudo_translate(ITEMS["Q3"][1])


def test_nothing_is_asked_without_a_terminal(path: Path, run_cli: RunCli) -> None:
    """Without a terminal and without --yes nothing is sent."""
    with serve() as server:
        outcome = run_cli(
            "translate", "--to", "zh", "--engine", "openai", "--model", "m", "--base-url", server.url, "--store", path
        )
    assert outcome.code == 2 and "--yes" in outcome.err and not server.requests


def test_a_server_that_is_not_there_is_an_error(path: Path, run_cli: RunCli) -> None:
    """Where not one request could be made, however few there were, the program says so with exit 3."""
    server = ("--engine", "openai", "--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--tries", "1", "--yes")
    outcome = run_cli("translate", "--to", "zh", "--items", "Q1", *server, "--store", path)
    assert outcome.code == 3 and "The same command goes on" in outcome.err
    assert texts_of(path, "zh") == {}


def test_a_dry_run_only_counts(path: Path, run_cli: RunCli) -> None:
    """It says what is missing and what it would cost, needs no engine, and changes nothing."""
    (row,) = as_json(
        run_cli(
            "translate",
            "--to",
            "zh",
            "--dry-run",
            "--price-per-million-tokens",
            "1",
            "--format",
            "json",
            "--store",
            path,
        )
    )
    assert row["n_to_translate"] == 4 and row["n_input_tokens"] > 0
    assert row["cost"] == pytest.approx((row["n_input_tokens"] + row["n_output_tokens"]) / 1e6)
    assert texts_of(path, "zh") == {}


@pytest.mark.parametrize("more", [(), ("--from-file", "de.csv")])
def test_a_dry_run_writes_nothing_whatever_else_is_asked(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_cli: RunCli, more: tuple[str, ...]
) -> None:
    """With a prompt frame, alone or beside something else, neither sentences nor names nor texts get into the store."""
    monkeypatch.chdir(tmp_path)
    run_cli("translate", "--to", "de", "--write-prompt-frame", "frame.yaml")
    (tmp_path / "de.csv").write_text("item_id,option_code,source,translation\nQ1,wording,,Wie gut ist Tee?\n")
    before = path.read_bytes()
    tried = run_cli("translate", "--to", "de", "--prompt-frame", "frame.yaml", *more, "--dry-run", "--store", path)
    assert (tried.code, "frame.yaml is a whole prompt frame" in tried.err) == (0, True)
    assert path.read_bytes() == before


def test_the_bundled_survey_needs_no_chinese(bundled_store_path: Path, run_cli: RunCli) -> None:
    """Every item has its Chinese text from the codebook, so that there is nothing to do."""
    (row,) = as_json(run_cli("translate", "--to", "zh", "--dry-run", "--format", "json", "--store", bundled_store_path))
    assert (row["n_to_translate"], row["n_kept"]) == (0, 258)


def test_a_template_goes_out_and_comes_in(path: Path, tmp_path: Path, run_cli: RunCli) -> None:
    """The template command says how to read the file back, and that command reads it."""
    file = tmp_path / "de.csv"
    written = run_cli("translate", "--to", "de", "--items", "Q3", "--write-template", file, "--store", path)
    assert written.code == 0 and "1 items" in written.err
    text = file.read_text(encoding="utf-8-sig")
    for source, german in {
        "Have you turned 18 yet?": "Sind Sie schon 18?",
        '"Yes, I have"': "Ja",
        '"No, not yet"': "Nein",
    }.items():
        assert f"{source}," in text
        text = text.replace(f"{source},", f"{source},{german}")
    file.write_text(text, encoding="utf-8")
    (row,) = as_json(
        run_cli(
            "translate", "--to", "de", "--from-file", file, "--origin", "official", "--format", "json", "--store", path
        )
    )
    assert row["n_translated"] == 1
    assert texts_of(path, "de") == {"Q3": ("Sind Sie schon 18?", {1: "Ja", 2: "Nein"}, "official")}


def test_a_local_model_that_babbles_fills_the_review_list(path: Path, run_cli: RunCli) -> None:
    """The untrained stand-in translates nothing, and says so item by item."""
    outcome = run_cli(
        "translate",
        "--to",
        "zh",
        "--items",
        "Q3",
        "--engine",
        "hf",
        "--model",
        "tiny",
        "--device",
        "cpu",
        "--format",
        "json",
        "--store",
        path,
    )
    assert as_json(outcome)[0]["n_held_back"] == 1
    (review,) = as_json(run_cli("translations", "list", "--to", "zh", "--format", "json", "--store", path))
    assert "not JSON" in review["findings"] and review["wording"] is None


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["translate", "--to", "zh"], 2),
        (["translate", "--to", "zh", "--engine", "openai"], 2),
        (["translate", "--to", "zh", "--engine", "hf", "--model", "tiny", "--from-file", "x.csv"], 2),
        (["translate", "--to", "en", "--dry-run"], 2),
        (["translate", "--to", "Chinese!", "--dry-run"], 3),
        (["translate", "--to", "zh", "--dry-run", "--items", "Q99"], 4),
        (["translate", "--to", "zh", "--dry-run", "--survey", "other"], 4),
        (["translate", "--to", "zh", "--dry-run", "--glossary", "none.csv"], 3),
        (["translate", "--to", "zh", "--from-file", "none.csv"], 3),
        (["translations", "accept", "--to", "zh"], 2),
        (["translations", "accept", "--to", "zh", "--all"], 4),
        (["translations", "reject", "--to", "zh", "--items", "Q1", "--all"], 2),
        (["translations", "edit", "Q1", "--to", "zh", "--label", "good"], 2),
        (["translations", "edit", "Q1", "--to", "zh", "--wording", "好？"], 4),
    ],
)
def test_each_mistake_has_its_exit_code(path: Path, run_cli: RunCli, arguments: list[str], code: int) -> None:
    """A mistake ends with its code and a message, not with a traceback."""
    outcome = run_cli(*arguments, "--store", path)
    assert outcome.code == code and outcome.err.startswith("Error:"), outcome.err


def test_no_store_is_exit_4(tmp_path: Path, run_cli: RunCli) -> None:
    """Without a store there is nothing to translate."""
    assert run_cli("translate", "--to", "zh", "--dry-run", "--store", tmp_path / "none.duckdb").code == 4
