"""Adding a reader, a programme, a language or an elicitation takes what CONTRIBUTING.md says, and no more.

Predictors, tables, metrics and plots are added in the tests of their own registries.
"""

from __future__ import annotations

import importlib
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from surveycli import bundled
from surveycli.domain import Option, Question, Scale
from surveycli.errors import SurveyError
from surveycli.prediction.elicitation import FOLDER, find_elicitation
from surveycli.predictor import rows_of
from surveycli.prompt import PromptOrder, PromptStyle, load_frame, prompt_languages, render_prompt
from surveycli.store import ad_hoc
from surveycli.survey.population import population
from surveycli.survey.readers import layout
from surveycli.survey.readers.profile import profiles

ROOT = Path(__file__).resolve().parents[2]

READER = """
import polars as pl

from surveycli.domain import Scale
from surveycli.survey.items.codebook import Codebook, ItemSpec, ItemText, SurveyFacts
from surveycli.survey.readers.readout import DistributionFile

LAYOUT = "straw-poll"


def is_straw_poll(table):
    return [column.name for column in table.columns] == ["asked_in", "yes", "no"]


def read_straw_poll(table, options):
    counts = table.frame().rows()
    text = ItemText("en", "Should it be?", ("Yes", "No"))
    item = ItemSpec("poll", 1, "poll", None, Scale.BINARY, (1, 2), (text,))
    rows = [("poll", iso3, code, int(n)) for iso3, *answers in counts for code, n in enumerate(answers, 1)]
    shares = pl.DataFrame(rows, schema=["item_id", "population_id", "option_code", "n_respondents"], orient="row")
    among = pl.col("n_respondents").sum().over("population_id")
    shares = shares.with_columns(
        share=pl.lit(None, dtype=pl.Float64), share_unweighted=pl.col("n_respondents") / among
    )
    return DistributionFile(
        table.source, LAYOUT, "poll", SurveyFacts("A straw poll"), Codebook("poll", (item,)), shares
    )
"""

ELICITATION = """
from surveycli.prediction.elicitation import ModelPredictor
from surveycli.predictor import Need


def _last_first(config):
    return [lambda cell, n_options: [n_options - 1, *range(n_options - 1)]]


PREDICTORS = (
    ModelPredictor(
        name="last-first",
        help="First token, with the last option first.",
        needs=frozenset({Need.MODEL}),
        elicitation="last-first",
        orders=_last_first,
    ),
)
"""


@pytest.fixture
def module_in(tmp_path: Path) -> Iterator[Callable[[str, str, str], Any]]:
    """Put a module into a package, as far as Python can tell; return it."""
    added: list[tuple[Any, str]] = []

    def put(folder: str, name: str, text: str) -> Any:
        package = importlib.import_module(folder)
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        package.__path__.append(str(tmp_path))
        added.append((package, f"{folder}.{name}"))
        return importlib.import_module(f"{folder}.{name}")

    yield put
    for package, name in added:
        package.__path__.remove(str(tmp_path))
        sys.modules.pop(name)
    rows_of.cache_clear()


def test_a_reader_is_one_file_and_its_row(
    module_in: Callable[[str, str, str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_cli: Callable
) -> None:
    """With its file and its row a reader's files are told, ingested and checked, and the list of layouts names it."""
    poll = module_in("surveycli.survey.readers", "straw_poll", READER)
    row = layout.Layout(
        poll.LAYOUT,
        "a straw poll: asked_in, yes, no",
        lambda table, _: poll.is_straw_poll(table),
        poll.read_straw_poll,
        takes=frozenset(),
    )
    monkeypatch.setattr(layout, "LAYOUTS", (row, *layout.LAYOUTS))
    file, store = tmp_path / "poll.csv", tmp_path / "s.duckdb"
    file.write_text("asked_in,yes,no\nKEN,30,10\nJPN,5,15\n")
    ingested = run_cli("ingest", file, "--store", store)
    assert ingested.code == 0, ingested.err
    assert "straw-poll" in ingested.out
    query = "select population_id, share_unweighted from response_distribution where option_code = 1 order by all"
    assert ad_hoc(store, query).rows() == [("JPN", 0.25), ("KEN", 0.75)]
    assert run_cli("check", "--store", store).code == 0
    assert "straw-poll" in run_cli("ingest", file, "--layout", "tea-leaves", "--store", store).err


@pytest.fixture
def resources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package's resources, a copy to add to."""
    folder = tmp_path / "package" / "resources"
    shutil.copytree(ROOT / "surveycli" / "resources", folder, ignore=shutil.ignore_patterns("*.parquet", "report"))
    monkeypatch.setattr(bundled, "resources", SimpleNamespace(files=lambda _: folder.parent))
    yield folder
    monkeypatch.undo()
    for cached in (load_frame, population._phrases, profiles):
        cached.cache_clear()


def test_a_programme_is_its_profile_alone(resources: Path, tmp_path: Path, run_cli: Callable) -> None:
    """With a profile among the package's, a programme's files are told by their columns and read as it says."""
    profile = "programme: tea\ntitle: Tea Survey\nall_of: [tea_id]\ncountry: [land]\nweight: [teaweight]\n"
    (resources / "profiles" / "tea.yaml").write_text(profile, encoding="utf-8")
    profiles.cache_clear()
    file = tmp_path / "tea.csv"
    rows = [f"{i},KEN,{1 + i % 2},{['Hot', 'Cold', 'None at all'][i % 3]}" for i in range(30)]
    file.write_text("\n".join(["tea_id,land,teaweight,liking", *rows]) + "\n")
    shown = run_cli("ingest", file, "--items", "liking", "--dry-run", "--store", tmp_path / "s.duckdb")
    assert shown.code == 0, shown.err
    assert "Tea Survey" in shown.out
    assert "teaweight" in shown.out


def test_a_language_is_its_texts_alone(resources: Path) -> None:
    """A prompt frame and phrases in a new language are all it takes to write populations and prompts in it."""
    frame = (resources / "prompts" / "en.yaml").read_text(encoding="utf-8")
    (resources / "prompts" / "eo.yaml").write_text(frame.replace("\nlanguage: en\n", "\nlanguage: eo\n"))
    for name in ("phrases.yaml", "group_phrases.yaml"):
        text = (resources / name).read_text(encoding="utf-8")
        english = re.search(r"^en:\n(?:(?: .*)?\n)+", text, re.MULTILINE)
        assert english is not None
        (resources / name).write_text(f"{text.rstrip()}\n{english[0].replace('en:', 'eo:', 1)}", encoding="utf-8")
    population._phrases.cache_clear()
    assert "eo" in prompt_languages()
    assert "eo" in population.phrase_languages()
    (women,) = population.describe_population(population.PopulationSpec("JPN", (("sex", "female"),)), ["eo"])
    assert "Japanujo" in women.description
    asked = Question("s", "q", "eo", "Ĉu jes?", (Option(1, "jes"), Option(2, "ne")), Scale.BINARY)
    assert women.description in render_prompt(asked, women, PromptStyle(PromptOrder.ITEM_FIRST)).text
    with pytest.raises(SurveyError, match=r"the package has .*\beo\b"):
        load_frame("tlh")


def test_an_elicitation_is_one_file(module_in: Callable[[str, str, str], Any], run_cli: Callable) -> None:
    """With nothing but its file a new way of asking a model has its call, its help and its orders."""
    module_in(FOLDER, "last_first", ELICITATION)
    rows_of.cache_clear()
    shown = " ".join(run_cli("predict", "--help").out.split())
    assert "predict -p last-first --model MODEL --split SPLIT First token, with the last option first." in shown
    assert "last-first" in run_cli("predictors", "--format", "json").out
    refused = run_cli("predict", "-p", "last-first", "--run", "r")
    assert refused.code == 2
    (order,) = find_elicitation("last-first").orders(None)  # type: ignore[arg-type]
    assert order is not None
    assert order(None, 3) == [2, 0, 1]  # type: ignore[arg-type]


def test_the_list_of_where_to_add_names_places_that_there_are() -> None:
    """Each file and folder in the table of CONTRIBUTING.md is there."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("## Where to add")[2].partition("## ")[0]
    named = [name for name in re.findall(r"`([^`]+)`", table) if "/" in name]
    assert len(named) >= 10
    assert [name for name in named if not (ROOT / name).exists()] == []
