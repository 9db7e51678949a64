"""The Python interface: a project is a store, and its methods are the commands, with the same requests behind them.

    import surveycli as sc

    project = sc.open("survey.duckdb")
    project.ingest()
    project.split("unseen-countries")
    run = project.predict("kernel-smoother", split="unseen-countries")
    project.score(run.run_id)

Tables are Polars frames, results frozen values, figures Altair charts. The file is open only during a call, so that
other programs can use it between two calls. Whatever a command refuses raises SurveyError here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surveycli.progress import Progress, silent

if TYPE_CHECKING:
    import polars as pl

    from surveycli.correction.correct import Corrected
    from surveycli.exchange.import_predictions import ImportReport
    from surveycli.predictors import PredictReport
    from surveycli.report.charts import Chart
    from surveycli.request.split import SplitReport
    from surveycli.run_folder import TrainingOutcome
    from surveycli.survey import IngestReport
    from surveycli.survey.browse import ItemView


# Fields of a table's request that the options of `score` have other names for.
_OPTION_OF = {"metrics": "metric", "languages": "language"}


@dataclass(frozen=True, slots=True)
class FinetuneReport:
    """A fine-tuning: the run's name, its folder, and how it ended (None where it was only prepared)."""

    run_id: str
    folder: Path
    outcome: TrainingOutcome | None


@dataclass(frozen=True, slots=True)
class Project:
    """A store of surveys, splits, runs, predictions and scores.

    `progress` is told how far long work is, for instance `surveycli.notebook_progress`.
    """

    path: Path
    progress: Progress = silent

    def ingest(self, file: str | Path | None = None, **options: Any) -> IngestReport:
        """Read a survey file into the store; without a file the WVS-7 distributions that come with the package.

        `options` are the fields of `surveycli.survey.IngestOptions`; `by` may be texts such as "country,sex".
        """
        from surveycli.store import open_store
        from surveycli.survey import IngestOptions, ingest_bundled, ingest_file, parse_bands, parse_groupings

        if "by" in options:
            options["by"] = parse_groupings([options["by"]] if isinstance(options["by"], str) else options["by"])
        if "bands" in options:
            options["bands"] = parse_bands(options["bands"])
        with open_store(self.path, create=True) as store:
            if file is None:
                return ingest_bundled(store, self.progress, **_known(options, {"replace"}, "the bundled survey"))
            return ingest_file(store, Path(file), _filled(IngestOptions, options), self.progress)

    def split(self, recipe: str, **options: Any) -> SplitReport:
        """Make a named split of cells into parts; `options` are the fields of SplitOptions."""
        from surveycli.request.split import Recipe, SplitOptions
        from surveycli.split import make_split
        from surveycli.store import open_store

        with open_store(self.path, write=True) as store:
            return make_split(store, Recipe(_one_of(recipe, Recipe, "recipe")), _filled(SplitOptions, options))

    def finetune(
        self, split: str, *, preset: str = "", name: str | None = None, prepare_only: bool = False, **choices: Any
    ) -> FinetuneReport:
        """Fine-tune a language model on a split's training part.

        `choices` are fields of FinetuneConfig, those of a part as a mapping: model={"name": "tiny"},
        optimiser={"epochs": 1}.
        """
        from surveycli.request.model_run import FinetuneRequest
        from surveycli.training.configure import configure_finetuning
        from surveycli.training.run_finetuning import finetune, prepare_run

        config = configure_finetuning(FinetuneRequest(preset, {"split": split, **choices}))
        run = prepare_run(self.path, config, name, elsewhere=prepare_only)
        outcome = None if prepare_only else finetune(self.path, run, self.progress)
        return FinetuneReport(run.run_id, run.folder.path, outcome)

    def predict(
        self,
        predictor: str = "",
        *,
        run: str | None = None,
        preset: str = "",
        name: str | None = None,
        settings: Mapping[str, Any] | None = None,
        replaces: bool = False,
        **choices: Any,
    ) -> PredictReport:
        """Predict the cells of a split by a predictor, or more cells with `run`.

        What a run has stays, unless it `replaces` that. `choices` are fields of PredictConfig such as split, parts,
        shares, seed; `settings` the predictor's own.
        """
        from surveycli.predictors import predict
        from surveycli.request.model_run import PredictRequest

        request = PredictRequest(predictor, run, preset, choices, settings or {}, name, replaces)
        return predict(self.path, request, self.progress)

    def score(self, *runs: str, table: str = "table", **options: Any) -> pl.DataFrame:
        """Score runs (all finished ones if none is named) and return a table of `surveycli score`.

        `options` are the fields of the table's request, such as by="dimension" or metrics=("kl_nats",).
        """
        from surveycli.score import score_run
        from surveycli.score.table import TableRequest, all_tables, check_request, check_taken
        from surveycli.store import open_store

        row = all_tables()[_one_of(table, all_tables(), "table")]
        asked = _filled(TableRequest, {"all_runs": not runs, **options})
        check_taken(row, (_OPTION_OF.get(name, name) for name in options))
        check_request(row, asked, len(runs))
        with open_store(self.path, write=True) as store:
            names = runs or tuple(found["run_id"] for found in store.rows("score/list_runs"))
            return row.make(store, replace(asked, reports=tuple(score_run(store, name) for name in names)))

    def correct(self, sample: str | Path, run: str | None = None, **options: Any) -> Corrected:
        """Correct a run's predictions with the answers of a few people; `options` are fields of CorrectRequest."""
        from surveycli.correction.correct import correct_run
        from surveycli.correction.powered import correct_people
        from surveycli.request.correct import CorrectRequest
        from surveycli.store import open_store

        request = _filled(CorrectRequest, {"sample": Path(sample), "run": run, **options})
        with open_store(self.path, write=True) as store:
            return correct_people(store, request) if run is None else correct_run(store, request)

    def simulate(
        self, question: str | Path, options: Sequence[str] = (), *, language: str = "en", **asked: Any
    ) -> pl.DataFrame:
        """Predict the answers to a new question, or to those of a file (a Path), and return them as rows.

        `asked` are fields of SimulateRequest: populations=("KEN",), runs=("finetune-1",), best=True.
        """
        from surveycli.request.simulate import SimulateRequest
        from surveycli.simulation.questions import one_question, read_questions
        from surveycli.simulation.simulate import simulate
        from surveycli.store import open_store

        if isinstance(question, Path):
            questions = read_questions(question, language)
        else:
            questions = (one_question(question, options, language),)
        request = replace(SimulateRequest(questions), **asked)
        name = simulate(self.path, request, self.progress).name
        with open_store(self.path) as store:
            return store.frame("simulation/list_answers", run_id=name)

    def sql(self, query: str, *, seconds: float = 60.0) -> pl.DataFrame:
        """Return what a query that only reads gives; the last statement's rows where there are several."""
        from surveycli.store import Limits, ad_hoc

        return ad_hoc(self.path, query, Limits(seconds=seconds))

    def runs(self) -> pl.DataFrame:
        """Return the runs as they stand, one row each, with the command that goes on with each."""
        from surveycli.run_folder.standing import list_runs
        from surveycli.store import open_store

        with open_store(self.path) as store:
            return list_runs(store)

    def surveys(self) -> pl.DataFrame:
        """Return the surveys, one row each, and how much each holds."""
        return self._frame("survey/list_surveys")

    def show(
        self, item: str, country: str | None = None, *, survey: str | None = None, language: str = "en"
    ) -> ItemView:
        """Return how people answered a question: one population, or the mean of all countries."""
        from surveycli.store import open_store
        from surveycli.survey.browse import show_item

        with open_store(self.path) as store:
            return show_item(store, item, country=country, survey_id=survey, language=language)

    def plot(self, kind: str, *runs: str, **options: Any) -> Chart:
        """Return a figure as an Altair chart: kind is one of `surveycli plot`, options are fields of PlotRequest."""
        from surveycli.report.plots import draw
        from surveycli.request.report import PlotRequest
        from surveycli.store import open_store

        request = _filled(PlotRequest, {"kind": kind, "runs": runs, **options})
        with open_store(self.path, write=True) as store:
            figure = draw(store, request)
        assert figure.chart is not None
        return figure.chart

    def report(
        self, *runs: str, output: str | Path = "report.html", items: Sequence[str] = (), title: str = ""
    ) -> Path:
        """Write the self-contained page about runs and return its path; a file of that name is written over."""
        from surveycli.report.make import make_report, print_pdf
        from surveycli.request.report import ReportRequest
        from surveycli.store import open_store

        with open_store(self.path, write=True) as store:
            page = make_report(store, ReportRequest(runs, items=tuple(items), title=title), self.progress)
        target = Path(output)
        if target.suffix.lower() == ".pdf":
            print_pdf(page, target)
        else:
            target.write_text(page, encoding="utf-8")
        return target

    def export(self, what: str, output: str | Path, **options: Any) -> int:
        """Write a table to a file in the format of its ending and return the rows; `options` are of ExportRequest."""
        from surveycli.exchange.export import export_table
        from surveycli.request.report import ExportName, ExportRequest
        from surveycli.store import open_store

        name = ExportName(_one_of(what, ExportName, "export"))
        request = _filled(ExportRequest, {"name": name, "target": Path(output), **options})
        with open_store(self.path) as store:
            return export_table(store, request)

    def import_predictions(self, file: str | Path, run: str, **options: Any) -> ImportReport:
        """Take in anybody's predictions as a run; `options` are the fields of ImportRequest."""
        from surveycli.exchange.import_predictions import import_predictions
        from surveycli.request.report import ImportRequest
        from surveycli.store import open_store

        with open_store(self.path, write=True) as store:
            request = _filled(ImportRequest, {"file": Path(file), "run_id": run, **options})
            return import_predictions(store, request)

    def _frame(self, query: str) -> pl.DataFrame:
        from surveycli.store import open_store

        with open_store(self.path) as store:
            return store.frame(query)


def open_project(path: str | Path = "survey.duckdb", *, progress: Progress = silent) -> Project:
    """Return the project whose store is at `path`; nothing is read or made before the first call."""
    return Project(Path(path), progress)


def notebook_progress(stage: str, done: int, total: int, note: str = "") -> None:
    """Show how far work is in one line that is written over, in a notebook or a terminal."""
    ending = "\n" if total and done >= total else ""
    print(f"\r{stage}: {done}/{total or '?'} {note:<40}", end=ending, flush=True)


def _one_of(value: str, kind: Any, what: str) -> str:
    from surveycli.errors import usage

    if value not in set(kind):
        raise usage(f"There is no {what} {value!r}.", f"Choose one of {', '.join(kind)}.")
    return value


def _filled(kind: Any, values: Mapping[str, Any]) -> Any:
    """Return a request with these fields, texts made choices. Raises SurveyError for a field that it does not have."""
    from surveycli.plain import from_plain

    return from_plain(kind, values)


def _known(options: dict[str, Any], names: set[str], what: str) -> dict[str, Any]:
    from surveycli.errors import usage

    strange = sorted(set(options) - names)
    if strange:
        raise usage(f"{what} takes no {', '.join(strange)}.", f"It takes {', '.join(sorted(names))}.")
    return options
