"""Distributions in the store against a computation in exact fractions that shares no code with the reader."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from wvs_like import script, write_wvs_like

from surveycli.store import open_store
from surveycli.survey import IngestOptions, ingest_file
from surveycli.survey.items.codebook import load_codebook

STATUSES = {-1: "dont_know", -2: "no_answer", -3: "not_applicable", -4: "not_asked", -5: "missing_other"}
Cell = tuple[str, str]


def _reference(
    path: Path,
) -> tuple[dict[tuple[str, str, int], tuple[int, Fraction, Fraction]], dict[Cell, float], Counter]:
    """Return n and both shares per option, Kish's effective n per cell, and the missing counts, from the CSV's text."""
    options = {item.item_id: item.codes for item in load_codebook("wvs7")}
    counts: Counter[tuple[str, str, int]] = Counter()
    weights: defaultdict[tuple[str, str, int], Fraction] = defaultdict(Fraction)
    squares: defaultdict[Cell, Fraction] = defaultdict(Fraction)
    missing: Counter[tuple[str, str, str]] = Counter()
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            weight = Fraction(row["W_WEIGHT"])
            for item_id, codes in options.items():
                cell, code = (item_id, row["B_COUNTRY_ALPHA"]), int(row[item_id])
                if code in codes:
                    counts[*cell, code] += 1
                    weights[*cell, code] += weight
                    squares[cell] += weight * weight
                else:
                    missing[*cell, STATUSES[code]] += 1
    n: Counter[Cell] = Counter()
    w: defaultdict[Cell, Fraction] = defaultdict(Fraction)
    for (item_id, iso3, code), count in counts.items():
        n[item_id, iso3] += count
        w[item_id, iso3] += weights[item_id, iso3, code]
    shares = {
        (*cell, code): (counts[*cell, code], weights[*cell, code] / w[cell], Fraction(counts[*cell, code], n[cell]))
        for cell in n
        for code in options[cell[0]]
    }
    return shares, {cell: float(w[cell] ** 2 / squares[cell]) for cell in n}, missing


@pytest.mark.parametrize("layout", ["v3", "v5", "v6"])
def test_a_release_gives_the_distributions_that_exact_fractions_give(layout: str, tmp_path: Path) -> None:
    """Counts are equal, shares and effective numbers agree to 1e-12, and every missing answer is counted."""
    path = write_wvs_like(tmp_path / "wvs.csv", layout, 1320, seed=7)
    shares, effective, missing = _reference(path)
    with open_store(tmp_path / "s.duckdb", create=True) as store:
        report = ingest_file(store, path, IngestOptions())
        stored = store.query("SELECT * FROM response_distribution")
        cells = store.query("SELECT * FROM cell")
        counted = store.query("SELECT * FROM missing_count")
    assert report.release == script.RELEASES[layout].split(" ")[0]
    assert (report.n_respondents, report.n_cells) == (1320, len(effective))
    found = {(r["item_id"], r["population_id"], r["option_code"]): r for r in stored.iter_rows(named=True)}
    assert found.keys() == shares.keys()
    for key, (n, share, unweighted) in shares.items():
        assert found[key]["n_respondents"] == n
        assert found[key]["share"] == pytest.approx(float(share), abs=1e-12)
        assert found[key]["share_unweighted"] == pytest.approx(float(unweighted), abs=1e-12)
    for row in cells.iter_rows(named=True):
        assert row["n_effective"] == pytest.approx(effective[row["item_id"], row["population_id"]], rel=1e-12)
    assert {
        (r["item_id"], r["population_id"], r["status"]): r["n_respondents"] for r in counted.iter_rows(named=True)
    } == missing
    _check_missing_shares(counted, stored)


def _check_missing_shares(counted: pl.DataFrame, stored: pl.DataFrame) -> None:
    """Each kind of missing answer has its share of all answers, valid and missing."""
    everyone: dict[tuple[str, str], int] = {}
    for row in (*counted.iter_rows(named=True), *stored.iter_rows(named=True)):
        key = row["item_id"], row["population_id"]
        everyone[key] = everyone.get(key, 0) + row["n_respondents"]
    for row in counted.iter_rows(named=True):
        share = row["n_respondents"] / everyone[row["item_id"], row["population_id"]]
        assert row["share"] == pytest.approx(share, abs=1e-12)


def test_an_item_that_a_country_was_not_asked_has_no_distribution(tmp_path: Path) -> None:
    """Neither an item never asked nor one answered with missing codes only has rows, and both have missing counts."""
    path = write_wvs_like(tmp_path / "wvs.csv")
    with open_store(tmp_path / "s.duckdb", create=True) as store:
        ingest_file(store, path)
        for item_id, iso3 in (*script.NOT_ASKED, *script.ONLY_MISSING):
            where = f"WHERE item_id = '{item_id}' AND population_id = '{iso3}'"
            for table in ("response_distribution", "cell"):
                assert not store.query(f"SELECT * FROM {table} {where}").height
            left_out = store.query(f"SELECT sum(n_respondents)::INT FROM missing_count {where}")
            assert left_out.item() == 10
