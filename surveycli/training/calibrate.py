"""After a training: how far its best weights are to be believed, told from cells that it did not learn from.

Known items and new ones are each told with the weights that are the best for them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from surveycli.distribution.arrays import AnsweredCells, Catalogue, Floats, Ints
from surveycli.distribution.mixture import Mixture, fit_mixture
from surveycli.distribution.pooling import item_means, position_marginals
from surveycli.domain import Cell, Familiarity
from surveycli.engine.batching import plan_pass, row_tokens
from surveycli.engine.compute import compute_options
from surveycli.engine.examples import Example
from surveycli.engine.first_token import option_log_probabilities
from surveycli.engine.sharding import pace_of
from surveycli.engine.weights import restore_weights
from surveycli.prompt import LETTERS
from surveycli.run_folder.calibration import ModelTrust, write_calibration
from surveycli.run_folder.kept_weights import read_kept
from surveycli.training.held_out import country_of
from surveycli.training.job import TrainingJob

_MOST_CELLS = 3000  # of a kind: enough for two weights


def calibrate_model(job: TrainingJob) -> ModelTrust:
    """Fit the weights of model and prior on validation and held-out cells, write them, and return them."""
    marginals, items = _marginals([example.cell for example in job.train]), job.items
    kept = read_kept(job.folder.weights)
    mixtures = {}
    for kind in Familiarity:
        told_by = [e for e in job.validation + job.held_out if Familiarity.of(e.cell.key, items) is kind]
        restore_weights(job.model, job.folder.weights / kept.of_kind.get(kind, kept.best))
        mixtures[kind] = _mixture(job, told_by, marginals, [_unit(job, kind, e.cell) for e in told_by])
    calibration = ModelTrust(
        mixtures[Familiarity.KNOWN_ITEMS],
        mixtures[Familiarity.NEW_ITEMS],
        items,
        {k: tuple(marginals[k, :k].tolist()) for k in range(2, len(LETTERS) + 1)},
        tuple(job.config.languages),
    )
    if job.processes.is_first:
        write_calibration(job.folder, calibration)
    return calibration


def _unit(job: TrainingJob, kind: Familiarity, cell: Cell) -> str:
    """Return what of a cell is new to the model: its country, or the battery of its item."""
    if kind is Familiarity.KNOWN_ITEMS:
        return country_of(cell)
    return job.batteries[cell.key.survey_id, cell.key.item_id]


def _mixture(job: TrainingJob, examples: Sequence[Example], marginals: Floats, units: list[str]) -> Mixture | None:
    if not examples:
        return None
    drawn = np.random.default_rng(job.config.seed).permutation(len(examples))[:_MOST_CELLS]
    chosen = [examples[i] for i in drawn]
    width = marginals.shape[1]
    n_options = np.array([example.n_options for example in chosen])
    shares = np.array([_padded(example.cell.shares or (), width) for example in chosen])
    unit = np.unique([units[i] for i in drawn], return_inverse=True)[1]
    return fit_mixture(_predicted(job, chosen, width), marginals[n_options], shares, n_options, unit)


@torch.no_grad()
def _predicted(job: TrainingJob, examples: Sequence[Example], width: int) -> Floats:
    """Return the model's option probabilities in code order, without dropout: (N, width); in all processes alike."""
    job.model.eval()
    rows = plan_pass(examples, job.batches, job.processes.count)
    found = np.zeros((len(examples), width))
    pace = pace_of(job.processes, job.model)
    for number in job.processes.share([row_tokens(examples, row, job.batches) for row in rows]):
        pace.before_row()
        row = [examples[i] for i in rows[number]]
        options = compute_options(job.model, row, job.tokens, job.batches)
        lettered = option_log_probabilities(options.logits.double(), options.present).exp().cpu().numpy()
        for place, example, shares in zip(rows[number], row, lettered, strict=True):
            found[place, list(example.permutation)] = shares[: example.n_options]
    for _ in pace.while_others_compute():
        compute_options(job.model, examples[:1], job.tokens, job.batches)
    return np.asarray(job.processes.summed(found))


def _marginals(cells: Sequence[Cell]) -> Floats:
    """Return the position marginals of training by number of options: (27, 26)."""
    width = len(LETTERS)
    distinct = list({cell.key: cell for cell in cells}.values())
    items: dict[tuple[str, str], int] = {}
    item = np.array([items.setdefault((c.key.survey_id, c.key.item_id), len(items)) for c in distinct], dtype=np.int64)
    shares = np.array([_padded(cell.shares or (), width) for cell in distinct])
    n_options: Ints = np.array([len(cell.shares or ()) for cell in distinct], dtype=np.int64)
    nobody = np.zeros(len(distinct), dtype=np.int64)
    answered = AnsweredCells(Catalogue(tuple(items), ("all",)), item, nobody, n_options, shares, np.ones(len(distinct)))
    return position_marginals(item_means(answered)).shares


def _padded(shares: Sequence[float], width: int) -> list[float]:
    total = sum(shares)
    return [share / total for share in shares] + [0.0] * (width - len(shares))
