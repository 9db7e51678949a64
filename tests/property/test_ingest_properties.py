"""What must not change the distributions, and bytes that must not break the reader."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wvs_like import make_wvs_like

from surveycli.errors import SurveyError
from surveycli.store import open_store
from surveycli.survey import IngestOptions, ingest_file
from surveycli.survey.files.source import open_source
from surveycli.survey.items.codebook import ItemSpec
from surveycli.survey.readers.layout import read_file
from surveycli.survey.readers.readout import RespondentFile
from surveycli.survey.tally import Tally

FEW = settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MANY = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """Four invented respondents in each of 66 countries."""
    return make_wvs_like("v6", 264, 5)


def distributions(frame: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """Return the distributions of a file with these rows and columns, sorted."""
    path, store_path = folder / "w.csv", folder / "s.duckdb"
    store_path.unlink(missing_ok=True)
    frame.write_csv(path)
    with open_store(store_path, create=True) as store:
        ingest_file(store, path, IngestOptions())
        return store.query("SELECT * FROM response_distribution ORDER BY ALL")


def assert_same(left: pl.DataFrame, right: pl.DataFrame) -> None:
    """Check equal keys and counts, and shares to 1e-12."""
    keys = ["item_id", "population_id", "option_code", "n_respondents", "share_unweighted"]
    assert left.select(keys).equals(right.select(keys))
    assert (left["share"] - right["share"]).abs().max() < 1e-12


@FEW
@given(seed=st.integers(0, 2**32 - 1), factor=st.floats(0.01, 100.0))
def test_row_order_column_order_and_weight_scale_change_nothing(
    seed: int, factor: float, frame: pl.DataFrame, tmp_path: Path
) -> None:
    """Shuffled rows, shuffled columns and weights times a constant give the same distributions."""
    columns = random.Random(seed).sample(frame.columns, frame.width)
    changed = (
        frame.sample(fraction=1.0, shuffle=True, seed=seed).with_columns(pl.col("W_WEIGHT") * factor).select(columns)
    )
    assert_same(distributions(frame, tmp_path), distributions(changed, tmp_path))


@FEW
@given(upper=st.sets(st.sampled_from(["Q1", "W_WEIGHT", "B_COUNTRY", "Q57", "version"])))
def test_the_case_of_column_names_changes_nothing(upper: set[str], frame: pl.DataFrame, tmp_path: Path) -> None:
    """Columns are bound by name without regard to case."""
    renamed = frame.rename({name: name.swapcase() for name in upper})
    assert_same(distributions(frame, tmp_path), distributions(renamed, tmp_path))


def _drain(path: Path) -> None:
    """Read a file to its end, as an ingest does before it writes."""
    file = read_file(open_source(path), IngestOptions())
    if isinstance(file, RespondentFile):
        for _ in file.batches():
            pass


@MANY
@given(data=st.data())
def test_damaged_files_raise_nothing_but_survey_errors(
    data: st.DataObject, frame: pl.DataFrame, tmp_path: Path
) -> None:
    """A file cut anywhere, with bytes replaced, inserted or lines shuffled, is read or refused, never a traceback."""
    content = bytearray(frame.head(8).write_csv().encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        how = data.draw(st.sampled_from(["cut", "replace", "insert", "swap"]))
        noise = data.draw(
            st.binary(max_size=12) | st.sampled_from([b'"', b"\n", b",,", b"\r", b"\xff\xfe", b"-", b"1e400", b"NaN"])
        )
        if how == "cut":
            del content[place:]
        elif how == "replace":
            content[place : place + len(noise)] = noise
        elif how == "insert":
            content[place:place] = noise
        else:
            content = bytearray(content[place:] + content[:place])
    path = tmp_path / "damaged.csv"
    path.write_bytes(bytes(content))
    try:
        _drain(path)
    except SurveyError as error:
        assert error.message and error.hint


@MANY
@given(
    content=st.binary(max_size=400)
    | st.text(max_size=400).map(str.encode)
    | st.binary(max_size=80).map(b"PAR1".__add__)
)
def test_arbitrary_bytes_raise_nothing_but_survey_errors(content: bytes, tmp_path: Path) -> None:
    """No content whatever leads to another exception."""
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    with pytest.raises(SurveyError):
        _drain(path)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.integers(-5, 4), st.floats(0, 50)), min_size=1, max_size=60),
    st.integers(1, 59),
)
def test_counting_in_batches_is_counting_at_once(rows: list[tuple[str, int, float]], cut: int) -> None:
    """Splitting respondents into batches changes no count, and every answer is counted exactly once."""
    from surveycli.domain import Scale

    item = ItemSpec("Q", 0, "b", None, Scale.ORDINAL, (1, 2, 3), ())
    missing = {-1: "dont_know", -2: "no_answer"}
    frame = pl.DataFrame(rows, schema={"p": pl.String, "Q": pl.Int16, "w": pl.Float64}, orient="row")
    whole, parts = Tally([item], missing, weighted=True), Tally([item], missing, weighted=True)
    whole.add(frame, frame["p"], frame["w"])
    for part in (frame[:cut], frame[cut:]):
        parts.add(part, part["p"], part["w"])
    counts = whole.counts()
    at_once, in_parts = counts.aggregates, parts.counts().aggregates
    assert (
        at_once.shares.drop("share")
        .sort("population_id", "option_code")
        .equals(in_parts.shares.drop("share").sort("population_id", "option_code"))
    )
    counted = at_once.shares["n_respondents"].sum() + at_once.missing["n_respondents"].sum()
    assert counted + sum(skip.n_skipped for skip in counts.no_answers if "codebook" in skip.reason) == len(rows)
    sums = at_once.shares.group_by("population_id").agg(pl.col("share").sum(), pl.col("share_unweighted").sum())
    assert all(abs(row["share_unweighted"] - 1) < 1e-12 for row in sums.iter_rows(named=True))
    assert (at_once.cells["n_effective"] <= at_once.cells["n_respondents"] * (1 + 1e-9)).fill_null(True).all()
