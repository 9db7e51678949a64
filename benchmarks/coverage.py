"""How often the intervals of `score` hold the truth, in simulations with effects of the sizes that real scores have.

Scores are drawn as a mean plus effects of country, battery, item, country x battery and the rest. Their sizes are those
of real scores per cell: of the bundled distributions (WVS-7, 63 countries, Q1-Q163), predicted by the item mean of the
other countries (people were asked elsewhere) or by the position marginal of the other items (no one was asked), and of
the difference of both. Each is told from the mean product of two cells' deviations that have a country, a battery, an
item, or a country and a battery in common, less that of two cells that share nothing (Koch 1967).

Equivalents are simulated from people up: truths, predictions, answers of N respondents, pilots. Run from the root of
the repository: `python -m benchmarks.coverage` prints the tables, `--write` puts them into benchmarks/coverage.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from surveycli.distribution.arrays import AnsweredCells, Catalogue, Floats, answered_cells_of, catalogue_of
from surveycli.distribution.divergence import paper_one_minus_jsd
from surveycli.distribution.pilot import draw_answers, shrink
from surveycli.distribution.pooling import own_item_prior, own_marginal_prior
from surveycli.grouping import Clusters
from surveycli.score.equivalent import GRID, ShrinkageTarget, equivalent_of, pilot_losses, respondents_worth
from surveycli.score.interval import Units, uncertainty_of_means
from surveycli.store import open_store
from surveycli.survey import ingest_bundled

COUNTRIES = (4, 8, 20, 60)
N_TRUTHS = 2000
LAST_ITEM = 163
BATTERIES = {
    "8 equal": (18,) * 8,
    "8 unequal": (25, 11, 9, 8, 7, 6, 3, 1),
    "18 equal": (8,) * 18,
    "18 unequal": (25, 11, 9, 8, 7, 6, 6, 5, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1),
}
HALF = {"8, one with over half": (19, 4, 3, 2, 2, 1, 1, 1), "11, one with over half": (19, 4, 3, 2, *(1,) * 7)}
N_GROUPS = 6
EQUIVALENT_SIZES = {"8 equal": (3,) * 8, "18 unequal": (6, 4, 3, 3, 2, 2, 2, *(1,) * 11)}
N_WORLDS = 1000
MEAN_LOSS = 0.145  # of the item mean: 1 - its mean score
LENGTH = 0.9  # how far predictions are off in logits, which is worth about 20 respondents
PAGE = Path(__file__).with_name("coverage.md")
_CELLS_AT_ONCE = 4_000_000
_CELLS_OF_PEOPLE = 15_000
_WIDTH = 5  # options of simulated cells
_STRENGTH = 4.0  # of the pilots' shrinkage to uniform


@dataclass(frozen=True)
class Effects:
    """Standard deviations of what makes up scores."""

    country: float
    battery: float
    item: float
    both: float
    rest: float


# As `measured_effects` finds them; the tests hold these figures to that.
EFFECTS = {
    "item mean": Effects(0.0245, 0.0242, 0.0279, 0.0443, 0.0555),
    "position marginal": Effects(0.0254, 0.0453, 0.0634, 0.0457, 0.0713),
    "difference": Effects(0.0146, 0.0492, 0.0672, 0.0404, 0.0744),
}


def measured_effects() -> dict[str, Effects]:
    """Return the effects on real scores of the item mean and the position marginal, and on their difference."""
    with TemporaryDirectory() as folder, open_store(Path(folder) / "s.duckdb", create=True) as store:
        ingest_bundled(store)
        wanted = store.query("SELECT survey_id, item_id, population_id FROM cell")
        frame = store.frame("cell/list_shares", frames={"wanted": wanted}, shares="unweighted")
        battery_of = dict(store.query("SELECT item_id, coalesce(battery_id, item_id) FROM item").iter_rows())
    catalogue = catalogue_of([frame])
    cells = answered_cells_of(frame, catalogue, max(frame["option_code"].list.len().to_list()))
    scores = {
        "item mean": paper_one_minus_jsd(cells.shares, own_item_prior(cells)),
        "position marginal": paper_one_minus_jsd(cells.shares, own_marginal_prior(cells)),
    }
    scores["difference"] = scores["item mean"] - scores["position marginal"]
    _, battery = np.unique([battery_of[item] for _, item in catalogue.items], return_inverse=True)
    units = Units(cells.population, cells.population, cells.item, battery[cells.item])
    known = np.array([int(item[1:]) <= LAST_ITEM for _, item in catalogue.items])[cells.item]
    return {name: effects_of(values[known], units.take(known)) for name, values in scores.items()}


def effects_of(scores: Floats, units: Units) -> Effects:
    """Return the standard deviations of effects on scores (N,), those that come out below 0 as 0."""
    apart = scores - scores.mean()
    n_batteries, n_items = units.battery.max() + 1, units.item.max() + 1
    groups = {
        "country": units.country,
        "battery": units.battery,
        "item": units.item,
        "block": units.country * n_batteries + units.battery,
        "cell": units.country * n_items + units.item,
    }
    products = {name: float((np.bincount(group, apart) ** 2).sum()) for name, group in groups.items()}
    pairs = {name: float((np.bincount(group) ** 2).sum()) for name, group in groups.items()}

    def mean(**signs: int) -> float:
        return float(sum(sign * products[name] for name, sign in signs.items())) / sum(
            sign * pairs[name] for name, sign in signs.items()
        )

    nothing = (products["block"] - products["country"] - products["battery"]) / (
        len(scores) ** 2 + pairs["block"] - pairs["country"] - pairs["battery"]
    )
    country, item = mean(country=1, block=-1), mean(item=1, cell=-1)
    battery, block = mean(battery=1, item=-1, block=-1, cell=1), mean(block=1, cell=-1)
    parts = [country - nothing, battery - nothing, item - battery, block - country - battery + nothing]
    parts.append(mean(cell=1) - nothing - sum(parts))
    return Effects(*(round(float(np.sqrt(max(part, 0.0))), 4) for part in parts))


def grid(n_countries: int, sizes: Sequence[int], n_groups: int = 1) -> Units:
    """Return the units of a full grid: countries of `n_groups` populations, batteries of the sizes given."""
    population, item = np.arange(n_countries * n_groups), np.arange(sum(sizes))
    battery = np.repeat(np.arange(len(sizes)), sizes)
    return Units(
        np.repeat(population, len(item)),
        np.repeat(population // n_groups, len(item)),
        np.tile(item, len(population)),
        np.tile(battery, len(population)),
    )


def draw_scores(generator: np.random.Generator, units: Units, effects: Effects, n_truths: int) -> Floats:
    """Draw scores of mean 0: (N, n_truths).

    A group differs from its country by half as much as countries from each other; 64% of the variance that is left of a
    cell is its country's own for the item, which all its groups have in common.
    """
    n_countries, n_items, n_batteries = (int(labels.max()) + 1 for labels in (units.country, units.item, units.battery))
    n_populations = int(units.population.max()) + 1

    def normal(deviation: float, n: int) -> Floats:
        return generator.normal(0, deviation, (n, n_truths))

    pairs, pair = np.unique(units.country * n_batteries + units.battery, return_inverse=True)
    scores = normal(effects.country, n_countries)[units.country] + normal(effects.battery, n_batteries)[units.battery]
    scores += normal(effects.item, n_items)[units.item] + normal(effects.both, len(pairs))[pair]
    rest = effects.rest
    if n_populations > n_countries:
        cell = units.country * n_items + units.item
        scores += normal(effects.country / 2, n_populations)[units.population]
        scores += normal(0.8 * rest, n_countries * n_items)[cell]
        rest *= 0.6
    return np.asarray(scores + normal(rest, len(units.item)))


def coverage(
    units: Units, effects: Effects, n_truths: int = N_TRUTHS, seed: int = 1, clusters: Clusters = Clusters.BOTH
) -> float:
    """Return how often the interval of a mean of scores holds the truth."""
    generator = np.random.default_rng(seed)
    held = done = 0
    while done < n_truths:
        some = min(max(_CELLS_AT_ONCE // len(units.item), 1), n_truths - done)
        scores = draw_scores(generator, units, effects, some)
        uncertainty, _ = uncertainty_of_means(scores, units, clusters)
        assert uncertainty is not None
        held += int((np.abs(scores.mean(axis=0)) <= uncertainty.half_widths()).sum())
        done += some
    return held / n_truths


@dataclass(frozen=True)
class People:
    """A world from people up: the truths (N, K) of cells, and predictions of them (N, K)."""

    truth: Floats
    predicted: Floats

    def answered(self, n_people: int, generator: np.random.Generator) -> AnsweredCells:
        """Return the answers of `n_people` in each cell."""
        n = len(self.truth)
        shares = draw_answers(self.truth, n_people, generator) / n_people
        nothing, k = np.zeros(n, dtype=np.int64), np.full(n, _WIDTH)
        return AnsweredCells(
            Catalogue((("s", "item"),), ("P",)), nothing, nothing, k, shares, np.full(n, float(n_people))
        )


def draw_people(generator: np.random.Generator, units: Units) -> People:
    """Draw truths, and predictions that miss them by as much as crossed effects say.

    A truth's logits are its item's and a country's own for it. A prediction is off in a random direction, by a length
    whose logarithm has effects of country, battery, item, both and the cell: those on the item mean's real scores,
    relative to its mean loss.
    """
    relative = Effects(*(deviation / MEAN_LOSS for deviation in vars(EFFECTS["item mean"]).values()))
    length = LENGTH * np.exp(draw_scores(generator, units, relative, 1))
    logits = generator.normal(0, 1, (int(units.item.max()) + 1, _WIDTH))[units.item]
    logits = logits + generator.normal(0, 0.4, logits.shape)
    direction = generator.normal(0, 1, logits.shape)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return People(_softmax(logits), _softmax(logits + length * direction))


def leads(world: People, n_people: int, seed: int) -> Floats:
    """Return by how much each prediction of a world scores better than pilots and the survey: (N, G + 1)."""
    human = world.answered(n_people, np.random.default_rng([seed, n_people]))
    prior = ShrinkageTarget(np.full((len(human), _WIDTH), 1 / _WIDTH), np.full((len(human), len(GRID)), _STRENGTH))
    lost = paper_one_minus_jsd(human.shares, human.shares) - paper_one_minus_jsd(human.shares, world.predicted)
    return np.asarray(pilot_losses(human, [prior], "paper_one_minus_jsd", seed)[0] - lost[:, None])


@cache
def true_equivalent(n_people: int) -> float:
    """Return what predictions of such worlds are worth on average: of 60,000 cells of countries and items of their own.

    The pilots' truths are the real ones here, not what people's answers allow.
    """
    generator = np.random.default_rng([99, n_people])
    alone = np.arange(60_000)
    world = draw_people(generator, Units(alone, alone, alone, alone))
    answers = world.answered(n_people, generator).shares
    lost = paper_one_minus_jsd(answers, world.predicted).mean()
    counts, before, curve = np.zeros_like(answers), 0, []
    for n in GRID:
        counts, before = counts + draw_answers(world.truth, n - before, generator), n
        pilot = shrink(counts, np.full(_WIDTH, 1 / _WIDTH), _STRENGTH)
        curve.append(float(lost - paper_one_minus_jsd(answers, pilot).mean()))
    return respondents_worth(np.array(curve))


def equivalent_coverage(n_countries: int, sizes: Sequence[int], n_people: int, n_truths: int) -> float:
    """Return how often the interval of an equivalent holds the truth."""
    worth, units = true_equivalent(n_people), grid(n_countries, sizes)
    n, held, done = len(units.item), 0, 0
    while done < n_truths:
        # Worlds side by side cost less than one after the other.
        some = min(max(_CELLS_OF_PEOPLE // n, 1), n_truths - done)
        worlds = [draw_people(np.random.default_rng([n_countries, done + number]), units) for number in range(some)]
        together = People(*(np.vstack([getattr(w, name) for w in worlds]) for name in ("truth", "predicted")))
        for lead in leads(together, n_people, done + 1).reshape(some, n, -1):
            found, _ = equivalent_of(lead, units, Clusters.BOTH, known=True)
            assert found.low is not None and found.high is not None
            held += found.low <= worth <= found.high
        done += some
    return held / n_truths


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def score_rows(n_truths: int = N_TRUTHS) -> Iterator[tuple[str, ...]]:
    """Yield countries, groups in each, batteries, and the coverage for each kind of score."""
    for n_groups, countries in ((1, COUNTRIES), (N_GROUPS, COUNTRIES[:3])):
        for n_countries in countries:
            for name, sizes in BATTERIES.items():
                if n_groups == 1 or "unequal" in name:
                    yield _score_row(n_countries, n_groups, name, sizes, n_truths)


def half_rows(n_truths: int = N_TRUTHS) -> Iterator[tuple[str, ...]]:
    """Yield the same where one battery has over half of the items."""
    for n_countries in (COUNTRIES[0], COUNTRIES[2]):
        for name, sizes in HALF.items():
            yield _score_row(n_countries, 1, name, sizes, n_truths)


def _score_row(n_countries: int, n_groups: int, name: str, sizes: Sequence[int], n_truths: int) -> tuple[str, ...]:
    units = grid(n_countries, sizes, n_groups)
    found = [coverage(units, effects, n_truths) for effects in EFFECTS.values()]
    return (str(n_countries), str(n_groups), name, *(f"{100 * share:.1f}%" for share in found))


def equivalent_rows(n_truths: int = N_WORLDS) -> Iterator[tuple[str, ...]]:
    """Yield countries, batteries, people per cell, the true equivalent and the coverage of its interval."""
    for n_countries in COUNTRIES:
        for name, sizes in EQUIVALENT_SIZES.items():
            for n_people in (150, 1200):
                held = equivalent_coverage(n_countries, sizes, n_people, n_truths)
                row = (str(n_countries), name, str(n_people), f"{true_equivalent(n_people):.1f}")
                yield (*row, f"{100 * held:.1f}%")


SCORE_HEADER = ("countries", "groups in each", "batteries", *EFFECTS)
EQUIVALENT_HEADER = ("countries", "batteries", "people per cell", "truth", "coverage")


def table(header: Sequence[str], rows: Iterator[tuple[str, ...]]) -> list[str]:
    """Return a table as lines of Markdown, printing each row as it comes."""
    lines = [f"| {' | '.join(header)} |", "|" + " --- |" * len(header)]
    for row in rows:
        lines.append(f"| {' | '.join(row)} |")
        print(lines[-1], flush=True)
    return lines


def effect_rows() -> Iterator[tuple[str, ...]]:
    """Yield the standard deviations of effects on real scores."""
    for name, effects in measured_effects().items():
        yield (name, *(f"{deviation:.4f}" for deviation in vars(effects).values()))


def main() -> None:
    """Print the tables, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="make benchmarks/coverage.md anew")
    parser.add_argument("--truths", type=int, default=N_TRUTHS)
    parser.add_argument("--worlds", type=int, default=N_WORLDS)
    given = parser.parse_args()
    started = time.process_time()
    tables = {
        "effects": table(("scores of", *vars(EFFECTS["difference"])), effect_rows()),
        "scores": table(SCORE_HEADER, score_rows(given.truths)),
        "half": table(SCORE_HEADER, half_rows(given.truths)),
        "equivalents": table(EQUIVALENT_HEADER, equivalent_rows(given.worlds)),
    }
    print(f"{time.process_time() - started:.0f} s of CPU time")
    if given.write:
        text = PAGE.read_text(encoding="utf-8")
        for name, lines in tables.items():
            before, _, after = text.partition(f"<!-- {name} -->\n")
            text = f"{before}<!-- {name} -->\n" + "\n".join(lines) + after[after.index("\n<!-- end -->") :]
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
