"""Says of each answer to a new question how far to trust it, from what can be measured without it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surveycli.distribution.arrays import Floats
from surveycli.domain import TRAIN, VALIDATION
from surveycli.score.cells import scored_cells
from surveycli.score.score_run import score_run
from surveycli.score.trust import LEVEL, Calibration, calibrate, with_kinds
from surveycli.similarity import similarities
from surveycli.simulation.write import ASKED
from surveycli.store import Store

if TYPE_CHECKING:
    import polars as pl

_N_NEAREST = 3
_N_AS_FAR = 5  # validation items that are as unlike training ones as the question
_UNLIKE = 0.1  # the quantile of validation items' similarity, below which a question is unlike all that was measured
_PRIORS = ("uniform", "position-marginal", "position marginal", "fallback: ")


@dataclass(frozen=True, slots=True)
class Spreads:
    """Runs that answered the same: with options in other orders, and of other seeds."""

    orders: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Distances:
    """How a language's questions are worded like training items, and what the run's errors are by that.

    nearest: by item id, the training items most alike. similarity (V,) and error (V,) are those of validation items.
    """

    nearest: Mapping[str, list[dict[str, Any]]]
    similarity: Floats
    error: Floats

    def error_at(self, similarity: float) -> float | None:
        """Return the mean error of the validation items that are about as unlike training as this."""
        if not len(self.error):
            return None
        nearest = np.argsort(np.abs(self.similarity - similarity), kind="stable")[:_N_AS_FAR]
        return float(self.error[nearest].mean())


def write_statements(store: Store, name: str, spreads: Spreads, text_language: str) -> int:
    """Write the trust statement of each answer of the simulation `name`; return how many answers there are.

    `text_language` is the questions' own, for predictors that read no text.
    """
    import polars as pl

    cells = _validation_cells(store, name)
    asked = with_kinds(store, name, store.frame("simulation/list_asked", run_id=name, survey_id=name))
    orders, others = (_largest(store, name, runs) for runs in (spreads.orders, spreads.others))
    rows = []
    for (language,), group in asked.partition_by("language", as_dict=True).items():
        own = cells.filter(pl.col("language") == language)
        known = calibrate(own) if own.height else {}
        distances = _distances(store, name, str(language) or text_language, own)
        for cell in group.iter_rows(named=True):
            key = (cell["item_id"], cell["population_id"], cell["language"])
            spread = {"order_spread": orders.get(key), "run_spread": others.get(key)}
            rows.append(_statement(cell, known.get(cell["kind_of_cell"]), distances, spread))
    floats = ("radius", "without_batteries", "without_regions", "similarity", "error_at_distance", "outside_mass")
    overrides = dict.fromkeys((*floats, "order_spread", "run_spread"), pl.Float64)
    frame = pl.DataFrame(rows, schema_overrides=overrides, infer_schema_length=None)
    store.insert("trust", frame.with_columns(run_id=pl.lit(name)))
    return len(rows)


def _validation_cells(store: Store, name: str) -> pl.DataFrame:
    """Return the run's scored validation cells with their kind; none where it has no validation predictions."""
    import polars as pl

    score_run(store, name)
    found = store.frame("score/list_scored_cells", run_ids=[name]).filter(pl.col("part") == VALIDATION)
    if found.is_empty():
        return found.with_columns(kind_of_cell=pl.lit(""))
    return with_kinds(store, name, scored_cells(store, [name]).filter(pl.col("part") == VALIDATION))


def _largest(store: Store, name: str, runs: tuple[str, ...]) -> dict[tuple[str, str, str], float]:
    """Return, by item, population and language, the largest total variation between the answer and other runs'."""
    rows = store.rows("simulation/list_spread", run_id=name, others=list(runs), survey_id=name) if runs else []
    found: dict[tuple[str, str, str], float] = {}
    for row in rows:
        key = (row["item_id"], row["population_id"], row["language"])
        found[key] = max(found.get(key, 0.0), row["total_variation"])
    return found


def _distances(store: Store, split: str, language: str, validation: pl.DataFrame) -> Distances:
    import polars as pl

    texts = store.frame("cell/list_item_texts", split=split, language=language)
    train, asked, held = (texts.filter(pl.col("part") == part) for part in (TRAIN, ASKED, VALIDATION))
    held = held.join(train, on=["survey_id", "item_id"], how="anti", maintain_order="left")
    if train.is_empty() or asked.is_empty():
        return Distances({}, np.zeros(0), np.zeros(0))
    cosine = similarities([*asked["wording"], *held["wording"]], train["wording"].to_list())
    nearest = {
        item: _most_alike(row, train) for item, row in zip(asked["item_id"], cosine[: asked.height], strict=True)
    }
    measured = held.with_columns(pl.Series("similarity", cosine[asked.height :].max(axis=1), dtype=pl.Float64)).join(
        validation.group_by("item_id").agg(pl.col("total_variation").mean()), on="item_id", how="inner"
    )
    return Distances(nearest, measured["similarity"].to_numpy(), measured["total_variation"].to_numpy())


def _most_alike(cosine: Floats, train: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "item_id": train["item_id"][int(place)],
            "similarity": round(float(cosine[place]), 3),
            "wording": train["wording"][int(place)],
        }
        for place in np.argsort(-cosine, kind="stable")[:_N_NEAREST]
    ]


def _statement(
    cell: Mapping[str, Any], known: Calibration | None, distances: Distances, spread: Mapping[str, float | None]
) -> dict[str, Any]:
    nearest = distances.nearest.get(cell["item_id"], [])
    similarity = nearest[0]["similarity"] if nearest else None
    doubts = [*_doubts_of_errors(cell, known, spread["order_spread"]), *_doubts_of_topic(similarity, distances)]
    return {
        **{name: cell[name] for name in ("survey_id", "item_id", "population_id", "language", "kind_of_cell")},
        "nominal": LEVEL,
        "radius": known.radius if known else None,
        "without_batteries": known.without_batteries if known else None,
        "without_regions": known.without_regions if known else None,
        "nearest_items": json.dumps(nearest, ensure_ascii=False),
        "similarity": similarity,
        "error_at_distance": None if similarity is None else distances.error_at(similarity),
        **spread,
        "outside_mass": cell["outside_mass"],
        "reliable": not doubts,
        "reason": "; ".join(doubts) or "like what could be measured",
    }


def _doubts_of_errors(cell: Mapping[str, Any], known: Calibration | None, order_spread: float | None) -> list[str]:
    if any(prior in cell["basis"] for prior in _PRIORS):
        return ["a prior: nobody was asked, and no model did better"]
    if known is None:
        return [f"no validation cell is a {cell['kind_of_cell']}, so that the run's errors there are not known"]
    doubts = []
    if known.mean_error >= known.uniform_error:
        doubts.append(
            f"on validation the run is no better than the uniform distribution (total variation {known.mean_error:.2f} "
            f"against {known.uniform_error:.2f})"
        )
    if order_spread is not None and order_spread > known.radius:
        doubts.append(f"another order of the options moves it by {order_spread:.2f}")
    return doubts


def _doubts_of_topic(similarity: float | None, distances: Distances) -> list[str]:
    if similarity is None:
        return ["training has no item worded in this language"]
    if not len(distances.similarity):
        return []
    lowest = float(np.quantile(distances.similarity, _UNLIKE))
    if similarity >= lowest:
        return []
    return [f"unlike all training items: similarity {similarity:.2f}, and errors were measured from {lowest:.2f} up"]
