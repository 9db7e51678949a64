"""Time and memory from a respondents' file to distributions, beside the loop that published code uses.

Usage: python -m benchmarks.ingest [--respondents 97000] [--layout v6] [--rounds 3] [--times 3]

Both read the same generated file, each in a process of its own, in turn; the loop needs pandas (`pip install pandas`).
It is re-created as published: read the whole CSV, then for each country and each item count the codes from 0 to 10.
It keeps neither respondents nor weights, and stores nothing. With --times the ingest is measured a second time, with so
many times as many respondents: its memory should not grow.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PUBLISHED_LOOP = """
import sys
import pandas as pd
frame = pd.read_csv(sys.argv[1], low_memory=False)
items = [f"Q{n}" for n in range(1, 260) if f"Q{n}" in frame.columns and n not in (82, 223, *range(94, 106))]
shares = {}
for country in frame["B_COUNTRY_ALPHA"].unique():
    people = frame[frame["B_COUNTRY_ALPHA"] == country]
    for item in items:
        answers = people[item]
        answers = answers[(answers >= 0) & (answers <= 10)]
        if len(answers):
            shares[country, item] = answers.value_counts(normalize=True).to_dict()
print(len(shares), "cells")
"""


def measure(command: Sequence[str | Path]) -> tuple[float, float]:
    """Run a command; return its wall seconds and its largest resident memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[0]} ended with status {status}: {' '.join(map(str, command))[:200]}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def make_file(folder: Path, layout: str, n_respondents: int) -> Path:
    """Make the file of invented respondents."""
    file = folder / "wvs.csv"
    size = ("--layout", layout, "--respondents", str(n_respondents))
    subprocess.run([sys.executable, ROOT / "examples" / "make_wvs_like.py", *size, file], check=True)
    return file


def measure_ingest(file: Path) -> tuple[float, float]:
    """Measure an ingest into a new store, which then goes."""
    store = file.with_name("wvs.duckdb")
    measured = measure([sys.executable, "-m", "surveycli", "ingest", file, "--store", store])
    store.unlink()
    return measured


def report(name: str, runs: Sequence[tuple[float, float]]) -> None:
    """Print the medians of some runs."""
    seconds, megabytes = (statistics.median(values) for values in zip(*runs, strict=True))
    print(f"{name}: {seconds:.1f} s, {megabytes:.0f} MB")


def main() -> None:
    """Make the file, measure both in turn, print the medians."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--respondents", type=int, default=97_000)
    options.add_argument("--layout", choices=("v3", "v5", "v6"), default="v6")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--times", type=int, default=1)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = make_file(Path(folder), asked.layout, asked.respondents)
        ours, theirs, grown = [], [], []
        for _ in range(asked.rounds):
            ours.append(measure_ingest(file))
            theirs.append(measure([sys.executable, "-c", PUBLISHED_LOOP, file]))
        if asked.times > 1:
            file = make_file(Path(folder), asked.layout, asked.times * asked.respondents)
            grown = [measure_ingest(file) for _ in range(asked.rounds)]
    report("surveycli ingest, respondents stored, weighted", ours)
    report("published pandas loop", theirs)
    if grown:
        report(f"surveycli ingest, {asked.times} times as many respondents", grown)


if __name__ == "__main__":
    main()
