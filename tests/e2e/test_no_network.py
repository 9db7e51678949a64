"""With the network forbidden every command works that needs none, and none tries to reach it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import typer

from surveycli.cli.main import app
from surveycli.split import SplitOptions, make_split
from surveycli.store import open_store

DRIVER = Path(__file__).resolve().parents[1] / "no_network_driver.py"
# All commands but those of a group, which stand below it, with what makes each do its work on three items.
COMMANDS = """
ingest --bundled --store {folder}/new.duckdb
surveys
items --search trust
show Q57 --country JPN
split
split paper
presets
predictors
finetune --split small --epochs 1 --name mine
predict --run mine
predict --model tiny --split small
predict -p item-mean --split small
score
score item-mean-1 --by item
report item-mean-1 --output {folder}/report.html
plot scores item-mean-1 --output {folder}/scores.png
translate --to de --dry-run
translate --to de --write-template {folder}/de.csv
translations list --to zh
export predictions --run item-mean-1 --output {folder}/p.parquet
import-predictions {folder}/given.csv --run given --split small
correct item-mean-1 --sample {folder}/few.csv
simulate Tea? --option Yes --option No --country KEN --run mine
lock given
runs
runs show mine
run {folder}/study.yaml
sql --schema
check
doctor
codebook {folder}/labels.sav --output {folder}/codebook.yaml
"""
ELSEWHERE = {"demo"}  # tests/e2e/test_demo.py: it is made of the same calls
PARTS = {"train": ("USA", "JPN", "BRA"), "validation": ("DEU",), "test": ("KEN", "PER")}


def prepare(path: Path, folder: Path) -> None:
    """Make a split of three items, a labelled file, and predictions of somebody else's."""
    import pyreadstat

    rows = [
        {"part": part, "survey_id": "wvs7", "item_id": item, "population_id": population}
        for part, populations in PARTS.items()
        for population in populations
        for item in ("Q1", "Q46", "Q57")
    ]
    with open_store(path, write=True) as store:
        make_split(store, "custom", SplitOptions(name="small", cells=pl.DataFrame(rows)))
    given = {
        "survey_id": "wvs7",
        "item_id": "Q57",
        "population_id": "KEN",
        "option_code": [1, 2],
        "probability": [0.4, 0.6],
    }
    pl.DataFrame(given).write_csv(folder / "given.csv")
    study = "runs: {again: {predict: {predictor: uniform, split: small}}}\n"
    (folder / "study.yaml").write_text(study, encoding="utf-8")
    (folder / "few.csv").write_text("population,item,option,n\nKEN,Q57,1,3\nKEN,Q57,2,7\n", encoding="utf-8")
    pyreadstat.write_sav(
        pl.DataFrame({"q1": [1, 2]}),
        str(folder / "labels.sav"),
        column_labels={"q1": "Tea?"},
        variable_value_labels={"q1": {1: "Yes", 2: "No"}},
    )


def test_no_command_reaches_for_the_network(bundled_store_path: Path, tmp_path: Path) -> None:
    """Every command that needs no network ends well, and with --json in JSON; nothing asks for a name or an address."""
    prepare(bundled_store_path, tmp_path)
    commands = [[*line.format(folder=tmp_path).split(), "--json", "--quiet"] for line in COMMANDS.strip().splitlines()]
    tested = {command[0] for command in commands} | ELSEWHERE
    assert set(typer.main.get_command(app).commands) <= tested  # type: ignore[attr-defined]
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(tmp_path / "result.json")],
        input="\n".join(map(json.dumps, commands)),
        env={k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"}
        | {"SURVEYCLI_STORE": str(bundled_store_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads((tmp_path / "result.json").read_text())
    assert [(line, code) for line, code, _ in result["ended"] if code] == [], done.stderr[-3000:]
    assert result["tries"] == []
    for line, _, printed in result["ended"]:
        assert is_json(printed), (line, printed[:300])


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
