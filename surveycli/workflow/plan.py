"""What a workflow has to do: the fingerprint of each step, and how what it makes stands beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from surveycli.errors import not_found
from surveycli.plain import nested
from surveycli.request.workflow import PlannedStep, Step, StepKind, StepState, Workflow
from surveycli.store import Store, open_store
from surveycli.workflow.kinds import BUNDLED, KINDS, content_hash, survey_path
from surveycli.workflow.read import placed

_Record = Mapping[str, Any]
# What later steps may name.
_MAKES = {StepKind.SPLIT: "split", StepKind.FINETUNE: "run", StepKind.PREDICT: "run"}
_CHANGED = "it follows from other inputs"


def plan_workflow(workflow: Workflow, store_path: Path) -> tuple[PlannedStep, ...]:
    """Return each step with how it stands, in their order; nothing is written.

    Raises SurveyError: exit 4 for a split or run that neither an earlier step makes nor the store has, 5 for a store
    that another process holds.
    """
    if not store_path.exists():
        return tuple(_plan(workflow, None))
    with open_store(store_path, write=True) as store:  # a store of an older version is brought up to date
        return tuple(_plan(workflow, store))


def _plan(workflow: Workflow, store: Store | None) -> Iterator[PlannedStep]:
    rows = [] if store is None else store.rows("workflow/list_steps")
    records = {(row["kind"], row["name"]): row for row in rows}
    known = _names(store)
    before: list[PlannedStep] = []
    for step in workflow.steps:
        with placed(workflow, step):
            for what, name in named(step):
                if name not in known[what]:
                    raise not_found(f"there is no {what} {name}, neither before this step nor in the store.")
            needs = [planned for planned in before if _is_needed(planned.step, step)]
            planned = PlannedStep(step, step_fingerprint(step, needs), StepState.TO_DO)
            planned = _stand(store, planned, records.get((step.kind.value, step.name)), needs)
        if step.kind in _MAKES:
            known[_MAKES[step.kind]].add(step.name)
        before.append(planned)
        yield planned


def _names(store: Store | None) -> dict[str, set[str]]:
    rows = [] if store is None else store.rows("workflow/list_names")
    return {what: {row["name"] for row in rows if row["what"] == what} for what in ("split", "run")}


def named(step: Step) -> list[tuple[str, str]]:
    """Return the splits and runs that a step names, each with what it is.

    >>> named(Step(StepKind.PREDICT, "pooled", {"split": "paper", "settings": {"of": ["a", "b"]}}, 1))
    [('split', 'paper'), ('run', 'a'), ('run', 'b')]
    """
    fields = step.fields
    settings = fields.get("settings")
    of = settings.get("of") if isinstance(settings, Mapping) else None
    runs = [fields.get("run"), *_listed(fields.get("runs")), *_listed(of)]
    splits = [("split", fields["split"])] if isinstance(fields.get("split"), str) else []
    return splits + [("run", run) for run in runs if isinstance(run, str)]


def _listed(value: object) -> Iterable[object]:
    return value if isinstance(value, list | tuple) else ()


def _is_needed(other: Step, step: Step) -> bool:
    """Return whether a step follows from an earlier one: any from what was ingested, others from what they name."""
    if other.kind is StepKind.INGEST:
        return step.kind is not StepKind.INGEST
    if other.kind not in _MAKES:
        return False
    takes_all_runs = step.kind is StepKind.TABLE and not step.fields.get("runs")
    return takes_all_runs or (_MAKES[other.kind], other.name) in named(step)


def step_fingerprint(step: Step, needs: Iterable[PlannedStep]) -> str:
    """Return the SHA-256 of what a step asks for, the files that it reads, and the steps that it needs."""
    files = {str(path): content_hash(path) for path in _files(step)}
    follows = [planned.fingerprint for planned in needs]
    what = [step.kind.value, step.name, nested(step.fields), files, follows]
    return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()


def _files(step: Step) -> Iterator[Path]:
    """Yield the files and folders that a step reads: survey files, codebooks, models and encoders on this machine."""
    fields = nested(step.fields)
    given: list[object] = [fields.get(name) for name in KINDS[step.kind].reads]
    if step.kind is StepKind.INGEST and step.name != BUNDLED:
        found = survey_path(step.name)
        given.append(str(found) if found else None)
    for name, inner in (("model", "name"), ("settings", "encoder")):
        holder = fields.get(name)
        given.append(holder.get(inner) if isinstance(holder, Mapping) else None)
    for value in given:
        if isinstance(value, str) and Path(value).exists():
            yield Path(value)


def _stand(
    store: Store | None, planned: PlannedStep, record: _Record | None, needs: Iterable[PlannedStep]
) -> PlannedStep:
    """Return the step with how it stands, given what is recorded of it and what is there."""
    step = planned.step
    made = KINDS[step.kind].find(store, step)
    if not made.is_there:
        return replace(planned, why="it is gone" if record is not None and record["is_finished"] else "")
    own = record is not None and record["fingerprint"] == planned.fingerprint
    if KINDS[step.kind].is_file:
        return _stand_of_file(planned, record, own=own, needs=needs)
    if record is None:
        return replace(planned, state=StepState.STANDS_IN_THE_WAY, why="something else has made it")
    if not own:
        return replace(planned, state=StepState.STANDS_IN_THE_WAY, why=_CHANGED)
    if record["is_finished"] and made.is_whole:
        return replace(planned, state=StepState.UNCHANGED)
    return replace(planned, state=StepState.GOES_ON, why="it was begun")


def _stand_of_file(
    planned: PlannedStep, record: _Record | None, *, own: bool, needs: Iterable[PlannedStep]
) -> PlannedStep:
    """Return how a file stands: what a workflow wrote is written again where it has to be, anything else is not."""
    if record is None or not record["is_finished"]:
        is_begun = own and record is not None
        state = StepState.TO_DO if is_begun else StepState.STANDS_IN_THE_WAY
        return replace(planned, state=state, why="" if is_begun else "something else has made it")
    if content_hash(Path(planned.step.name)) != record["result_sha256"]:
        return replace(planned, state=StepState.STANDS_IN_THE_WAY, why="it was changed since it was written")
    if not own:
        return replace(planned, why=_CHANGED)
    if any(need.state is not StepState.UNCHANGED for need in needs):
        return replace(planned, why="a step before it is done again")
    return replace(planned, state=StepState.UNCHANGED)
