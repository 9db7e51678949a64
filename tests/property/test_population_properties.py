"""What must hold of populations by any column, whatever the file writes."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveycli.store import open_store
from surveycli.survey import Band, IngestOptions, ingest_file
from surveycli.survey.files.table import FileColumn
from surveycli.survey.population.group_column import GroupColumn
from surveycli.survey.population.population import PopulationSpec, describe_population, parse_population_id

FEW = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = st.text(min_size=1, max_size=20).filter(lambda text: text.strip() != "")
NAMES = TEXTS.map(str.lower).filter(lambda name: name == name.lower())


@given(st.dictionaries(NAMES, TEXTS, max_size=3))
def test_an_id_of_any_texts_can_be_read_back(groups: dict[str, str]) -> None:
    """Names and values of any characters stand in an id of one line, and come out of it as they were."""
    spec = PopulationSpec("KEN", tuple(groups.items()))
    assert parse_population_id(spec.population_id) == spec
    assert spec.population_id.count("|") == spec.population_id.count("=") == len(groups)
    assert "\n" not in spec.population_id


@given(st.text(max_size=40).map("KEN".__add__))
def test_what_is_read_as_an_id_is_that_id(text: str) -> None:
    """No population has two ids: a text that is read as one is written the same way again."""
    spec = parse_population_id(text)
    assert spec is None or spec.population_id == text


@given(st.dictionaries(NAMES, TEXTS, min_size=1, max_size=3))
def test_every_population_has_a_description(groups: dict[str, str]) -> None:
    """Whatever the groups, each language with phrases has a sentence with the country in it."""
    english, chinese = describe_population(PopulationSpec("KEN", tuple(groups.items())))
    assert "Kenya" in english.description
    assert "肯尼亚" in chinese.description


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=10)))
def test_any_cell_has_a_value_or_none(cell: float | str) -> None:
    """No cell whatever makes a value that could not stand in an id, and none in a band does outside it."""
    plain = GroupColumn("x", "x", source=FileColumn("x", value_labels={1: "One"}))
    banded = GroupColumn("x", "x", source=FileColumn("x"), bands=(Band(0, 10),))
    assert plain.value(cell) != ""
    assert banded.value(cell) in (None, "0-10")


FRAME = pl.DataFrame(
    {
        "country": ["KEN", "JPN"] * 60,
        "weight": [0.3 + number % 7 for number in range(120)],
        "Q1": [number % 3 + 1 for number in range(120)],
        "Q2": [number % 5 + 1 for number in range(120)],
        "town": [f"Town {number % 4}" for number in range(120)],
        "income": [number % 50 - 1 for number in range(120)],
    }
)


def distributions(frame: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """Return the distributions of a file with these rows and columns, sorted."""
    path, store_path = folder / "w.csv", folder / "s.duckdb"
    store_path.unlink(missing_ok=True)
    frame.write_csv(path)
    options = IngestOptions(
        by=(("country", "q1"), ("country", "town", "income")),
        bands=(("q1", (Band(1, 2), Band(3, None))), ("income", (Band(0, 20), Band(21, None)))),
        country_column="country",
        items=("Q1", "Q2"),
    )
    with open_store(store_path, create=True) as store:
        ingest_file(store, path, options)
        return store.query("SELECT * FROM response_distribution ORDER BY ALL")


@FEW
@given(seed=st.integers(0, 2**32 - 1), factor=st.floats(0.01, 100.0))
def test_row_order_column_order_and_weight_scale_change_no_population(seed: int, factor: float, tmp_path: Path) -> None:
    """Shuffled rows, shuffled columns and weights times a constant give the same distributions of the same groups."""
    columns = random.Random(seed).sample(FRAME.columns, FRAME.width)
    shuffled = FRAME.sample(fraction=1.0, shuffle=True, seed=seed).with_columns(pl.col("weight") * factor)
    left, right = distributions(FRAME, tmp_path), distributions(shuffled.select(columns), tmp_path)
    keys = ["item_id", "population_id", "option_code", "n_respondents", "share_unweighted"]
    assert left.height > 20
    assert left.select(keys).equals(right.select(keys))
    assert (left["share"] - right["share"]).abs().max() < 1e-12
