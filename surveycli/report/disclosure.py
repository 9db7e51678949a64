"""What has to be said before figures of a report are published: sources, and a card of disclosures for each run.

The card answers what the disclosure rules of AAPOR's Code and ESOMAR's questions to buyers of AI-based services ask of
figures that no respondent gave, as far as a program can know it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from surveycli.baseline.statistical import statistical_predictors
from surveycli.configuration import TINY
from surveycli.domain import Option, Population, Question, Scale
from surveycli.prediction.elicitation import model_predictors
from surveycli.prompt import Describe, PromptOrder, PromptStyle, has_frame, render_prompt
from surveycli.report.page import Figure, Section
from surveycli.report.sections import Subject
from surveycli.score.lock import find_lock

_NOTE = (
    "What the disclosure rules of the AAPOR Code and ESOMAR's 20 questions to help buyers of AI-based services ask, as "
    "far as a program can know it. Who paid for the work, what it is for and who is responsible has to be added."
)
_UNKNOWN = "not known"
_FINGERPRINT = 12


def provenance_section(subject: Subject) -> Section:
    """Name the sources and disclose how the figures were made."""
    import polars as pl

    sources = subject.store.frame("report/list_sources", run_ids=list(subject.runs))
    versions = subject.store.frame("report/list_versions", run_ids=list(subject.runs))
    rows = subject.store.rows("report/list_disclosures", run_ids=list(subject.runs))
    cards = [_card(subject, row) for row in rows]
    names = list(cards[0])
    columns = {row["run_id"]: [card[name] for name in names] for row, card in zip(rows, cards, strict=True)}
    table = pl.DataFrame({"disclosure": names} | columns)
    text = (
        "Predicted figures are not survey results: no respondent was interviewed for them. They were computed by the "
        "runs named above, from the response distributions of the surveys below or by a language model.",
        "Say so wherever they are published, with what the card has. Do not use them instead of respondents where "
        "a decision about people depends on the answer.",
    )
    figures = (
        Figure("Disclosure card", table, note=_NOTE, wide=True),
        Figure("Surveys", sources, wide=True),
        Figure("Software", versions),
    )
    return Section("provenance", "Sources and disclosure", text, figures)


def _card(subject: Subject, row: Mapping[str, Any]) -> dict[str, str]:
    """Return what is disclosed of a run, by what it is called."""
    configuration = json.loads(row["configuration"])
    lock = find_lock(subject.store, row["run_id"])
    return {
        "Respondents": "none were interviewed for these figures",
        "Method": _method(row["predictor"]),
        "Model": _model(row, configuration),
        "Learnt from": _learnt(row),
        "Kind of shares": f"{row['shares']} shares of respondents",
        "Predicted": _predicted(row),
        "Prompt": _prompt(subject, row, configuration),
        "Settings": _settings(row, configuration),
        "Made": f"{row['made_on']} with surveycli {row['surveycli'] or _UNKNOWN}",
        "Checked against people": _checked(row["n_scorings"]),
        "Fixed before people answered": str(lock) if lock else "not locked",
    }


def _method(predictor: str) -> str:
    rows = (*statistical_predictors(), *model_predictors())
    return next((f"{row.name}: {row.help}" for row in rows if row.name == predictor), predictor)


def _model(row: Mapping[str, Any], configuration: Mapping[str, Any]) -> str:
    if not row["model"]:
        return "no language model"
    described = configuration.get("model")
    revision = described.get("revision") if isinstance(described, Mapping) else None
    parts = [row["model"], f"revision {revision}" if revision else ""]
    parts.append(f"SHA-256 {row['model_fingerprint'][:_FINGERPRINT]}..." if row["model_fingerprint"] else "")
    return ", ".join(part for part in parts if part)


def _learnt(row: Mapping[str, Any]) -> str:
    """Return which of people's answers the run has seen."""
    is_pretrained = row["model"] and row["model"] != TINY
    before = "; what the model was pretrained on is not known" if is_pretrained else ""
    if not row["n_train_cells"]:
        return f"none of the answers in this store{before}"
    chosen = f"; settings chosen on {row['n_chosen_cells']:,} validation cells" if row["n_chosen_cells"] else ""
    return (
        f"{row['n_train_cells']:,} cells of the split {row['split']}: {row['n_train_items']:,} questions in "
        f"{row['n_train_populations']:,} populations{chosen}{before}"
    )


def _checked(n_scorings: int) -> str:
    times = "once" if n_scorings == 1 else f"{n_scorings} times"
    return f"scored {times}; the scores and their intervals stand above"


def _predicted(row: Mapping[str, Any]) -> str:
    n_cells, n_items, n_populations = (row[name] or 0 for name in ("n_predicted", "n_items", "n_populations"))
    lacking = f"; {row['n_failed']:,} cells have no prediction" if row["n_failed"] else ""
    return f"{n_cells:,} cells: {n_items:,} questions in {n_populations:,} populations{lacking}"


def _settings(row: Mapping[str, Any], configuration: Mapping[str, Any]) -> str:
    chosen = {name: configuration.get(name) for name in ("preset", "temperature", "settings", "chosen_on_train")}
    said = [f"{name.replace('_', ' ')} {_short(value)}" for name, value in chosen.items() if value]
    return "; ".join([f"seed {row['seed']}", *said])


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={inner}" for name, inner in value.items() if not isinstance(inner, Mapping))
    return str(value)


def _prompt(subject: Subject, row: Mapping[str, Any], configuration: Mapping[str, Any]) -> str:
    """Return the prompt of one cell, as an example; in words where it cannot be made again."""
    style = configuration.get("prompt")
    if not isinstance(style, Mapping):
        return "none"
    said = f"{style.get('order')}, population by {style.get('describe')}, in {row['languages'] or _UNKNOWN}"
    cells = subject.cells.filter(run_id=row["run_id"]).sort("survey_id", "item_id", "population_id")
    language = str(cells["language"][0]) if cells.height else ""
    own = subject.store.rows("run/export_prompt_frames", languages=[language])
    if configuration.get("elicitation") == "json" or own or not has_frame(language):
        return said
    how = PromptStyle(PromptOrder(style["order"]), Describe(style["describe"]))
    example = _example(subject, cells.row(0, named=True), how)
    return f"{said}. For instance: {example}" if example else said


def _example(subject: Subject, cell: Mapping[str, Any], style: PromptStyle) -> str:
    import polars as pl

    language = str(cell["language"])
    wanted = pl.DataFrame([{name: cell[name] for name in ("survey_id", "item_id", "population_id")}])
    words = subject.store.frame("report/list_cell_texts", frames={"wanted": wanted}).row(0, named=True)
    people = subject.store.rows("report/show_population", population_id=cell["population_id"], language=language)
    if language != "en" or not people:  # the texts of cells are English where there is English
        return ""
    options = tuple(Option(code, label) for code, label in enumerate(words["labels"], start=1))
    question = Question(cell["survey_id"], cell["item_id"], language, words["wording"], options, Scale.NOMINAL)
    return render_prompt(question, Population(cell["population_id"], language, **people[0]), style).text
