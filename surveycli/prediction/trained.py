"""What a training left for predicting: its weights, cell by cell, and how far they are to be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from surveycli.configuration import PredictConfig
from surveycli.domain import Cell, Familiarity
from surveycli.errors import not_found
from surveycli.run_folder import RunFolder
from surveycli.run_folder.calibration import ModelTrust, read_calibration
from surveycli.run_folder.kept_weights import KeptWeights, epoch_of, read_kept


@dataclass(frozen=True, slots=True)
class Trained:
    """The weights that cells are predicted with, in the folder `weights`, and the calibration of what they say."""

    weights: Path
    kept: KeptWeights
    calibration: ModelTrust | None = None

    @property
    def tells_apart(self) -> bool:
        """Whether some cells have other weights than others."""
        return len(self._of_kinds()) > 1

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of weights that a cell can be predicted with, each once."""
        return tuple(self.weights / name for name in self._of_kinds())

    def groups(self, cells: Sequence[Cell]) -> dict[Path, list[Cell]]:
        """Return the cells by the folder of weights that they are predicted with."""
        groups: dict[Path, list[Cell]] = {}
        for cell in cells:
            groups.setdefault(self.weights / self.kept.name_for(cell.key), []).append(cell)
        return groups

    def basis(self, folder: Path) -> str:
        """Return in words which weights a prediction rests on; nothing where all rest on the same."""
        return f"weights of epoch {epoch_of(folder.name)}" if self.tells_apart else ""

    def notes(self) -> tuple[str, ...]:
        """Return for people which weights are used for what, and how far they are believed."""
        trusted = () if self.calibration is None else self.calibration.notes()
        if not self.tells_apart:
            return trusted
        which = " and ".join(
            f"{kind.words} by the weights of epoch {epoch_of(self.kept.of_kind.get(kind, self.kept.best))}"
            for kind in Familiarity
        )
        return (f"Predicted {which}, the best for these on cells that were not learnt from.", *trusted)

    def _of_kinds(self) -> tuple[str, ...]:
        names = [self.kept.of_kind.get(kind, self.kept.best) for kind in Familiarity]
        return tuple(dict.fromkeys(names))


def find_trained(folder: RunFolder, config: PredictConfig) -> Trained | None:
    """Return what the training left that a configuration names; None where it names none.

    Where something is chosen on validation for all cells alike (a reading, a temperature), all have the weights that
    are the best by the validation part. Raises SurveyError: exit 4 where there are no weights, or no calibration and
    one is asked for, 3 where a file is damaged.
    """
    if config.weights is None:
        return None
    weights = _place(folder, config.weights)
    kept = read_kept(weights)
    if config.debias or config.temperature is None:
        kept = KeptWeights(kept.best)
    if not config.calibrate:
        return Trained(weights, kept)
    training = RunFolder(weights.parent)
    calibration = read_calibration(training)
    if calibration is None:
        raise not_found(f"{training.calibration} is not there.", "--no-calibrate predicts as the model has it.")
    return Trained(weights, kept, calibration)


def _place(folder: RunFolder, weights: str) -> Path:
    """Return the folder of the weights, or where they lie if both run folders were moved together."""
    place = Path(weights)
    moved = folder.path.resolve().parent / place.parent.name / place.name
    return moved if not place.exists() and moved.exists() else place
