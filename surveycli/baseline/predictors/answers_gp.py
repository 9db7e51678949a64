"""`answers-gp`: what a population would say to an item that others were asked, by whom it resembles in its answers.

A Gaussian process over populations for each item (kriging.py). Targets may have many known answers, few or none: the
fewer they are, the more their descriptors say who is alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np

from surveycli.baseline.answer import Answer, answer_each
from surveycli.baseline.descriptors import Descriptors
from surveycli.baseline.evidence.answers import KnownAnswers, as_shares, centred_roots, known_answers
from surveycli.baseline.evidence.hold_out import folds_like_targets
from surveycli.baseline.evidence.kriging import RELEVANCES, Comparison, KrigingSettings, compare, krige
from surveycli.baseline.predictors.means import predict_position_marginal
from surveycli.baseline.statistical import StatisticalPredictor, from_populations
from surveycli.distribution.arrays import AnsweredCells, Cells, Floats, Ints
from surveycli.distribution.divergence import js_distance
from surveycli.predictor import Need

NOISES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
DESCRIPTOR_ITEMS = (3.0, 10.0, 30.0)
_SAME_PATTERN = 0.9  # populations whose known items agree this far (Jaccard) are compared by the same items
_MAX_DONORS = 400
_N_NAMED = 3


@dataclass(frozen=True, slots=True)
class AskedItem:
    """An item as asked of T targets: rows (T,) of the cells, the donors (D,), and both compared."""

    rows: Ints
    donors: Ints
    n_options: int
    compared: Comparison


def predict_answers_gp(train: AnsweredCells, target: Cells, descriptors: Descriptors, seed: int = 1) -> Answer:
    """Give the item's kriged answer where training populations were asked it, else the position marginal.

    Each basis says how many populations were asked, what compared them with the target, and the three most alike.
    """
    apart = descriptor_distance(descriptors)
    settings = choose_settings(train, target, descriptors, apart, seed)
    shares = np.zeros((len(target), train.shares.shape[1]))
    bases: list[str | None] = [None] * len(target)
    for asked in asked_items(known_answers(train, target), target, apart):
        shares[asked.rows] = shares_of(asked, settings)
        for row, basis in zip(asked.rows, _bases(asked, settings, train.catalogue.populations), strict=True):
            bases[row] = basis
    return answer_each(shares, bases, predict_position_marginal(train, target), asdict(settings))


def choose_settings(
    train: AnsweredCells, target: Cells, descriptors: Descriptors, apart: Floats, seed: int = 1
) -> KrigingSettings:
    """Return the settings with the least mean Jensen-Shannon distance on populations left out of training."""
    hidden: list[tuple[Floats, AskedItem]] = []
    for fold in folds_like_targets(train, target, descriptors, seed):
        cells = train.take(fold.hidden)
        known = known_answers(train.take(fold.learnt), target)
        hidden += [(cells.shares[asked.rows], asked) for asked in asked_items(known, cells, apart)]

    def loss(settings: KrigingSettings) -> float:
        return float(np.concatenate([js_distance(human, shares_of(asked, settings)) for human, asked in hidden]).mean())

    best = KrigingSettings()
    if not hidden:
        return best
    choices: tuple[tuple[str, tuple[float, ...]], ...] = (
        ("noise", NOISES),
        ("descriptor_items", DESCRIPTOR_ITEMS),
        ("relevance", RELEVANCES),
        ("noise", NOISES),
    )
    for field, values in choices:
        best = min((replace(best, **{field: value}) for value in values), key=loss)
    return best


def asked_items(answers: KnownAnswers, target: Cells, apart: Floats) -> Iterator[AskedItem]:
    """Yield each item that others were asked, for all targets whose known items are nearly the same.

    apart (P, P) are descriptor distances.
    """
    features = centred_roots(answers)
    for in_group, shared in _groups(answers, target.population):
        for item in np.unique(target.item[in_group]):
            rows = in_group[target.item[in_group] == item]
            donors = _donors(answers, item, target.population[rows], apart)
            if not len(donors):
                continue
            people = np.concatenate([donors, target.population[rows]])
            n_options = int(answers.n_options[item])
            compared = compare(
                answers.roots[donors, item],
                (n_options - 1) / (4 * answers.n_respondents[donors, item]),
                features[np.ix_(people, shared[shared != item])],
                apart[np.ix_(people, donors)],
            )
            yield AskedItem(rows, donors, n_options, compared)


def shares_of(asked: AskedItem, settings: KrigingSettings) -> Floats:
    """Return the targets' predicted shares: (T, K)."""
    return as_shares(krige(asked.compared, settings), np.full(len(asked.rows), asked.n_options))


def descriptor_distance(descriptors: Descriptors) -> Floats:
    """Return the mean mismatch of descriptors between all populations: (P, P), 0 to 1.

    un_region is left out, since sdg_region says more: benchmarks/smoother.md.
    """
    kept = descriptors.without(("un_region",))
    everyone = np.arange(len(kept.values))
    apart = np.zeros((len(everyone), len(everyone)))
    for one in everyone:  # all at once would hold F numbers for each pair
        apart[one] = kept.mismatch(everyone[one : one + 1], everyone)[0].mean(axis=-1)
    return apart


def _groups(answers: KnownAnswers, population: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield rows (of N cells) whose populations know nearly the same items, and the items that most of them know."""
    left = np.unique(population)
    while len(left):
        known = answers.known[left]
        shared, either = (known & known[0]).sum(axis=1), (known | known[0]).sum(axis=1)
        alike = shared >= _SAME_PATTERN * either  # the first is like itself, also where it knows nothing
        compared = np.flatnonzero(known[alike].mean(axis=0) >= 0.5)
        yield np.flatnonzero(np.isin(population, left[alike])), compared
        left = left[~alike]


def _donors(answers: KnownAnswers, asked: int, population: Ints, apart: Floats) -> Ints:
    """Return the populations whose answers to an item are known; of very many those that resemble a target most."""
    donors = np.flatnonzero(answers.known[:, asked])
    if len(donors) <= _MAX_DONORS:
        return donors
    nearest = apart[np.ix_(np.unique(population), donors)].min(axis=0)
    return np.sort(donors[np.argsort(nearest, kind="stable")[:_MAX_DONORS]])


def _bases(asked: AskedItem, settings: KrigingSettings, names: tuple[str, ...]) -> list[str]:
    """Return what the answer for each target rests on."""
    distance = asked.compared.distance(settings)[len(asked.donors) :]
    nearest = asked.donors[np.argsort(distance, axis=1, kind="stable")[:, :_N_NAMED]]
    compared = f"{asked.compared.n_items} shared items" if asked.compared.n_items else "descriptors only"
    start = f"asked in {len(asked.donors)} populations, compared by {compared}, most alike "
    return [start + ", ".join(names[one] for one in alike) for alike in nearest]


PREDICTORS = (
    StatisticalPredictor(
        name="answers-gp",
        help="Other populations' answers to the item, weighted by how similarly they answered other items.",
        needs=frozenset({Need.TRAINING_ANSWERS}),
        predict=from_populations(predict_answers_gp),
    ),
)
