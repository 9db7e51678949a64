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


@dataclass(frozen=True, slots=True)
class FinetuneReport:
    """A fine-tuning: the run's name, its folder, and how it ended (None where it was only prepared)."""

    run_id: str
    folder: Path
    outcome: TrainingOutcome | None


@dataclass(frozen=True, slots=True)
class Project:
    """A store of surveys, splits, runs, predictions and scores.

    `progress` is called with the progress of long work, for instance `surveycli.notebook_progress`.
    """

    path: Path
    progress: Progress = silent

    def ingest(self, file: str | Path | Sequence[str | Path] | None = None, **options: Any) -> IngestReport:
        """Read a survey file, or several of one survey; without a file the WVS-7 distributions of the package.

        `options` are the fields of `surveycli.survey.IngestOptions`; `by`, `bands` and `missing` are texts as
        they are typed, such as "country,sex".
        """
        from surveycli.request_fields import bundled_replaces, ingest_options
        from surveycli.store import open_store
        from surveycli.survey import ingest_bundled, ingest_file, try_file

        if file is None:
            replaces = bundled_replaces(options)
            with open_store(self.path, create=True) as store:
                return ingest_bundled(store, self.progress, replace=replaces)
        files = [Path(file)] if isinstance(file, str | Path) else [Path(one) for one in file]
        asked = ingest_options(options)
        if asked.dry_run:
            return try_file(files, asked, self.progress)
        with open_store(self.path, create=True) as store:
            return ingest_file(store, files, asked, self.progress)

    def split(self, recipe: str, **options: Any) -> SplitReport:
        """Make a named split of cells into parts; `options` are the fields of SplitOptions."""
        from surveycli.request_fields import split_request
        from surveycli.split import make_split
        from surveycli.store import open_store

        request = split_request(recipe, options)
        with open_store(self.path, write=True) as store:
            return make_split(store, *request)

    def finetune(
        self, split: str, *, preset: str = "", name: str | None = None, prepare_only: bool = False, **choices: Any
    ) -> FinetuneReport:
        """Fine-tune a language model on a split's training part.

        `choices` are fields of FinetuneConfig, those of a part as a mapping: model={"name": "tiny"},
        optimiser={"epochs": 1}.
        """
        from surveycli.request_fields import finetune_config
        from surveycli.training.run_finetuning import finetune, prepare_run

        config = finetune_config(preset, {"split": split, **choices})
        run = prepare_run(self.path, config, name, elsewhere=prepare_only)
        outcome = None if prepare_only else finetune(self.path, run, self.progress)
        return FinetuneReport(run.run_id, run.folder.path, outcome)

    def sweep(self, file: str | Path, *, name: str = "", preset: str = "", **choices: Any) -> pl.DataFrame:
        """Train the runs of a YAML file (`finetune --sweep`) that are not finished, and return a row for each."""
        from surveycli.request.sweep import dotted
        from surveycli.training.sweep import plan_sweep, refuse_failed, run_sweep, sweep_table

        typed = dict(dotted(choices)) | ({"preset": preset} if preset else {})
        ended = run_sweep(self.path, name or Path(file).stem, plan_sweep(Path(file), typed), self.progress)
        refuse_failed(ended)
        return sweep_table(ended)

    def resume(self, run: str) -> FinetuneReport:
        """Go on with a fine-tuning that was prepared or interrupted, from its last checkpoint."""
        from surveycli.training.run_finetuning import find_run, finetune

        found = find_run(self.path, run)
        return FinetuneReport(found.run_id, found.folder.path, finetune(self.path, found, self.progress))

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
        from surveycli.request_fields import predict_request

        named = {"predictor": predictor, "run": run, "preset": preset, "name": name, "replaces": replaces}
        request = predict_request({**named, "settings": settings or {}, **choices})
        return predict(self.path, request, self.progress)

    def score(self, *runs: str, table: str = "table", **options: Any) -> pl.DataFrame:
        """Score runs (all finished ones if none is named) and return a table of `surveycli score`.

        `options` are the fields of the table's request, such as by="dimension" or metrics=("kl_nats",).
        """
        from surveycli.request_fields import table_request
        from surveycli.score import score_run
        from surveycli.store import open_store

        row, asked = table_request(table, len(runs), options)
        with open_store(self.path, write=True) as store:
            names = runs or tuple(found["run_id"] for found in store.rows("score/list_runs"))
            return row.make(store, replace(asked, reports=tuple(score_run(store, name) for name in names)))

    def correct(self, sample: str | Path, run: str | None = None, **options: Any) -> Corrected:
        """Correct a run's predictions with the answers of a few people; `options` are fields of CorrectRequest."""
        from surveycli.correction.correct import correct_run
        from surveycli.correction.powered import correct_people
        from surveycli.request_fields import correct_request
        from surveycli.store import open_store

        request = correct_request(Path(sample), run, options)
        with open_store(self.path, write=True) as store:
            return correct_people(store, request) if run is None else correct_run(store, request)

    def simulate(
        self, question: str | Path, options: Sequence[str] = (), *, language: str = "en", **asked: Any
    ) -> pl.DataFrame:
        """Predict the answers to a new question, or to those of a file (a Path), and return them as rows.

        `asked` are fields of SimulateRequest: populations=("KEN",), runs=("finetune-1",), best=True.
        """
        from surveycli.request_fields import simulate_request
        from surveycli.simulation.questions import one_question, read_questions
        from surveycli.simulation.simulate import simulate
        from surveycli.store import open_store

        if isinstance(question, Path):
            questions = read_questions(question, language)
        else:
            questions = (one_question(question, options, language),)
        request = simulate_request(questions, asked)
        name = simulate(self.path, request, self.progress).name
        with open_store(self.path) as store:
            return store.frame("simulation/list_answers", run_id=name)

    def sql(
        self, query: str, *, seconds: float = 60.0, tables: Mapping[str, pl.DataFrame] | None = None
    ) -> pl.DataFrame:
        """Return what one statement that only reads gives; it may join `tables` of your own by their names."""
        from surveycli.store import Limits, ad_hoc

        return ad_hoc(self.path, query, Limits(seconds=seconds), tables)

    def runs(self) -> pl.DataFrame:
        """Return the runs with their status, one row each, and the command that continues each."""
        from surveycli.run_folder.standing import list_runs
        from surveycli.store import open_store

        with open_store(self.path) as store:
            return list_runs(store)

    def delete(self, run: str) -> None:
        """Delete a run for good: its record, weights, predictions, scores and folders."""
        from surveycli.run_folder.manage import delete_run
        from surveycli.store import open_store

        with open_store(self.path, write=True) as store:
            delete_run(store, run)

    def surveys(self) -> pl.DataFrame:
        """Return the surveys, one row each, and how much each holds."""
        return self._frame("survey/list_surveys")

    def show(
        self,
        item: str,
        country: str | None = None,
        *,
        survey: str | None = None,
        language: str = "en",
        runs: Sequence[str] = (),
    ) -> ItemView:
        """Return how people answered a question: one population, beside what runs predicted, or all countries' mean."""
        from surveycli.store import open_store
        from surveycli.survey.browse import show_item

        with open_store(self.path) as store:
            return show_item(store, item, country=country, survey_id=survey, language=language, runs=runs)

    def plot(self, kind: str, *runs: str, output: str | Path | None = None, **options: Any) -> Chart:
        """Return a figure as an Altair chart, and write it to a file where one is named.

        `kind` is one of `surveycli plot`, `options` are fields of PlotRequest; the file's ending says its format.
        """
        from surveycli.report.plots import draw, save_figure
        from surveycli.request_fields import plot_request
        from surveycli.store import open_store

        request = plot_request(kind, runs, options)
        with open_store(self.path, write=True) as store:
            figure = draw(store, request)
        if output is not None:
            save_figure(figure, Path(output))
        assert figure.chart is not None
        return figure.chart

    def report(self, *runs: str, output: str | Path = "report.html", **options: Any) -> Path:
        """Write the self-contained page about runs and return its path; a file of that name is written over.

        `options` are the fields of ReportRequest, such as items=("Q61",) or title="Trust".
        """
        from surveycli.report.make import make_report, write_report
        from surveycli.request_fields import report_request
        from surveycli.store import open_store

        request = report_request(runs, options)
        with open_store(self.path, write=True) as store:
            page = make_report(store, request, self.progress)
        return write_report(page, Path(output))

    def export(self, what: str, output: str | Path, **options: Any) -> int:
        """Write a table to a file in the format of its ending and return the rows; `options` are of ExportRequest."""
        from surveycli.exchange.export import export_table
        from surveycli.request_fields import export_request
        from surveycli.store import open_store

        request = export_request(what, Path(output), options)
        with open_store(self.path) as store:
            return export_table(store, request)

    def import_predictions(self, file: str | Path, run: str, **options: Any) -> ImportReport:
        """Import predictions made elsewhere as a run; `options` are the fields of ImportRequest."""
        from surveycli.exchange.import_predictions import import_predictions
        from surveycli.request_fields import import_request
        from surveycli.store import open_store

        request = import_request(Path(file), run, options)
        with open_store(self.path, write=True) as store:
            return import_predictions(store, request)

    def _frame(self, query: str) -> pl.DataFrame:
        from surveycli.store import open_store

        with open_store(self.path) as store:
            return store.frame(query)


def open_project(path: str | Path = "survey.duckdb", *, progress: Progress = silent) -> Project:
    """Return the project whose store is at `path`; nothing is read or made before the first call."""
    return Project(Path(path), progress)


def notebook_progress(stage: str, done: int, total: int, note: str = "", *, tell: bool = False) -> None:
    """Show progress in one line that is overwritten unless it is to stay, in a notebook or a terminal."""
    ending = "\n" if tell or (total and done >= total) else ""
    print(f"\r{stage}: {done}/{total or '?'} {note:<40}", end=ending, flush=True)
