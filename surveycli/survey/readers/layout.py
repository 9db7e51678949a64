"""Tells what kind of file this is, and hands it to the reader that knows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

from surveycli.errors import SurveyError, bad_input, usage
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.open import SPSS, open_table
from surveycli.survey.files.source import SourceFile
from surveycli.survey.files.table import SurveyTable
from surveycli.survey.readers import (
    dialogues,
    distributions,
    generic,
    goqa,
    opinionqa,
    simbench,
    subpop,
    twins,
    wvs,
)
from surveycli.survey.readers.profile import find_profile
from surveycli.survey.readers.readout import DistributionFile, RespondentFile
from surveycli.survey.readers.unlabelled import unlabelled_survey

SurveyFile = RespondentFile | DistributionFile

# What options change how a file is read, by what they are about. All others concern the store, and every file.
_TERMS = frozenset({"licence", "citation", "ai_policy", "accessed"})
_OF_EVERY_FILE = frozenset({"survey_id", "replace", "dry_run", "join_on", "layout"}) | _TERMS
_OF_SOME_FILES = frozenset(field.name for field in fields(IngestOptions)) - _OF_EVERY_FILE
_OF_RESPONDENTS = _OF_SOME_FILES - {"keep_private"}
_OF_WVS = _OF_SOME_FILES - {"profile"}


@dataclass(frozen=True, slots=True)
class Layout:
    """A kind of file: its name, what it looks like, how it is told, and who reads it.

    A `strict` one cannot be forced on a file that does not look like it. `takes` are the options that its reader, and
    what follows for files of its kind, heed: any other that was chosen is refused.
    """

    name: str
    looks: str
    matches: Callable[[SurveyTable, IngestOptions], bool]
    read: Callable[[SurveyTable, IngestOptions], SurveyFile]
    strict: bool = False
    takes: frozenset[str] = _OF_RESPONDENTS


def _names(table: SurveyTable) -> list[str]:
    return [column.name for column in table.columns]


def _is_pew(table: SurveyTable, options: IngestOptions) -> bool:
    profile = find_profile(table, options)
    return table.kind == SPSS and profile is not None and profile.programme == "pew"


# In the order in which they are tried.
LAYOUTS = (
    Layout(
        goqa.LAYOUT,
        "GlobalOpinionQA: question, selections, options, source",
        lambda table, _: goqa.is_goqa(_names(table)),
        lambda table, options: goqa.read_goqa(table.source, table.frame(), options),
        strict=True,
        takes=frozenset({"keep_dont_know", "country_map"}),
    ),
    Layout(
        subpop.LAYOUT,
        "SubPOP: qkey, attribute, group, question, options, responses, ordinal",
        lambda table, _: subpop.is_subpop(_names(table)),
        lambda table, _: subpop.read_subpop(table.source, table.frame()),
        strict=True,
        takes=frozenset(),
    ),
    Layout(
        simbench.LAYOUT,
        "SimBench: dataset_name, group_prompt_template, group_prompt_variable_map, input_template, human_answer",
        lambda table, _: simbench.is_simbench(_names(table)),
        lambda table, _: simbench.read_simbench(table.source, table.frame()),
        strict=True,
        takes=frozenset(),
    ),
    Layout(
        distributions.LAYOUT,
        "a table with the columns survey, item, population, code and n, share or share_unweighted",
        lambda table, _: distributions.is_distribution_table(_names(table)),
        lambda table, options: distributions.read_distribution_table(table.source, table.frame(), options.country_map),
        strict=True,
        takes=frozenset({"country_map"}),
    ),
    Layout(
        dialogues.LAYOUT,
        "Global Dialogues: Question ID, Question Type, Question, Response, All, segments",
        lambda table, _: dialogues.is_dialogues(_names(table)),
        lambda table, _: dialogues.read_dialogues(table.source, table.frame()),
        strict=True,
        takes=frozenset(),
    ),
    Layout(
        twins.LAYOUT,
        "Twin-2K-500: pid, persona_json",
        lambda table, options: options.profile is None and twins.is_twins(_names(table)),
        twins.read_twins,
        strict=True,
        takes=_OF_RESPONDENTS - {"profile", "items"},
    ),
    Layout(
        opinionqa.LAYOUT,
        "OpinionQA: responses.csv with its wave's info.csv (key, question, references, option_ordinal) beside it",
        lambda table, options: options.codebook is None and opinionqa.is_opinionqa(table),
        opinionqa.read_opinionqa,
        strict=True,
        takes=_OF_RESPONDENTS - {"codebook", "profile", "items"},
    ),
    Layout(
        wvs.LAYOUT,
        "the World Values Survey (wave 5, 6 or 7, of one or all countries; CSV, XLSX, SPSS, Stata, Parquet)",
        lambda table, options: options.profile is None and wvs.is_wvs(table),
        wvs.read_wvs,
        takes=_OF_WVS,
    ),
    Layout(
        "pew-sav",
        "Pew Global Attitudes (SPSS)",
        _is_pew,
        lambda table, options: replace(generic.read_generic(table, options), layout="pew-sav"),
    ),
    Layout(
        generic.LAYOUT,
        "any survey with labels, or with --items or a --codebook",
        generic.is_generic,
        generic.read_generic,
    ),
)


def read_file(source: SourceFile, options: IngestOptions) -> SurveyFile:
    """Return what a file holds: see `read_survey`."""
    return read_survey(open_table(source), options)


def read_survey(table: SurveyTable, options: IngestOptions) -> SurveyFile:
    """Return what a table holds, read by the reader of its layout, or of the one that the options force.

    Raises SurveyError: exit 3 where no reader knows the file, 2 for a layout that is not there or an option that the
    layout has no use for.
    """
    layout = _forced(options.layout)
    if layout and layout.strict and not layout.matches(table, options):
        raise _unknown_layout(table, [layout])
    layout = layout or next((layout for layout in LAYOUTS if layout.matches(table, options)), None)
    if layout is None:
        raise unlabelled_survey(table) or _unknown_layout(table, LAYOUTS)
    _refuse_ignored(layout, table, options)
    return layout.read(table, options)


def _refuse_ignored(layout: Layout, table: SurveyTable, options: IngestOptions) -> None:
    """Raise SurveyError (exit 2) for an option that was chosen and that the layout's reader would not heed."""
    chosen = (name for name in sorted(_OF_SOME_FILES) if getattr(options, name) != getattr(IngestOptions(), name))
    ignored = next((name for name in chosen if name not in layout.takes), None)
    if ignored is not None:
        heed = ", ".join(other.name for other in LAYOUTS if ignored in other.takes)
        why = "ready distributions, without respondents" if "by" not in layout.takes else f"the layout {layout.name}"
        raise usage(
            f"{table.name} holds {why}: --{ignored.replace('_', '-')} changes nothing there.",
            f"Leave it out; it is heeded in files of the layouts {heed}.",
        )


def _forced(name: str | None) -> Layout | None:
    if name is None:
        return None
    found = next((layout for layout in LAYOUTS if layout.name == name), None)
    if found is None:
        raise usage(f"There is no layout {name!r}.", f"Choose one of {', '.join(layout.name for layout in LAYOUTS)}.")
    return found


def _unknown_layout(table: SurveyTable, expected: Sequence[Layout]) -> SurveyError:
    how = f"separated by {table.head.delimiter_name}" if table.head else f"in a file of kind {table.kind}"
    looks = "; or ".join(layout.looks for layout in expected)
    return bad_input(
        f"{table.name}: expected {looks}; found {len(table.columns)} columns {how}: {table.listed(6)}.",
        "Check that it is the file you meant, with its header in the first line; for another survey name its"
        " --country-column, and its --items or a --codebook.",
    )
