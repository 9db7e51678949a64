"""Parse the options, try everything, and report."""

from __future__ import annotations

import argparse
import pkgutil
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import benchmarks.stress
import surveycli
from benchmarks.stress.stand import Stand
from benchmarks.stress.tries import KINDS, Tries

SHORT = {"kills": 4, "signals": 4, "races": 2, "disks": 2, "damages": 3, "mutations": 0}
FULL = {"kills": 500, "signals": 200, "races": 200, "disks": 100, "damages": 200, "mutations": 0}
# Packages that load torch.
_WITH_MODELS = tuple(f"surveycli.{name}" for name in ("engine", "training", "prediction", "translation.hf", "demo"))


def stress(counts: dict[str, int], seed: int, *, with_models: bool = True) -> list[Tries]:
    """Try everything so many times; return what came of it."""
    load(with_models=with_models)
    all_tries = []
    with tempfile.TemporaryDirectory() as folder:
        stand = Stand(Path(folder).resolve(), seed, with_models=with_models)
        for kind, count in counts.items():
            tried = Tries(kind)
            for number in range(count):
                KINDS[kind](stand, tried, number)
            all_tries.append(tried)
            report(tried)
    return all_tries


def load(*, with_models: bool) -> None:
    """Load what children would load otherwise, each for itself; nothing is done with it here, so no thread begins."""
    names = ["duckdb", "polars", "pyarrow.dataset", "pyarrow.parquet", "rich.progress", "scipy.sparse", "scipy.special"]
    if with_models:
        names += ["torch", "transformers.models.llama.modeling_llama"]
    modules = (module.name for module in pkgutil.walk_packages(surveycli.__path__, "surveycli."))
    for name in (*names, *(name for name in modules if with_models or not name.startswith(_WITH_MODELS))):
        if name != "surveycli.__main__":
            import_module(name)
    if with_models:
        import torch

        torch.set_num_threads(1)


def report(tried: Tries) -> None:
    """Print a line, and the first failures."""
    notes = ", ".join(f"{count} {note}" for note, count in tried.notes.most_common(20))
    print(f"{tried.kind:<10} {tried.tries:>6} tries  {len(tried.failures):>4} failures  ({notes})", flush=True)
    for failure in tried.failures[:5]:
        print(f"  {failure}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the options and run."""
    parser = argparse.ArgumentParser(description=(benchmarks.stress.__doc__ or "").splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a few tries of each kind, for every change")
    parser.add_argument("--seed", type=int, default=1)
    for kind in FULL:
        parser.add_argument(f"--{kind}", type=int)
    options: Any = parser.parse_args(arguments)
    usual = SHORT if options.short else FULL
    counts = {kind: usual[kind] if getattr(options, kind) is None else getattr(options, kind) for kind in FULL}
    began = time.monotonic()
    wanted = {kind: count for kind, count in counts.items() if count}
    all_tries = stress(wanted, options.seed, with_models=not options.short)
    tries, failures = sum(t.tries for t in all_tries), sum(len(t.failures) for t in all_tries)
    print(f"{tries} tries, {failures} failures, {time.monotonic() - began:.0f} s, seed {options.seed}")
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
