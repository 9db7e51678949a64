"""Survey files in folders, ZIP archives and gzip: which one is read, and within what bounds."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import polars as pl
import pytest
from other_surveys import pew_frame, write_pew, write_xlsx

from surveycli.binary_file import archive as bounds
from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store
from surveycli.survey import ingest_file
from surveycli.survey.several.open import open_survey

CSV = b"country,Q1\nKEN,1\nKEN,2\n"


def packed(path: Path, **members: bytes) -> Path:
    """Write a ZIP archive; `__` in a name stands for a dot."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return path


def refused(path: Path) -> SurveyError:
    with pytest.raises(SurveyError) as stop:
        open_survey([path])
    assert stop.value.code is ExitCode.BAD_INPUT and stop.value.hint
    return stop.value


def test_a_zipped_survey_is_the_survey(store: Store, tmp_path: Path) -> None:
    """One labelled file among a questionnaire and what a system hides in an archive is read as if it lay open."""
    sav = write_pew(tmp_path / "wave.sav", pew_frame(60))
    plain = ingest_file(store, sav)
    with zipfile.ZipFile(tmp_path / "got.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(sav, "data/wave.sav")
        archive.writestr("data/questionnaire.pdf", b"%PDF")
        archive.writestr("__MACOSX/data/._wave.sav", b"\0")
    with pytest.raises(SurveyError, match="is in the store already"):
        ingest_file(store, tmp_path / "got.zip")
    store.run("survey/delete_survey", survey_id=plain.survey_id)
    store.drop_table("respondent", plain.survey_id)
    again = ingest_file(store, tmp_path / "got.zip")
    assert (again.survey_id, again.file_name, again.n_cells) == (plain.survey_id, "wave.sav", plain.n_cells)


def test_a_file_within_an_archive_is_named_by_its_path(tmp_path: Path) -> None:
    """Where there are several, the archive's path with the file's name or its last part behind it chooses one."""
    path = packed(tmp_path / "two.zip", **{"w1/a.csv": CSV, "w2/b.csv": CSV + b"KEN,3\n"})
    for name in ("w2/b.csv", "b.csv"):
        table = open_survey([path / name])
        assert (table.name, table.frame().height) == ("b.csv", 3)
    assert "it has w1/a.csv, w2/b.csv" in refused(path / "c.csv").message


@pytest.mark.parametrize("name", ["s.csv.gz", "s.gz"])
def test_what_gzip_made_is_read_as_what_it_holds(name: str, tmp_path: Path) -> None:
    """Text is read from the compressed file as it stands there, and so are labelled files and workbooks."""
    (tmp_path / name).write_bytes(gzip.compress(CSV))
    assert open_survey([tmp_path / name]).frame().rows() == [("KEN", "1"), ("KEN", "2")]
    book = write_xlsx(tmp_path / "b.xlsx", pl.DataFrame({"country": ["KEN"], "Q1": ["1"]}))
    (tmp_path / "b.xlsx.gz").write_bytes(gzip.compress(book.read_bytes()))
    assert open_survey([tmp_path / "b.xlsx.gz"]).kind == "XLSX"


def test_a_folder_of_one_survey_file_is_that_file(tmp_path: Path) -> None:
    """A folder stands for the survey file in it, and says what it holds where there is none."""
    folder = tmp_path / "survey"
    folder.mkdir()
    (folder / "readme.md").write_text("Tea\n")
    (folder / "q.pdf").write_bytes(b"%PDF")
    assert "found q.pdf, readme.md" in refused(folder).message
    (folder / "tea.csv").write_bytes(CSV)
    assert open_survey([folder]).name == "tea.csv"
    (folder / "tea.sav").write_bytes(b"$FL2")
    assert "several formats: tea.csv, tea.sav" in refused(folder).message


def test_a_folder_of_opinionqa_is_its_responses(tmp_path: Path) -> None:
    """The table of questions beside the responses is read with them, and is no second file of the survey."""
    (tmp_path / "responses.csv").write_bytes(CSV)
    (tmp_path / "info.csv").write_text("key,question\nQ1,Tea?\n")
    assert open_survey([tmp_path]).source.path == tmp_path / "responses.csv"


def test_what_cannot_be_unpacked_is_one_error(tmp_path: Path) -> None:
    """Damage, encryption, rare methods and archives within archives are told apart, with what to do."""
    whole = packed(tmp_path / "s.zip", s__csv=CSV * 1000).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-30])
    assert "cannot be unpacked" in refused(tmp_path / "cut.zip").message
    turned = bytearray(whole)
    turned[60] ^= 0xFF
    (tmp_path / "turned.zip").write_bytes(bytes(turned))
    assert "cannot be unpacked" in refused(tmp_path / "turned.zip").message
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(CSV * 1000)[:-9])
    assert "cannot be unpacked" in refused(tmp_path / "cut.csv.gz").message
    with zipfile.ZipFile(tmp_path / "lzma.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("s.csv", CSV)
    assert "by method 14" in refused(tmp_path / "lzma.zip").message
    locked = whole.replace(b"\x14\0\0\0\x08\0", b"\x14\0\1\0\x08\0")
    (tmp_path / "locked.zip").write_bytes(locked)
    assert "is encrypted" in refused(tmp_path / "locked.zip").message
    (tmp_path / "none.zip").write_bytes(packed(tmp_path / "e.zip", s__csv=b"").read_bytes())
    assert "is empty" in refused(tmp_path / "none.zip").message
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as inner:
        inner.addfile(tarfile.TarInfo("s.csv"))
    (tmp_path / "s.tar.gz").write_bytes(gzip.compress(tar.getvalue()))
    assert "it is a tar archive" in refused(tmp_path / "s.tar.gz").message


def test_a_bomb_is_refused_by_what_it_says_and_by_what_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that unpacks to more than the bound ends there, whether or not it declares its size."""
    monkeypatch.setattr(bounds, "MOST_UNPACKED_BYTES", 1 << 16)
    assert "it unpacks to" in refused(packed(tmp_path / "bomb.zip", s__csv=bytes(1 << 20))).message
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(bytes(1 << 20)))
    assert "it unpacks to" in refused(tmp_path / "bomb.csv.gz").message
    monkeypatch.setattr(bounds, "MOST_MEMBERS", 3)
    assert "4 parts" in refused(packed(tmp_path / "many.zip", **{f"{n}.csv": CSV for n in range(4)})).message
