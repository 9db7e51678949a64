"""Choose between designs of the regional baselines by the training part of the published split alone.

A design is scored by predicting training populations from other training populations, everything that the predictor
tunes being tuned without the ones it predicts (nested cross-validation). Populations are held out in two ways: one
subregion after the other, as when nothing like the target was asked, and in random groups, as when its neighbours
were. The criterion is the mean over cells of 1 - Jensen-Shannon distance, averaged over both ways; unweighted shares.

No cell of a test part is read. Run it anew with `python benchmarks/select_smoother.py`: it prints the first table of
benchmarks/smoother.md (about ten minutes on one core). `--zones` prints the last one: the chosen designs with and
without cultural zones, which were drawn from answers to the same survey, on the training part and on the test parts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from surveycli.baseline.answer import Answer
from surveycli.baseline.descriptors import Descriptors, describe
from surveycli.baseline.predictors.means import predict_item_mean, predict_region_mean
from surveycli.baseline.predictors.smoother import Design, predict_kernel_smoother, predict_nearest
from surveycli.distribution.arrays import AnsweredCells, Bools, answered_cells_of, catalogue_of
from surveycli.distribution.divergence import paper_one_minus_jsd
from surveycli.split import make_split
from surveycli.store import open_store
from surveycli.survey import ingest_bundled

N_GROUPS = 8
Predict = Callable[[AnsweredCells, AnsweredCells, Descriptors], Answer]
REGIONS = {
    "both regions": (),
    "no SDG region": ("sdg_region",),
    "no UN region": ("un_region",),
    "neither": ("sdg_region", "un_region"),
}
POWERS = {"mean": (1.0,), "square-root mean": (0.5,), "either, tuned": (1.0, 0.5)}
ZONES: dict[str, tuple[str, ...]] = {"with": (), "without": ("cultural_zone",)}
HELD_OUT = {"subregion": True, "population": False}


@dataclass(frozen=True)
class Variant:
    """A predictor in one design; `settings` names what distinguishes it."""

    predictor: str
    settings: tuple[str, ...]
    predict: Predict


def variants() -> Iterator[Variant]:
    """Yield all designs that are compared."""
    yield Variant("item-mean", ("",), lambda train, target, _: predict_item_mean(train, target))
    yield Variant("region-mean", ("UN region",), lambda t, c, d: predict_region_mean(t, c, d.un_region))
    yield Variant("region-mean", ("SDG region",), lambda t, c, d: predict_region_mean(t, c, d.sdg_region))
    for (regions, without), (unit, whole) in product(REGIONS.items(), HELD_OUT.items()):
        design = Design(without, hold_out_subregion=whole)
        yield Variant("nearest-populations", (regions, unit), _nearest(design))
    for (regions, without), (power, powers), (unit, whole) in product(
        REGIONS.items(), POWERS.items(), HELD_OUT.items()
    ):
        yield Variant("kernel-smoother", (regions, power, unit), _kernel(Design(without, powers, whole)))


def _nearest(design: Design) -> Predict:
    return lambda train, target, descriptors: predict_nearest(train, target, descriptors, design=design)


def _kernel(design: Design) -> Predict:
    return lambda train, target, descriptors: predict_kernel_smoother(train, target, descriptors, design=design)


def training_part() -> tuple[AnsweredCells, Descriptors]:
    """Return the training cells of the published split and their populations' descriptors; nothing else."""
    with TemporaryDirectory() as folder, open_store(Path(folder) / "s.duckdb", create=True) as store:
        ingest_bundled(store)
        make_split(store, "paper")
        wanted = store.frame("cell/list_train", split="paper")
        frame = store.frame("cell/list_shares", frames={"wanted": wanted}, shares="unweighted")
        catalogue = catalogue_of([frame])
        populations = pl.DataFrame({"population_id": catalogue.populations})
        known = describe(store.frame("baseline/list_descriptors", frames={"wanted": populations}).to_dicts())
    return answered_cells_of(frame, catalogue, max(frame["option_code"].list.len().to_list())), known


def folds(train: AnsweredCells, descriptors: Descriptors) -> dict[str, list[Bools]]:
    """Return, for each way of holding out, which cells are held out together."""
    n = len(train.catalogue.populations)
    group = np.random.default_rng(1).permutation(n) % N_GROUPS
    units = {"subregion": descriptors.subregion, "random group": group}
    return {name: [unit[train.population] == held for held in np.unique(unit)] for name, unit in units.items()}


def cross_validate(predict: Predict, train: AnsweredCells, descriptors: Descriptors, held: Sequence[Bools]) -> float:
    """Return the mean 1-JSD of held-out cells."""
    scores = []
    for cells in held:
        target = train.take(cells)
        shares = predict(train.take(~cells), target, descriptors).shares
        scores.append(paper_one_minus_jsd(target.shares, shares))
    return float(np.concatenate(scores).mean())


def select(train: AnsweredCells, descriptors: Descriptors, chosen: Sequence[Variant]) -> pl.DataFrame:
    """Return the criterion of each variant, best first within each predictor."""
    ways = folds(train, descriptors)
    rows = []
    for variant in chosen:
        found = {name: cross_validate(variant.predict, train, descriptors, held) for name, held in ways.items()}
        criterion = float(np.mean(list(found.values())))
        rows.append(
            {"predictor": variant.predictor, "design": ", ".join(variant.settings), **found, "criterion": criterion}
        )
        print(f"{variant.predictor:20} {', '.join(variant.settings):50} {criterion:.5f}", flush=True)
    return pl.DataFrame(rows).sort("predictor", "criterion", descending=[False, True])


def zones() -> pl.DataFrame:
    """Return the chosen designs with and without cultural zones: the criterion, then the scores on unseen countries."""
    (train, descriptors), parts = training_part(), unseen_countries()
    ways = folds(train, descriptors)
    rows = []
    for (name, make), without in product({"kernel-smoother": _kernel, "nearest-populations": _nearest}.items(), ZONES):
        design = Design((*Design().without, *ZONES[without]))
        predict = make(design)
        row: dict[str, object] = {"predictor": name, "cultural zones": without}
        row |= {way: cross_validate(predict, train, descriptors, held) for way, held in ways.items()}
        for part, (learnt, target, known) in parts.items():
            shares = predict(learnt, target, known).shares
            row[part] = float(paper_one_minus_jsd(target.shares, shares).mean())
        print(row, flush=True)
        rows.append(row)
    return pl.DataFrame(rows)


def unseen_countries() -> dict[str, tuple[AnsweredCells, AnsweredCells, Descriptors]]:
    """Return, for C2-Q1 and C3-Q1, the training cells, those of the part, and the descriptors of both."""
    with TemporaryDirectory() as folder, open_store(Path(folder) / "s.duckdb", create=True) as store:
        ingest_bundled(store)
        make_split(store, "paper")
        wanted = {"train": store.frame("cell/list_train", split="paper")}
        for part in ("C2-Q1", "C3-Q1"):
            wanted[part] = store.frame("baseline/list_target_cells", split="paper", parts=[part])
        frames = {
            name: store.frame("cell/list_shares", frames={"wanted": cells}, shares="unweighted")
            for name, cells in wanted.items()
        }
        catalogue = catalogue_of(list(frames.values()))
        populations = pl.DataFrame({"population_id": catalogue.populations})
        known = describe(store.frame("baseline/list_descriptors", frames={"wanted": populations}).to_dicts())
    width = max(max(frame["option_code"].list.len().to_list()) for frame in frames.values())
    cells = {name: answered_cells_of(frame, catalogue, width) for name, frame in frames.items()}
    return {part: (cells["train"], cells[part], known) for part in ("C2-Q1", "C3-Q1")}


def print_markdown(table: pl.DataFrame) -> None:
    """Print a table as Markdown, figures with four decimals."""
    print("\n| " + " | ".join(table.columns) + " |\n|" + " --- |" * len(table.columns))
    for row in table.iter_rows():
        print("| " + " | ".join(f"{value:.4f}" if isinstance(value, float) else value for value in row) + " |")


def main() -> None:
    """Print the comparison as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--predictor", help="only the designs of this one")
    parser.add_argument("--zones", action="store_true", help="the chosen designs with and without cultural zones")
    given = parser.parse_args()
    if given.zones:
        print_markdown(zones())
        return
    wanted = given.predictor
    train, descriptors = training_part()
    print_markdown(select(train, descriptors, [v for v in variants() if wanted in (None, v.predictor)]))


if __name__ == "__main__":
    main()
