"""How a training ended: kept in its folder, so that the store can learn of it later, or on another machine."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from surveycli.domain import Familiarity
from surveycli.run_folder.folder import RunFolder, replacing
from surveycli.run_folder.reading import damaged, field, read_json
from surveycli.untrusted.text import shown

_WHOLE = ("best_epoch", "epochs", "steps", "resumed_at_step")
_NUMBERS = ("norm_at_start", "norm_at_end")


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """How a training ended.

    A training that began anew has `resumed_at_step` 0; one that went on has the step of its checkpoint, and the norm of
    the trained weights that it went on from. `best_validation_loss` is None where there is no validation part.
    `best_of_kind` has the best epoch of known and of new items, and its loss, where the two were told apart.
    `left_out` counts, by reason, the cells that the model cannot be asked.
    """

    best_epoch: int
    best_validation_loss: float | None
    epochs: int
    steps: int
    resumed_at_step: int
    norm_at_start: float
    norm_at_end: float
    model_fingerprint: str
    is_first_process: bool = True
    left_out: tuple[tuple[str, int], ...] = ()
    best_of_kind: tuple[tuple[Familiarity, int, float], ...] = ()


def write_outcome(folder: RunFolder, outcome: TrainingOutcome) -> None:
    """Write how the training ended, as the last thing that it does."""
    with replacing(folder.outcome) as aside:
        aside.write_text(json.dumps(asdict(outcome), indent=2), encoding="utf-8")


def read_outcome(folder: RunFolder) -> TrainingOutcome | None:
    """Return how the training ended, None where it has not. Raises SurveyError (exit 3) for a damaged file."""
    if not folder.outcome.is_file():
        return None
    found = read_json(folder.outcome)
    whole = {name: field(folder.outcome, found, name, int) for name in _WHOLE}
    numbers = {name: float(field(folder.outcome, found, name, (int, float))) for name in _NUMBERS}
    loss = field(folder.outcome, found, "best_validation_loss", (int, float, type(None)))
    fingerprint = field(folder.outcome, found, "model_fingerprint", str)
    left_out = field(folder.outcome, found, "left_out", list)
    if not all(isinstance(pair, list) and [type(part) for part in pair] == [str, int] for pair in left_out):
        raise damaged(folder.outcome, f"expected reasons and counts as left_out, found {shown(left_out)}")
    of_kind = field(folder.outcome, {"best_of_kind": [], **found}, "best_of_kind", list)
    if not all(isinstance(one, list) and [type(x) for x in one] == [str, int, float] for one in of_kind):
        raise damaged(folder.outcome, f"expected kinds, epochs and losses as best_of_kind, found {shown(of_kind)}")
    if not {kind for kind, _, _ in of_kind} <= set(Familiarity):
        raise damaged(folder.outcome, f"expected {' and '.join(Familiarity)}, found {shown(of_kind)}")
    return TrainingOutcome(
        whole["best_epoch"],
        None if loss is None else float(loss),
        whole["epochs"],
        whole["steps"],
        whole["resumed_at_step"],
        numbers["norm_at_start"],
        numbers["norm_at_end"],
        fingerprint,
        left_out=tuple((reason, count) for reason, count in left_out),
        best_of_kind=tuple((Familiarity(kind), epoch, loss) for kind, epoch, loss in of_kind),
    )
