"""How a model's words become shares: what was chosen of the remedies of debias.py, as the run keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from surveycli.plain import from_plain, to_plain


@dataclass(frozen=True, slots=True)
class WayOfReading:
    """How a model's words become shares: p ~ exp(weight x (score - power x score for nobody in particular)).

    texts: options are scored by their words, else by their letters in `n_orders` orders, less `letter_prior`, which has
    by number of options what is taken off each letter's log probability. scores: mean 1 - Jensen-Shannon distance on
    validation, of what is chosen for each battery by the others, of the letters as they are, and of uniform shares.
    """

    texts: bool = False
    n_orders: int = 1
    power: float = 0.0
    letter_prior: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    weight: float = 1.0
    scores: Mapping[str, float] = field(default_factory=dict)
    n_cells: int = 0
    n_batteries: int = 0

    @property
    def words(self) -> str:
        """What it does, for people."""
        if not self.weight:
            return "debiased: uniform, no reading beat it"
        how = "words of the options" if self.texts else f"letters in {self.n_orders} order{'s' * (self.n_orders > 1)}"
        prior = ", letter prior off" if self.letter_prior else ""
        nobody = f", nobody in particular ^ {self.power:g} divided out" if self.power else ""
        return f"debiased: {how}{prior}{nobody}, weight {self.weight:.2f}"

    def notes(self) -> tuple[str, ...]:
        """Return for people what was chosen, and what it brings."""
        scores = ", ".join(f"{name} {score:.3f}" for name, score in self.scores.items())
        return (
            f"Chosen on {self.n_batteries} validation batteries: {self.words}. Mean 1 - Jensen-Shannon distance there, "
            f"each battery left out of the choice: {scores}.",
        )

    def plain(self) -> dict[str, Any]:
        """Return the reading as plain values."""
        kept = to_plain(self)
        return {**kept, "letter_prior": {str(k): list(logs) for k, logs in self.letter_prior.items()}}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> WayOfReading:
        """Return the reading that `plain` gave. Raises SurveyError (exit 3) for anything else."""
        found = from_plain(cls, plain)
        prior = {int(k): tuple(map(float, logs)) for k, logs in found.letter_prior.items()}
        return replace(found, letter_prior=prior)
