"""Read a workflow file: YAML with a section for each kind of thing that it makes, every name and value checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from surveycli.errors import SurveyError, bad_input
from surveycli.request.workflow import Step, StepKind, Workflow
from surveycli.untrusted.small_file import read_small_file
from surveycli.untrusted.text import UnreadableError, shown
from surveycli.untrusted.yaml_text import key_lines, parse_yaml
from surveycli.workflow.kinds import KINDS

_Lines = Mapping[tuple[str, ...], int]
_RUNS, _STORE = "runs", "store"
_OF_A_RUN = (StepKind.FINETUNE, StepKind.PREDICT)
_SECTIONS: Mapping[str, StepKind | None] = {
    "ingest": StepKind.INGEST,
    "splits": StepKind.SPLIT,
    _RUNS: None,  # of each run a fine-tuning, a prediction, or both
    "tables": StepKind.TABLE,
    "figures": StepKind.FIGURE,
    "exports": StepKind.EXPORT,
    "reports": StepKind.REPORT,
}
_EXAMPLE = "For instance `splits: {paper: {recipe: paper}}`."
_HINT = f"A workflow has {_STORE} and the sections {', '.join(_SECTIONS)}."


def read_workflow(file: Path) -> Workflow:
    """Return the workflow of a file.

    Raises SurveyError with the file, the line and the step: exit 3 for what is no YAML, an unknown section, name or
    value, 2 for what does not go together, 4 for a file or preset that is not there.
    """
    text = read_small_file(file, "workflow", "a YAML file")
    try:
        content = parse_yaml(text)
        lines = key_lines(text)
    except UnreadableError as error:
        raise bad_input(f"{file} cannot be read as YAML: {error}.") from error
    if not isinstance(content, Mapping) or not content:
        raise bad_input(f"{file}: expected sections by name, found {shown(content)}.", _HINT)
    for name in content:
        if name not in (_STORE, *_SECTIONS):
            raise _unknown(f"{file}, line {lines.get((str(name),), 1)}", str(name), [_STORE, *_SECTIONS])
    store = content.get(_STORE)
    if store is not None and not isinstance(store, str):
        raise bad_input(f"{file}, line {lines[_STORE,]}: {_STORE} is the path of a file, not {shown(store)}.")
    steps = tuple(step for section in _SECTIONS for step in _steps(file, section, content, lines))
    workflow = Workflow(file, Path(store) if store else None, steps)
    for step in steps:
        _check(workflow, step)
    return workflow


def _steps(file: Path, section: str, content: Mapping[str, Any], lines: _Lines) -> Iterator[Step]:
    """Yield the steps of a section in the order of the file."""
    place = f"{file}, line {lines.get((section,), 1)}"
    entries = _mapping(content.get(section), f"{place}: {section}")
    for name, entry in entries.items():
        line = lines.get((section, name), 1)
        fields = _mapping(entry, f"{file}, line {line}: {name}")
        kind = _SECTIONS[section]
        if kind is not None:
            yield Step(kind, name, fields, line)
        else:
            yield from _steps_of_run(file, name, fields, lines)


def _steps_of_run(file: Path, name: str, entry: Mapping[str, Any], lines: _Lines) -> Iterator[Step]:
    """Yield the fine-tuning of a run and its prediction, which is one of the trained model where there is one."""
    line = lines.get((_RUNS, name), 1)
    strange = next((key for key in entry if key not in _OF_A_RUN), None)
    if strange is not None:
        raise _unknown(f"{file}, line {lines.get((_RUNS, name, strange), line)}, run {name}", strange, list(_OF_A_RUN))
    if not entry:
        raise bad_input(
            f"{file}, line {line}: the run {name} has neither finetune nor predict.", "Give it one of them."
        )
    for kind in _OF_A_RUN:
        if kind in entry:
            at = lines.get((_RUNS, name, kind), line)
            fields = dict(_mapping(entry[kind], f"{file}, line {at}: {kind}"))
            if kind is StepKind.PREDICT and StepKind.FINETUNE in entry:
                if "run" in fields:
                    raise bad_input(f"{file}, line {at}: the run {name} predicts with its own model.", "Leave out run.")
                fields["run"] = name
            yield Step(kind, name, fields, at)


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    """Return a mapping of texts; nothing is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise bad_input(f"{what} is settings by name, not {shown(value)}.", _EXAMPLE)
    return value


def _unknown(place: str, name: str, known: list[str]) -> SurveyError:
    close = get_close_matches(name[:100], known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"There are: {', '.join(known)}."
    return bad_input(f"{place}: there is no {shown(name)}.", hint)


def _check(workflow: Workflow, step: Step) -> None:
    """Raise SurveyError where the step's request cannot be made of its fields."""
    with placed(workflow, step):
        KINDS[step.kind].check(step)


@contextmanager
def placed(workflow: Workflow, step: Step) -> Iterator[None]:
    """Say of an error in the block in which file, line and step it came up."""
    try:
        yield
    except SurveyError as error:
        message = f"{workflow.place(step)}: {error.message}"
        raise SurveyError(message, hint=error.hint, code=error.code) from error
