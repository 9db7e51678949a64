"""Time and memory of scoring one run of many predictions.

Usage: python -m benchmarks.scoring [--rows 10000000] [--threads 2]

The store is made up: 200 items of five options, as many populations as give the rows asked for, every cell asked of
1,000 people and predicted with some error. Scores are computed and written in a process of its own, by the function
that `surveycli score` calls.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
N_ITEMS, N_OPTIONS = 200, 5

# Each statement fills one table; $n is the number of populations.
STATEMENTS = (
    "INSERT INTO survey (survey_id, title) VALUES ('s', 'Made up')",
    "INSERT INTO item SELECT 's', 'Q' || i, i, NULL, 'Q' || i, 'ordinal', 5 FROM range(200) t(i)",
    "INSERT INTO response_option SELECT 's', 'Q' || i, o + 1, o FROM range(200) t(i), range(5) u(o)",
    "INSERT INTO population SELECT 'P' || p, 'subgroup', NULL, '{}' FROM range($n) t(p)",
    "INSERT INTO cell BY NAME SELECT 's' AS survey_id, 'Q' || i AS item_id, 'P' || p AS population_id, "
    "1000 AS n_respondents, 900.0 AS n_effective, 1000.0 AS n_effective_unweighted "
    "FROM range(200) t(i), range($n) u(p)",
    # Shares with a spread that depends on the cell: squares of a hash, normalised over the options.
    "CREATE TEMP TABLE made AS SELECT i, p, o, (hash(i, p, o) % 1000 + 1)^2 AS w, (hash(p, o, i) % 1000 + 1) AS e "
    "FROM range(200) t(i), range($n) u(p), range(5) v(o)",
    "CREATE TEMP TABLE share AS SELECT i, p, o, w / sum(w) OVER c AS s, (w + 300 * e) / sum(w + 300 * e) OVER c AS q "
    "FROM made WINDOW c AS (PARTITION BY i, p)",
    "INSERT INTO response_distribution SELECT 's', 'Q' || i, 'P' || p, o + 1, 200, s, s FROM share",
    "INSERT INTO prediction BY NAME SELECT 'big' AS run_id, 's' AS survey_id, 'Q' || i AS item_id, "
    "'P' || p AS population_id, '' AS language, o + 1 AS option_code, q AS probability FROM share",
    "INSERT INTO prediction_cell BY NAME SELECT 'big' AS run_id, 's' AS survey_id, 'Q' || i AS item_id, "
    "'P' || p AS population_id, '' AS language, 'made up' AS basis FROM range(200) t(i), range($n) u(p)",
    "INSERT INTO split SELECT 'all', 'custom', 1, '{}', now()::TIMESTAMP",
    "INSERT INTO split_cell SELECT 'all', 'test', survey_id, item_id, population_id FROM cell",
    "INSERT INTO run BY NAME SELECT 'big' AS run_id, 'predictor' AS kind, 'made-up' AS predictor, 'all' AS split, "
    "'weighted' AS shares, 1 AS seed, '{}' AS configuration, '{}' AS versions, 'finished' AS status, "
    "now()::TIMESTAMP AS started_at",
)

MEASURE = """
import json, resource, sys, time
from pathlib import Path
from surveycli.store import open_store
from surveycli.score import score_run
with open_store(Path(sys.argv[1]), write=True) as store:
    store.query(f"SET threads = {int(sys.argv[2])}")
    opened = time.perf_counter()
    report = score_run(store, "big")
    scored = time.perf_counter()
    means = store.query("SELECT count(*), avg(js_divergence_nats) FROM score").row(0)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"cells": report.n_scored, "seconds": scored - opened, "peak": peak,
                  "cpu": used.ru_utime + used.ru_stime, "mean": means[1]}))
"""


def make_store(path: Path, n_rows: int) -> None:
    """Make a store whose run `big` has at least so many rows in `prediction`."""
    from surveycli.store import open_store

    n_populations = -(-n_rows // (N_ITEMS * N_OPTIONS))
    with open_store(path, create=True) as store, store.transaction():
        for statement in STATEMENTS:
            store.query(statement, n=n_populations)


def measure(path: Path, threads: int) -> dict[str, Any]:
    """Score the run in a process of its own and return what it says."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": str(threads)}
    command = [sys.executable, "-c", MEASURE, str(path), str(threads)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the store, score it, and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.duckdb"
        make_store(path, options.rows)
        size = path.stat().st_size
        found = measure(path, options.threads)
    print(
        f"{found['cells']:,} cells of {options.rows:,} rows, store of {size / 1e6:,.0f} MB: scored in "
        f"{found['seconds']:.1f} s ({found['cpu']:.1f} s of CPU in all), peak {found['peak'] / 1e6:,.0f} MB"
    )


if __name__ == "__main__":
    main()
