"""Damaged files of every layout: a clear error or a sound survey, never a traceback, never half a survey."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from other_surveys import pew_frame, write_goqa, write_pew, write_xlsx
from wvs_like import make_wvs_like

from surveycli.errors import SurveyError
from surveycli.store import Store, open_store
from surveycli.survey import IngestOptions, ingest_file
from surveycli.survey.items.user_codebook import read_user_codebook
from surveycli.survey.readers.layout import LAYOUTS

MANY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SOME = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FEW = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
GOQA_ROWS = [
    ("Tea?", {"Kenya": [0.6, 0.2, 0.2], "Japan": [0.5, 0.25, 0.25]}, ["Yes", "No", "DK"], "GAS"),
    ("Milk?", {"Kenya": [0.1, 0.2, 0.7]}, [1.0, 2.0, 3.0], "WVS"),
]
KINDS = ("goqa.csv", "pew.sav", "pew.zsav", "wvs.txt", "wvs.dta", "wvs.xlsx", "wvs.parquet", "wave6.txt")
IN_A_PROCESS = ("pew.sav", "pew.zsav", "wvs.dta", "wvs.xlsx", "wvs.parquet")
NOISE = st.binary(max_size=12) | st.sampled_from(
    [
        b'"',
        b"\n",
        b";;",
        b"\r",
        b"\xff\xfe",
        b"\0",
        b"-1",
        b"1e400",
        b"NaN",
        b"[[[[",
        b"{'Kenya': [1]}",
        b"(",
        b"'",
        b"\xa0",
    ]
)

LAYOUT = st.sampled_from([None, None, None, *(layout.name for layout in LAYOUTS)])


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A sound file of each kind."""
    folder = tmp_path_factory.mktemp("good")
    world = make_wvs_like("v6", 66, 4)
    few = world.select("A_WAVE", "B_COUNTRY", "W_WEIGHT", *[f"Q{number}" for number in range(1, 9)], "Q260")
    old = world.select(V1=pl.lit(6), V2="B_COUNTRY", V4="Q1", V5="Q2", V6="Q3", V7="Q48", V8="Q57", V258="W_WEIGHT")
    write_goqa(folder / "goqa.csv", GOQA_ROWS)
    write_pew(folder / "pew.sav", pew_frame(40))
    frame, metadata = pyreadstat.read_sav(str(folder / "pew.sav"), output_format="polars")
    labels = metadata.variable_value_labels
    pyreadstat.write_sav(frame, str(folder / "pew.zsav"), compress=True, variable_value_labels=labels)
    few.write_csv(folder / "wvs.txt", separator=";")
    pyreadstat.write_dta(few, str(folder / "wvs.dta"))
    write_xlsx(folder / "wvs.xlsx", few)
    few.write_parquet(folder / "wvs.parquet")
    old.write_csv(folder / "wave6.txt", separator=";")
    return {kind: (folder / kind).read_bytes() for kind in KINDS}


@pytest.fixture(scope="module")
def module_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store for all examples of this module."""
    with open_store(tmp_path_factory.mktemp("fuzz") / "s.duckdb", create=True) as opened:
        yield opened


def rows_of(store: Store) -> list[tuple[object, ...]]:
    """Return how many rows each table has."""
    tables = (
        "survey",
        "source_file",
        "item",
        "item_text",
        "response_distribution",
        "cell",
        "missing_count",
        "population",
    )
    text = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables) + " ORDER BY 1"
    respondents = "SELECT table_name, column_count FROM duckdb_tables() WHERE schema_name = 'respondent' ORDER BY 1"
    return store.query(text).rows() + store.query(respondents).rows()


def ingest_or_refuse(store: Store, path: Path, options: IngestOptions) -> None:
    """Ingest a file; where it is refused, check that the error speaks and the store is what it was."""
    before = rows_of(store)
    try:
        ingest_file(store, path, options)
    except SurveyError as error:
        assert error.message and error.hint
        assert rows_of(store) == before


# Where (how far into the beginning, or into the whole), how, and with what: drawn before anything of the file is known.
Damage = tuple[bool, float, str, bytes]
DAMAGES = st.lists(
    st.tuples(st.booleans(), st.floats(0, 1), st.sampled_from(["cut", "replace", "insert", "swap"]), NOISE),
    min_size=1,
    max_size=3,
)


def damaged(content: bytes, damages: list[Damage]) -> bytes:
    """Return the content cut, overwritten, with noise inserted, or with its two parts swapped, one to three times."""
    changed = bytearray(content)
    for near_start, share, how, noise in damages:
        # Headers and labels stand at the beginning: half of the damage goes there.
        place = round(share * (min(len(changed), 3000) if near_start else len(changed)))
        if how == "cut":
            del changed[place:]
        elif how == "replace":
            changed[place : place + len(noise)] = noise
        elif how == "insert":
            changed[place:place] = noise
        else:
            changed = bytearray(changed[place:] + changed[:place])
    return bytes(changed)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in IN_A_PROCESS])
@MANY
@given(damages=DAMAGES, layout=LAYOUT)
def test_a_damaged_file_is_read_or_refused(
    kind: str,
    damages: list[Damage],
    layout: str | None,
    good: dict[str, bytes],
    module_store: Store,
    tmp_path: Path,
) -> None:
    """Whatever happens to its bytes, a file gives a SurveyError and an unchanged store, or a survey."""
    read_or_refused(tmp_path / kind, damaged(good[kind], damages), layout, module_store)


@pytest.mark.parametrize("kind", IN_A_PROCESS)
@SOME
@given(damages=DAMAGES, layout=LAYOUT)
def test_a_damaged_labelled_file_is_read_or_refused(
    kind: str,
    damages: list[Damage],
    layout: str | None,
    good: dict[str, bytes],
    module_store: Store,
    tmp_path: Path,
) -> None:
    """The same of binary files, on some of which the libraries that read them crash."""
    read_or_refused(tmp_path / kind, damaged(good[kind], damages), layout, module_store)


def read_or_refused(path: Path, content: bytes, layout: str | None, store: Store) -> None:
    """Ingest a damaged file, by the layout that it looks like or by any other."""
    path.write_bytes(content)
    ingest_or_refuse(store, path, IngestOptions(layout=layout, replace=True))


MAGIC = (b"", b"PK\x03\x04", b"PAR1", b"$FL2@(#) ", b"$FL3@(#) ", b"<stata_dta><header>", b"q\x02\x01\x00")


@pytest.mark.parametrize("magic", MAGIC)
@SOME
@given(content=st.binary(max_size=600) | st.text(max_size=300).map(str.encode))
def test_arbitrary_bytes_are_refused(magic: bytes, content: bytes, module_store: Store, tmp_path: Path) -> None:
    """No content behind any file's first bytes leads to another exception, and nothing reaches the store."""
    path = tmp_path / "any"
    path.write_bytes(magic + content)
    before = rows_of(module_store)
    with pytest.raises(SurveyError):
        ingest_file(module_store, path)
    assert rows_of(module_store) == before


@pytest.mark.parametrize("suffix", ["yaml", "csv"])
@MANY
@given(damages=DAMAGES)
def test_a_damaged_codebook_is_read_or_refused(suffix: str, damages: list[Damage], tmp_path: Path) -> None:
    """A codebook with any damage is one SurveyError or a codebook whose items have options and labels."""
    sound = {
        "yaml": 'scales:\n  s: {kind: ordinal, options: {1: "A", 2: "B"}, missing: {8: dont_know}}\n'
        'batteries:\n  b: {scale: s, stem: "x {}", items: {Q1: tea, Q2: milk}}\n',
        "csv": "item_id,wording,option_code,label,scale,missing_status\n"
        "Q1,Tea,1,A,nominal,\nQ1,,2,B,,\nQ1,,8,,,refused\n",
    }
    path = tmp_path / f"book.{suffix}"
    path.write_bytes(damaged(sound[suffix].encode(), damages))
    try:
        book = read_user_codebook(path)
    except SurveyError as error:
        assert error.message and error.hint
        return
    assert book.codebook.items
    for item in book.codebook:
        assert len(item.codes) == len(item.texts[0].labels) >= 2
        assert item.texts[0].wording


@FEW
@given(seed=st.integers(0, 2**32 - 1), factor=st.floats(0.01, 100))
def test_row_order_and_weight_scale_change_nothing(
    seed: int, factor: float, module_store: Store, tmp_path: Path
) -> None:
    """Shuffled respondents and weights times a constant give the same distributions of a Pew file."""
    frame = pew_frame(60, seed=3)
    changed = frame.sample(fraction=1.0, shuffle=True, seed=seed).with_columns(pl.col("weight") * factor)
    found = []
    for name, rows in (("one", frame), ("other", changed)):
        ingest_file(module_store, write_pew(tmp_path / "p.sav", rows), IngestOptions(survey_id=name, replace=True))
        text = f"SELECT * EXCLUDE survey_id FROM response_distribution WHERE survey_id = '{name}' ORDER BY 1, 2, 3"
        found.append(module_store.query(text))
    assert found[0].drop("share").equals(found[1].drop("share"))
    assert (found[0]["share"] - found[1]["share"]).abs().max() < 1e-9
