"""How much of what a trained model says is to be believed, for each kind of cell: calibration.json of its run folder.

The weights of model and prior (distribution/mixture.py) are fitted at the end of a training, on cells that it did not
learn from. Items that training knows and items that are new to it have weights of their own. The file holds all that
predicting needs: the items that training knows, and the priors, which are the position marginals of training.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from surveycli.distribution.arrays import Floats
from surveycli.distribution.mixture import Mixture
from surveycli.domain import CellKey, Familiarity
from surveycli.run_folder.folder import RunFolder, replacing
from surveycli.run_folder.reading import damaged, field, read_json
from surveycli.untrusted.text import shown

_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class ModelTrust:
    """Mixtures for items that training knows and for new ones, None where nothing could be told.

    `marginals` has the prior of items with as many options; `languages` those that the model was trained in, for which
    alone the weights hold.
    """

    known_items: Mixture | None
    new_items: Mixture | None
    items: frozenset[tuple[str, str]]
    marginals: Mapping[int, tuple[float, ...]]
    languages: tuple[str, ...]

    @property
    def is_known(self) -> bool:
        """Whether anything could be told."""
        return self.known_items is not None or self.new_items is not None

    def mixture_of(self, key: CellKey, language: str) -> Mixture | None:
        """Return the mixture that holds for a cell; None where there is none."""
        if language not in self.languages:
            return None
        return self._mixtures()[Familiarity.of(key, self.items)]

    def apply(self, key: CellKey, language: str, probabilities: tuple[float, ...]) -> tuple[tuple[float, ...], str]:
        """Return the calibrated probabilities of a cell, and in words how much of them is the model's."""
        mixture, n_options = self.mixture_of(key, language), len(probabilities)
        if mixture is None:
            return probabilities, "not calibrated: too little was held out"
        marginal = self.marginals.get(n_options, (1 / n_options,) * n_options)
        model, prior = (np.array([shares], dtype=np.float64) for shares in (probabilities, marginal))
        shares: Floats = mixture.shares(model, prior, np.array([n_options]))[0]
        return tuple(shares.tolist()), _words(mixture)

    def record(self) -> dict[str, Any]:
        """Return the weights as they are kept with the run: by kind of item, None where nothing could be told."""
        return {kind.value: None if m is None else _rounded(m) for kind, m in self._mixtures().items()}

    def notes(self) -> tuple[str, ...]:
        """Return for people how much weight the model got, a sentence for each kind of item."""
        said = []
        for kind, mixture in self._mixtures().items():
            if mixture is None:
                said.append(f"Calibration of {kind.words}: none, too little of the training part was held out to tell.")
                continue
            unit = "populations" if kind is Familiarity.KNOWN_ITEMS else "batteries"
            said.append(
                f"Calibration of {kind.words}, by {mixture.n_units} {unit} that were not learnt from: the model has "
                f"the weight {mixture.weight:.2f} (temperature {mixture.temperature:.2f}), the position marginal the "
                f"rest. What was left out of the choice is {_change(mixture.gain)} than by the marginal alone "
                f"(standard error {mixture.error:.3f})."
            )
        return tuple(said)

    def _mixtures(self) -> dict[Familiarity, Mixture | None]:
        return {Familiarity.KNOWN_ITEMS: self.known_items, Familiarity.NEW_ITEMS: self.new_items}


def write_calibration(folder: RunFolder, calibration: ModelTrust) -> None:
    """Write the calibration of a training."""
    content: dict[str, Any] = {
        kind.value: None if m is None else asdict(m) for kind, m in calibration._mixtures().items()
    }
    content |= {
        "items": sorted(map(list, calibration.items)),
        "marginals": {str(k): list(shares) for k, shares in sorted(calibration.marginals.items())},
        "languages": list(calibration.languages),
    }
    with replacing(folder.calibration) as aside:
        aside.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def read_calibration(folder: RunFolder) -> ModelTrust | None:
    """Return the calibration of a training; None where it has none. Raises SurveyError (exit 3) for a damaged file."""
    path = folder.calibration
    if not path.is_file():
        return None
    found = read_json(path)
    items, languages = field(path, found, "items", list), field(path, found, "languages", list)
    if not all(isinstance(one, list) and [type(part) for part in one] == [str, str] for one in items):
        raise damaged(path, f"expected pairs of survey and item as items, found {shown(items)}")
    if not all(isinstance(one, str) for one in languages):
        raise damaged(path, f"expected texts as languages, found {shown(languages)}")
    marginals = {}
    for name, shares in field(path, found, "marginals", dict).items():
        numbers = isinstance(shares, list) and all(isinstance(x, (int, float)) and 0 <= x <= 1 for x in shares)
        if not numbers or name != str(len(shares)) or abs(sum(shares) - 1) > _TOLERANCE:
            raise damaged(path, f"expected a distribution over {shown(name)} options, found {shown(shares)}")
        marginals[len(shares)] = tuple(map(float, shares))
    known, new = (_mixture(folder, found, name) for name in Familiarity)
    pairs = frozenset((survey, item) for survey, item in items)
    return ModelTrust(known, new, pairs, marginals, tuple(languages))


def _mixture(folder: RunFolder, found: dict[str, Any], name: str) -> Mixture | None:
    value = field(folder.calibration, found, name, (dict, type(None)))
    if value is None:
        return None
    place = f"{folder.calibration}, {name}"
    numbers = {f.name: field(place, value, f.name, (int, float)) for f in fields(Mixture)}
    if not (0 <= numbers["weight"] <= 1 and numbers["temperature"] > 0 and all(map(np.isfinite, numbers.values()))):
        raise damaged(folder.calibration, f"in {name}, expected a weight from 0 to 1, found {shown(value)}")
    return Mixture(
        weight=float(numbers["weight"]),
        temperature=float(numbers["temperature"]),
        gain=float(numbers["gain"]),
        error=float(numbers["error"]),
        n_cells=int(numbers["n_cells"]),
        n_units=int(numbers["n_units"]),
    )


def _rounded(mixture: Mixture) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(mixture).items()}


def _words(mixture: Mixture) -> str:
    if mixture.weight == 0:
        return "position marginal: the model got no weight"
    return f"calibrated: weight {mixture.weight:.2f}, temperature {mixture.temperature:.2f}"


def _change(gain: float) -> str:
    return f"predicted {'better' if gain > 0 else 'worse'} by {abs(gain):.3f}"
