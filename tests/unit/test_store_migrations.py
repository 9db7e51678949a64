"""How a store comes to this version's schema, and what is refused."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from old_store import make_old_store

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import open_store
from surveycli.store.sql_files import migrations


def schema_of(path: Path) -> list[tuple[object, ...]]:
    """Return every column of every table and view."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
        ).fetchall()


def test_a_new_store_has_every_step(tmp_path: Path) -> None:
    """A store made from nothing records every schema step with the hash of its text."""
    with open_store(tmp_path / "new.duckdb", create=True) as store:
        rows = store.rows("store/list_migrations")
    assert [(row["number"], row["sha256"]) for row in rows] == [(step.number, step.sha256) for step in migrations()]


def test_the_oldest_store_becomes_the_newest(tmp_path: Path) -> None:
    """A store with the first step alone has, once opened for writing, the schema of a new one, and keeps its rows."""
    make_old_store(tmp_path / "old.duckdb")
    with duckdb.connect(str(tmp_path / "old.duckdb")) as connection:
        connection.execute("INSERT INTO survey (survey_id, title) VALUES ('s', 'A survey')")
    with open_store(tmp_path / "old.duckdb", write=True) as store:
        assert [row["survey_id"] for row in store.rows("split/list_surveys")] == ["s"]
    with open_store(tmp_path / "new.duckdb", create=True):
        pass
    assert schema_of(tmp_path / "old.duckdb") == schema_of(tmp_path / "new.duckdb")


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    """A store that is up to date is not migrated again."""
    path = tmp_path / "s.duckdb"
    with open_store(path, create=True) as store:
        first = store.frame("store/list_migrations")
    with open_store(path, write=True) as store:
        assert store.frame("store/list_migrations").equals(first)


def test_an_old_store_is_not_changed_by_reading(tmp_path: Path) -> None:
    """Reading an older store is refused with exit 5, says how to migrate it, and leaves it as it was."""
    path = tmp_path / "old.duckdb"
    make_old_store(path)
    before = schema_of(path)
    with pytest.raises(SurveyError) as caught:
        open_store(path)
    assert caught.value.code == ExitCode.CONFLICT
    assert "surveycli check --migrate" in caught.value.hint
    assert schema_of(path) == before


@pytest.mark.parametrize("write", [False, True])
def test_a_newer_store_is_refused(tmp_path: Path, write: bool) -> None:
    """A store with a schema step that this version does not know is refused with exit 5, also for writing."""
    path = tmp_path / "s.duckdb"
    with open_store(path, create=True) as store:
        store.run("store/record_migration", number=999, name="later", sha256="0" * 64, applied_at=datetime(2030, 1, 1))
    with pytest.raises(SurveyError, match="schema 999") as caught:
        open_store(path, write=write)
    assert caught.value.code == ExitCode.CONFLICT


def test_a_step_with_another_text_is_refused(tmp_path: Path) -> None:
    """A store whose recorded step has another hash than ours is refused with exit 5 rather than used half-right."""
    path = tmp_path / "s.duckdb"
    with open_store(path, create=True):
        pass
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE schema_migration SET sha256 = 'other' WHERE number = 1")
    with pytest.raises(SurveyError, match="Schema step 1") as caught:
        open_store(path)
    assert caught.value.code == ExitCode.CONFLICT


def test_a_text_file_is_no_store(tmp_path: Path) -> None:
    """A file that DuckDB cannot read is refused with exit 3 and not touched."""
    path = tmp_path / "survey.csv"
    path.write_text("Q1,Q2\n1,2\n" * 1000)
    with pytest.raises(SurveyError, match="not a DuckDB file") as caught:
        open_store(path, write=True)
    assert caught.value.code == ExitCode.BAD_INPUT
    assert path.read_text() == "Q1,Q2\n1,2\n" * 1000


def test_somebody_elses_duckdb_file_is_no_store(tmp_path: Path) -> None:
    """A DuckDB file with other tables is refused with exit 3 and gets none of ours."""
    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE sales (amount INTEGER)")
    before = schema_of(path)
    for write in (False, True):
        with pytest.raises(SurveyError, match="not a surveycli store") as caught:
            open_store(path, write=write)
        assert caught.value.code == ExitCode.BAD_INPUT
    assert schema_of(path) == before


@pytest.mark.parametrize("write", [False, True])
def test_no_store_is_made_by_accident(tmp_path: Path, write: bool) -> None:
    """Opening a store that is not there is refused with exit 4 and makes no file, unless it is to be created."""
    with pytest.raises(SurveyError) as caught:
        open_store(tmp_path / "absent.duckdb", write=write)
    assert caught.value.code == ExitCode.NOT_FOUND
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    """Naming a folder is refused with exit 3."""
    with pytest.raises(SurveyError) as caught:
        open_store(tmp_path, write=True)
    assert caught.value.code == ExitCode.BAD_INPUT


def test_missing_answers_counted_before_get_their_share(tmp_path: Path) -> None:
    """A store of before has counts without shares: 3 refusals among 12 answers become a quarter."""
    path = tmp_path / "old.duckdb"
    make_old_store(path, up_to=3)
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO cell VALUES ('s', 'Q', 'KEN', 9, 9)")
        connection.execute("INSERT INTO missing_count VALUES ('s', 'Q', 'KEN', 'refused', 3, NULL)")
        connection.execute("INSERT INTO missing_count VALUES ('g', 'Q', 'KEN', 'refused', NULL, 0.1)")
    with open_store(path, write=True) as store:
        assert store.query("SELECT share FROM missing_count ORDER BY survey_id").rows() == [(0.1,), (0.25,)]


def test_scores_of_before_keep_their_skill(tmp_path: Path) -> None:
    """Scores made before metrics were rows have what skill over cells is a ratio of."""
    path = tmp_path / "old.duckdb"
    make_old_store(path, up_to=3)
    with duckdb.connect(str(path)) as connection:
        run = "VALUES ('r', 'predictor', 'p', 'weighted', 1, '{}', '{}', 'finished', '2026-01-01')"
        columns = "run_id, kind, predictor, shares, seed, configuration, versions, status, started_at"
        connection.execute(f"INSERT INTO run ({columns}) {run}")
        for item, variation, skill in (("A", 0.1, 0.5), ("B", 0.3, None)):
            values = ("r", "s", item, "KEN", "", 0.1, 0.1**0.5, 0.2, variation, None, 1.0, skill, 0.6, 0.1)
            connection.execute(f"INSERT INTO score VALUES ({', '.join('?' * len(values))})", values)
    with open_store(path, write=True) as store:
        found = store.query("SELECT skill_vs_uniform, simbench_s FROM score_by_part").row(0)
    assert found == pytest.approx((1 - 0.4 / 0.2, 100 * (1 - 0.4 / 0.2)))
