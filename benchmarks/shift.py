"""Does training on shifts between populations help? A second loss term, and predictions as anchor x ratio^gamma.

    L = mean_c KL(h_c || p_c) + beta mean_c sum_c' w_cc' KL(h_c || norm(h~_c' p_c / p_c'))

over populations c, c' of one item that stand in one tree; h~ are shares smoothed by half a respondent per option, and w
falls with the sampling noise of c'. The second term trains the ratio between populations alone, after Distribution
Shift Alignment (arXiv 2510.21977), whose exact loss was not read. A prediction is then anchor x ratio^gamma: the
geometric mean of training populations' shares, times the model's ratio of the population to theirs, gamma by validation
countries.

Run it as `python -m benchmarks.shift` (six trainings of the stand-in, about five minutes of CPU); it prints a table.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import torch
from torch import Tensor

import surveycli as sc
from surveycli.configuration import FinetuneConfig
from surveycli.distribution.arrays import Floats
from surveycli.distribution.divergence import js_distance
from surveycli.domain import Shares
from surveycli.engine.compute import compute_options, human_shares
from surveycli.engine.examples import Example
from surveycli.engine.first_token import loss_per_prompt, option_log_probabilities
from surveycli.presets import preset_config
from surveycli.training import train
from surveycli.training.job import TrainingJob
from surveycli.training.run_finetuning import finetune, prepare_run

BETA = 1.0
GAMMAS = np.linspace(0, 2, 21)
PARTS = ("train", "validation", "C2-Q1", "C3-Q1", "C1-Q2")
_HALF, _N_WHERE_UNKNOWN, _SAMPLE = 0.5, 1000.0, 200.0


def shift_losses(log_p: Tensor, present: Tensor, human: Tensor, n: Tensor, group: Tensor) -> Tensor:
    """Return the second term for each prompt: (N,), 0 for one whose item stands alone.

    log_p (N, K) log probabilities, present (N, K), human shares (N, K), respondents n (N,), the item's number (N,).
    """
    counts = (human * n[:, None] + _HALF) * present
    log_h = (counts / counts.sum(-1, keepdim=True)).clamp(min=1e-30).log()
    log_p = log_p.masked_fill(~present, 0.0)
    # shifted[c, c'] = log norm(h~_c' p_c / p_c'), (N, N, K)
    shifted = (log_h[None] + log_p[:, None] - log_p[None]).masked_fill(~present[:, None], -torch.inf).log_softmax(-1)
    cross = -(human[:, None] * shifted.masked_fill(~present[:, None], 0.0)).sum(-1)
    divergence = cross + torch.special.xlogy(human, human).sum(-1)[:, None]
    weight = (group[:, None] == group[None]) * (n / (n + _SAMPLE))[None]
    weight = weight.masked_fill(torch.eye(len(n), dtype=torch.bool, device=n.device), 0.0)
    total: Tensor = (weight * divergence).sum(-1) / weight.sum(-1).clamp(min=1e-9)
    return total


def _row_losses(job: TrainingJob, examples: list[Example], _letter_mass: float = 0.0) -> Tensor:
    """Return both terms of each prompt, in the place of the loop's own loss."""
    options = compute_options(job.model, examples, job.tokens, job.batches)
    human = human_shares(job.model, examples)
    plain = loss_per_prompt(options.logits, options.present, human, job.config.optimiser.loss)
    if not job.model.training:
        return plain
    n = torch.tensor([float(e.cell.n_respondents or _N_WHERE_UNKNOWN) for e in examples], device=human.device)
    names = [example.group for example in examples]
    group = torch.tensor([names.index(name) for name in names], device=human.device)
    log_p = option_log_probabilities(options.logits, options.present)
    return plain + BETA * shift_losses(log_p, options.present, human, n, group)


@contextmanager
def shift_term() -> Iterator[None]:
    """Trainings within the block have the second term."""
    own = train._row_losses
    train._row_losses = _row_losses  # type: ignore[assignment]
    try:
        yield
    finally:
        train._row_losses = own


def predictions(path: Path, seed: int, epochs: int, *, shifts: bool) -> pl.DataFrame:
    """Train the stand-in and return its predictions with the human shares, a row per cell and part."""
    project = sc.open(path)
    project.ingest()
    project.split("paper", validation="populations")
    tiny = preset_config("tiny")
    optimiser = replace(tiny.optimiser, epochs=epochs)
    config: FinetuneConfig = replace(
        tiny, split="paper", shares=Shares.UNWEIGHTED, optimiser=optimiser, seed=seed, calibrate=False
    )
    run = prepare_run(project.path, config, "model")
    with shift_term() if shifts else nullcontext():
        finetune(project.path, run)
    project.predict(run="model", parts=PARTS)
    return project.sql("""
        SELECT c.part, p.item_id, p.population_id, list(p.probability ORDER BY p.option_code) AS predicted,
            list(d.share_unweighted ORDER BY p.option_code) AS human
        FROM prediction AS p
        JOIN response_distribution AS d USING (survey_id, item_id, population_id, option_code)
        JOIN split_cell AS c USING (survey_id, item_id, population_id)
        WHERE c.split = 'paper' AND p.run_id = 'model' GROUP BY ALL ORDER BY ALL
    """)


def anchored(cells: pl.DataFrame, gamma: float) -> list[Floats]:
    """Return anchor x ratio^gamma for each cell, the model's own prediction for items that training lacks."""
    known: dict[str, tuple[Floats, Floats]] = {}
    for (item,), own in cells.filter(part="train").partition_by("item_id", as_dict=True).items():
        human, said = (np.log(np.maximum(np.array(own[name].to_list()), 1e-3)) for name in ("human", "predicted"))
        known[str(item)] = human.mean(axis=0), said.mean(axis=0)
    shares = []
    for row in cells.iter_rows(named=True):
        predicted = np.array(row["predicted"])
        if row["item_id"] in known:
            anchor, level = known[row["item_id"]]
            raised = np.exp(anchor + gamma * (np.log(np.maximum(predicted, 1e-3)) - level))
            predicted = raised / raised.sum()
        shares.append(predicted)
    return shares


def scores(cells: pl.DataFrame, shares: list[Floats]) -> dict[str, float]:
    """Return the mean 1 - Jensen-Shannon distance by part."""
    values = [
        1 - float(js_distance(np.array([human]) / sum(human), one[None])[0])
        for human, one in zip(cells["human"].to_list(), shares, strict=True)
    ]
    means = cells.select("part").with_columns(score=pl.Series(values)).group_by("part").mean()
    return dict(means.iter_rows())


def main() -> None:
    """Print mean and standard deviation over seeds of both losses, by part, without and with the anchor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4)
    wanted = parser.parse_args()
    print("| loss | prediction | " + " | ".join(PARTS[1:]) + " |\n|" + " --- |" * (len(PARTS) + 1))
    for shifts in (False, True):
        found: dict[str, list[list[float]]] = {"the model's own": [], "anchor x ratio^gamma": []}
        gammas = []
        for seed in range(1, wanted.seeds + 1):
            with TemporaryDirectory() as folder:
                cells = predictions(Path(folder) / "s.duckdb", seed, wanted.epochs, shifts=shifts)
            validation = cells.filter(pl.col("part").is_in(["train", "validation"]))
            gamma = max(GAMMAS, key=lambda g: scores(validation, anchored(validation, g))["validation"])
            gammas.append(round(float(gamma), 1))
            own = [np.array(row) for row in cells["predicted"].to_list()]
            for name, shares in zip(found, (own, anchored(cells, gamma)), strict=True):
                by_part = scores(cells, shares)
                found[name].append([by_part[part] for part in PARTS[1:]])
        for name, rows in found.items():
            mean, sd = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1)
            cell = " | ".join(f"{m:.3f} ± {s:.3f}" for m, s in zip(mean, sd, strict=True))
            how = f"{name}, gamma {gammas}" if name.startswith("anchor") else name
            print(f"| {'with shifts' if shifts else 'plain'} | {how} | {cell} |", flush=True)


if __name__ == "__main__":
    main()
