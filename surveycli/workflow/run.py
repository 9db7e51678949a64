"""Carry out a workflow: step by step, each recorded when it is done, so that the next time goes on from there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from surveycli.api import Project
from surveycli.clock import utc_now
from surveycli.errors import conflict
from surveycli.progress import Progress, silent
from surveycli.request.workflow import PlannedStep, StepState, Workflow, WorkflowReport
from surveycli.store import open_patiently
from surveycli.workflow.kinds import KINDS, content_hash
from surveycli.workflow.plan import plan_workflow
from surveycli.workflow.read import placed

Tell = Callable[[int, int, PlannedStep], None]


def run_workflow(
    workflow: Workflow,
    store_path: Path,
    *,
    replaces: bool = False,
    progress: Progress = silent,
    tell: Tell | None = None,
) -> WorkflowReport:
    """Do what is to do, and return every step as it was planned. `tell` is called before each that is carried out.

    Raises SurveyError: exit 5 before anything is done where something stands in the way and `replaces` is not set;
    later as the steps do, with the place of the step. What was done before stays.
    """
    planned = plan_workflow(workflow, store_path)
    in_the_way = [step for step in planned if step.state is StepState.STANDS_IN_THE_WAY]
    if in_the_way and not replaces:
        listed = "; ".join(f"{step.step.title}: {step.why}" for step in in_the_way[:5])
        raise conflict(
            f"{len(in_the_way)} steps would replace what is there: {listed}.",
            "--replace makes it anew, runs with their weights included; --dry-run lists the steps. Or name another "
            "store with --store.",
        )
    project = Project(store_path, progress)
    for number, step in enumerate(planned, start=1):
        if step.state is StepState.UNCHANGED:
            continue
        if tell is not None:
            tell(number, len(planned), step)
        with placed(workflow, step.step):
            _do(project, step)
    return WorkflowReport(store_path, planned)


def _do(project: Project, planned: PlannedStep) -> None:
    """Carry out a step between two records of it."""
    step, kind = planned.step, KINDS[planned.step.kind]
    keys: dict[str, Any] = {"kind": step.kind.value, "name": step.name, "fingerprint": planned.fingerprint}
    if project.path.exists():
        with open_patiently(project.path) as store:
            store.run("workflow/begin_step", **keys, begun_at=utc_now())
    if kind.is_file:
        Path(step.name).parent.mkdir(parents=True, exist_ok=True)
    if not _is_done(planned, project):
        kind.carry_out(project, step, planned.state is StepState.STANDS_IN_THE_WAY)
    result = content_hash(Path(step.name)) if kind.is_file else None
    with open_patiently(project.path) as store:
        store.run("workflow/finish_step", **keys, now=utc_now(), result_sha256=result)


def _is_done(planned: PlannedStep, project: Project) -> bool:
    """Return whether the work was done before, and only its record is missing."""
    if planned.state is not StepState.GOES_ON:
        return False
    with open_patiently(project.path) as store:
        made = KINDS[planned.step.kind].find(store, planned.step)
    return made.is_there and made.is_whole
