"""What a prediction follows from, in fingerprints: the model and the way of asking once, the texts cell by cell."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from surveycli.configuration import FIRST_TOKEN, BatchSettings, ModelSpec, PredictConfig
from surveycli.domain import CellKey, Shares
from surveycli.plain import to_plain
from surveycli.prediction.elicitation import find_elicitation
from surveycli.prediction.trained import Trained
from surveycli.run_folder import FolderContents

_LENGTH = 16
_LATER = frozenset({"calibrate", "debias", "exact"})


def way_of_asking(config: PredictConfig) -> PredictConfig:
    """Return the configuration without what changes no prediction: which cells are asked, and where it computes.

    The weights are named by their training alone. The seed matters where something is drawn: not to a first token.
    """
    trained = config.trained_by is not None
    plain, incidental = ModelSpec(), find_elicitation(config.elicitation).incidental
    model = replace(
        config.model,
        device=plain.device,
        attention=plain.attention,
        sharded=plain.sharded,
        compiled=plain.compiled,
        # A training is predicted with in its own number format; another one is refused.
        precision=plain.precision if trained else config.model.precision,
        quantise=plain.quantise if trained else config.model.quantise,
    )
    return replace(
        config,
        split="",
        parts=None,
        shares=Shares.WEIGHTED,
        batches=BatchSettings(),
        weights=None,
        model=model,
        settings={name: value for name, value in config.settings.items() if name not in incidental},
        seed=0 if config.elicitation == FIRST_TOKEN else config.seed,
    )


def basis_of(config: PredictConfig, model_fingerprint: str, trained: Trained | None) -> str:
    """Return the fingerprint of model, weights and way of asking: predictions of two of these never mix."""
    asked = to_plain(replace(way_of_asking(config), model=ModelSpec(), trained_by=None))
    # What 0.1.0 did not have is left out where it is not used, so that its folders go on.
    asked = {name: value for name, value in asked.items() if name not in _LATER or value}
    digest = hashlib.sha256(repr(asked).encode() + model_fingerprint.encode())
    if trained is not None and trained.calibration is not None:
        digest.update(repr(sorted(trained.calibration.record().items())).encode())
    for weights in () if trained is None else trained.folders:
        for path in sorted(weights.glob("*.safetensors")):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:_LENGTH]


def asked_of(contents: FolderContents) -> dict[tuple[CellKey, str], str]:
    """Return, for each cell and language, the fingerprint of its texts: question, options, population, prompt."""
    questions = {(q.survey_id, q.item_id, q.language): repr(q) for q in contents.questions}
    populations = {(p.population_id, p.language): repr(p) for p in contents.populations}
    frames = {f.language: repr(f) for f in contents.frames}
    asked = {}
    for cell in contents.cells:
        key, language = cell.key, cell.language
        texts = (
            questions.get((key.survey_id, key.item_id, language)),
            populations.get((key.population_id, language)),
            frames.get(language),
        )
        asked[key, language] = hashlib.sha256(repr(texts).encode()).hexdigest()[:_LENGTH]
    return asked
