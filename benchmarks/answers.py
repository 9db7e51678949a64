"""How good the best answer is for each kind of cell, on the bundled survey: the sections of benchmarks/answers.md.

Everything that a predictor chooses it chooses on training (or validation) cells; the parts scored here are read once,
by `score`. Run it as `python -m benchmarks.answers` (about twenty minutes on one core), or a section by itself with
`--only donors`; `--write` puts what was run in its place in benchmarks/answers.md.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

import surveycli as sc
from surveycli.api import Project
from surveycli.correction.correct import LEVEL, beside, posterior_of
from surveycli.correction.strength import UNKNOWN, spread_of
from surveycli.demo.people import Sample, invent_respondents
from surveycli.distribution.divergence import js_distance
from surveycli.distribution.pilot import draw_answers
from surveycli.store import open_store

PAGE = Path(__file__).with_name("answers.md")
DOCS = Path(__file__).parent.parent / "docs" / "trust.md"
SAMPLE_SIZES = (1, 2, 5, 10, 20, 50, 100, 200)
N_DRAWS = 8
KNOWN_Q1 = """
SELECT DISTINCT CASE WHEN part IN ('C2-Q2', 'C3-Q2') THEN part ELSE 'train' END AS part,
    survey_id, item_id, population_id
FROM split_cell WHERE split = 'paper'
"""
FEW_DONORS = (
    KNOWN_Q1
    + """
AND (part <> 'validation' OR population_id IN ({donors}))
"""
)


@dataclass(frozen=True)
class Section:
    """A section of the page: its heading, what makes its text, and the words before its table."""

    heading: str
    make: Callable[[Path], str]


def project_in(folder: Path, *splits: str) -> Project:
    """Return a new store with the bundled survey and splits of these recipes."""
    project = sc.open(folder / "survey.duckdb")
    project.ingest()
    for recipe in splits:
        project.split(recipe)
    return project


def custom(project: Project, name: str, query: str) -> None:
    """Make a split of the cells of a query."""
    project.split("custom", name=name, cells=project.sql(query))


def run(project: Project, predictor: str, split: str, **choices: Any) -> str:
    """Return the name of a new run on unweighted shares."""
    return project.predict(predictor, split=split, shares="unweighted", **choices).run_id


def markdown(frame: pl.DataFrame) -> str:
    """Return a frame as a Markdown table."""
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + " --- |" * frame.width]
    for row in frame.iter_rows():
        lines.append("| " + " | ".join(_cell(value) for value in row) + " |")
    return "\n".join(lines)


def _cell(value: object) -> str:
    if value is None:
        return "not measured"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def scores(project: Project, runs: Sequence[str]) -> pl.DataFrame:
    """Return the mean 1 - Jensen-Shannon distance of runs by part, with its interval as text."""
    table = project.score(*runs, metrics=("paper_one_minus_jsd",))
    text = pl.format("{} ({} to {})", *(pl.col(c).round(3) for c in ("paper_one_minus_jsd", "low", "high")))
    wide = table.select("run_id", "part", text.alias("score")).pivot(on="part", index="run_id", values="score")
    return wide.select("run_id", *sorted(set(wide.columns) - {"run_id"}))


def asked_elsewhere(folder: Path) -> str:
    """Items asked in C1 and not in C2 and C3, whose answers to Q1 are known."""
    project = project_in(folder, "paper")
    custom(project, "known-q1", KNOWN_Q1)
    names = ("uniform", "item-mean", "kernel-smoother", "answers-gp", "best")
    runs = [run(project, name, "known-q1") for name in names]
    ceiling = project.score(runs[1], table="ceiling").select("part", "retest")
    limits = ", ".join(f"{part} {value:.3f}" for part, value in ceiling.iter_rows())
    return f"{markdown(scores(project, runs))}\n\nTwo samples of as many respondents agree to: {limits}."


def donors(folder: Path) -> str:
    """The same with few donor countries: drawn at random, and spread over the reporting regions."""
    project = project_in(folder, "paper")
    query = """
        SELECT DISTINCT c.population_id, k.un_subregion FROM split_cell AS c
        JOIN country AS k ON k.iso3 = c.population_id WHERE c.split = 'paper' AND c.part = 'train' ORDER BY ALL
    """
    countries = project.sql(query)
    rows = []
    for n in (5, 10, 20):
        for how in ("at random", "spread over regions"):
            found: dict[tuple[str, str], list[float]] = {}
            for draw in range(N_DRAWS):
                chosen = _draw(countries, n, how, draw)
                name = f"{n}-{how}-{draw}"
                custom(project, name, FEW_DONORS.format(donors=", ".join(f"'{one}'" for one in chosen)))
                for predictor in ("item-mean", "answers-gp"):
                    table = project.score(run(project, predictor, name), metrics=("paper_one_minus_jsd",))
                    for part, score in table.select("part", "paper_one_minus_jsd").iter_rows():
                        found.setdefault((predictor, part), []).append(score)
            means = {f"{p}, {part}": f"{np.mean(v):.3f} ± {np.std(v):.3f}" for (p, part), v in sorted(found.items())}
            rows.append({"donors": n, "drawn": how, **means})
    return markdown(pl.DataFrame(rows))


def _draw(countries: pl.DataFrame, n: int, how: str, seed: int) -> list[str]:
    generator = np.random.default_rng([seed, n])
    order = countries[generator.permutation(countries.height)]
    if how == "at random":
        return order["population_id"].head(n).to_list()
    by_region = order.sort("un_subregion", maintain_order=True)["population_id"].to_list()
    places = ((np.arange(n) + generator.random()) * len(by_region) / n).astype(int) % len(by_region)
    return [by_region[place] for place in places]


def groups(folder: Path) -> str:
    """Missing groups, on respondents invented from the bundled shares."""
    project = sc.open(folder / "survey.duckdb")
    (folder / "bundled").mkdir()
    with open_store(project_in(folder / "bundled").path) as store:
        items = invent_respondents(store, folder / "people.csv", Sample())
    project.ingest(folder / "people.csv", country_column="country", items=items, by=["country,sex,age"])
    survey = project.sql("SELECT survey_id FROM survey").item()
    project.split("missing-groups", survey_id=survey)
    runs = [run(project, name, "missing-groups") for name in ("item-mean", "other-groups", "answers-gp", "two-way")]
    table = project.score(runs[3], *runs[:3], table="compare")
    return markdown(table.select("part", "first", "second", "first_mean", "second_mean", "difference", "low", "high"))


def pools(folder: Path) -> str:
    """Pools on new items in ten donor countries."""
    project = project_in(folder, "new-items")
    members = [run(project, name, "new-items") for name in ("uniform", "item-mean", "kernel-smoother", "answers-gp")]
    pool = run(project, "pool", "new-items", settings={"of": tuple(members)})
    best = run(project, "best", "new-items")
    weights = project.sql(f"""
        SELECT w.key AS member, w.value ->> 'weight' AS weight, w.value ->> 'low' AS low, w.value ->> 'high' AS high
        FROM run, json_each(configuration, '$.chosen_on_train.weights') AS k, json_each(k.value, '$.members') AS w
        WHERE run_id = '{pool}'
    """)
    return f"{markdown(scores(project, [*members, pool, best]))}\n\n{markdown(weights)}"


def corrections(folder: Path) -> str:
    """What a few respondents and a prediction come to, in ten countries: error, coverage and worth by sample size."""
    project = project_in(folder, "new-items")
    rows = []
    for predictor in ("answers-gp", "item-mean", "uniform"):
        run(project, predictor, "new-items", name=predictor)
        with open_store(project.path) as store:
            frame = store.query(PREDICTED.format(run=predictor))
        rows += [simulate_corrections(frame, predictor, n) for n in SAMPLE_SIZES]
    return markdown(pl.DataFrame(rows))


PREDICTED = """
    SELECT p.survey_id, p.item_id, p.population_id, c.part,
        list(p.option_code ORDER BY p.option_code) AS option_code,
        list(p.probability ORDER BY p.option_code) AS probability,
        list(d.share_unweighted ORDER BY p.option_code) AS counts
    FROM prediction AS p
    JOIN response_distribution AS d USING (survey_id, item_id, population_id, option_code)
    JOIN split_cell AS c ON c.split = 'new-items' AND c.item_id = p.item_id AND c.population_id = p.population_id
    WHERE p.run_id = '{run}' AND c.part IN ('validation', 'test')
    GROUP BY ALL ORDER BY ALL
"""


def simulate_corrections(
    frame: pl.DataFrame, name: str, n: int, n_repeats: int = 6, n_countries: int = 10
) -> dict[str, object]:
    """Return mean scores and the coverage of intervals where n people answer in each of ten countries.

    frame: a run's predictions and human shares (`counts`) of validation and test cells. Strengths start from
    validation, as in `correct`; samples of the test cells are drawn from their shares.
    """
    generator = np.random.default_rng([1, n])
    spread = _spread(frame.filter(part="validation"), n) if frame.filter(part="validation").height else UNKNOWN
    test = frame.filter(part="test")
    figures = []
    for _ in range(n_repeats):
        chosen = generator.choice(test["population_id"].unique().sort().to_numpy(), n_countries, replace=False)
        known = test.filter(pl.col("population_id").is_in(chosen.tolist()))
        truth = _normalised(beside(known, known).counts)
        drawn = draw_answers(truth, n, generator)
        counts = [row[: len(codes)].tolist() for row, codes in zip(drawn, known["option_code"], strict=True)]
        cells = beside(known.with_columns(pl.Series("counts", counts)), known)
        found = posterior_of(cells, spread)
        low, high = found.quantile((1 - LEVEL) / 2), found.quantile((1 + LEVEL) / 2)
        inside = ((low <= truth + 1e-9) & (truth <= high + 1e-9))[cells.is_option]
        given = {"prediction": cells.predicted, "sample": drawn / n, "corrected": found.mean()}
        figures.append(
            {
                **{which: float(1 - js_distance(truth, shares).mean()) for which, shares in given.items()},
                "coverage": float(inside.mean()),
                "respondents gained": float((found.n_equivalent() - n).mean()),
            }
        )
    means = {key: float(np.mean([figure[key] for figure in figures])) for key in figures[0]}
    return {"prediction of": name, "n": n, **means}


def _spread(validation: pl.DataFrame, n: int) -> np.ndarray:
    cells = beside(validation, validation)
    counts = draw_answers(_normalised(cells.counts), max(n, 20), np.random.default_rng(1))
    return spread_of(counts, cells.predicted, cells.is_option, cells.item)


def _normalised(shares: np.ndarray) -> np.ndarray:
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def trust(folder: Path) -> str:
    """Nominal and observed coverage of radii, by kind of cell and topic."""
    project = project_in(folder, "paper", "new-items", "unseen-countries", "unseen-questions")
    custom(project, "new-topic", NEW_TOPIC)
    asked = (
        ("answers-gp", "new-items"),
        ("kernel-smoother", "unseen-countries"),
        ("position-marginal", "unseen-questions"),
        ("position-marginal", "new-topic"),
    )
    tables = [
        project.score(run(project, name, split), table="trust").with_columns(split=pl.lit(split))
        for name, split in asked
    ]
    columns = ("split", "run_id", "kind_of_cell", "dimension", "n_cells", "nominal", "radius", "observed")
    measured = ("without_batteries", "without_regions")
    return markdown(pl.concat(tables, how="diagonal_relaxed").select(*columns, *measured))


def models(folder: Path) -> str:
    """The stand-in on questions that training lacks: as it came and trained, read plainly and as validation has it."""
    split = "unseen-questions"
    project = project_in(folder, split)
    runs = [run(project, name, split, parts=("test",)) for name in ("uniform", "position-marginal")]
    asked: dict[str, Any] = {"split": split, "parts": ("test",), "shares": "unweighted", "model": {"name": "tiny"}}
    runs += [project.predict(name=name, debias=how, **asked).run_id for name, how in UNTRAINED.items()]
    project.finetune(split, name="trained, calibrated", shares="unweighted", optimiser={"epochs": 2})
    project.predict(run="trained, calibrated", parts=("test",))
    raw = project.predict(run="trained, calibrated", parts=("test",), calibrate=False, name="trained")
    return markdown(scores(project, [*runs, raw.run_id, "trained, calibrated"]).select("run_id", "test"))


UNTRAINED = {"untrained": False, "untrained, debiased": True}

# Errors are learnt on a fifth of the batteries of Q1 (trust, security...), and Q2 (religion, ethics) is predicted.
NEW_TOPIC = """
SELECT CASE WHEN s.part = 'validation' THEN 'test' WHEN hash(i.battery_id) % 5 = 0 THEN 'validation' ELSE 'train' END
    AS part, s.survey_id, s.item_id, s.population_id
FROM split_cell AS s JOIN item AS i USING (survey_id, item_id)
WHERE s.split = 'paper' AND s.part IN ('train', 'validation')
"""


SECTIONS = {
    "elsewhere": Section("Asked elsewhere, not here", asked_elsewhere),
    "donors": Section("How many countries have to be asked", donors),
    "groups": Section("A group is missing", groups),
    "pool": Section("Pools", pools),
    "correct": Section("A few real respondents", corrections),
    "models": Section("A model on questions that nobody in training was asked", models),
    "trust": Section("Radii and what they held", trust),
}


def write_section(page: str, heading: str, table: str) -> str:
    """Return the page with a section's tables replaced; the words before its first table stay."""
    start = page.index(f"## {heading}\n")
    end = page.find("\n## ", start)
    section = page[start : end if end >= 0 else len(page)]
    words = re.split(r"^\|", section, maxsplit=1, flags=re.MULTILINE)[0].rstrip()
    return page[:start] + f"{words}\n\n{table}\n" + (page[end:] if end >= 0 else "")


def main() -> None:
    """Print the sections asked for, and write them where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(SECTIONS), action="append")
    parser.add_argument("--write", action="store_true")
    wanted = parser.parse_args()
    for name in wanted.only or SECTIONS:
        section = SECTIONS[name]
        with TemporaryDirectory() as folder:
            table = section.make(Path(folder))
        print(f"## {section.heading}\n\n{table}\n", flush=True)
        if wanted.write:
            place = DOCS if name == "trust" else PAGE
            place.write_text(write_section(place.read_text("utf-8"), section.heading, table), encoding="utf-8")


if __name__ == "__main__":
    main()
