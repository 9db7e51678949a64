"""A model behind a server: the probabilities that it reports for the first token of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from surveycli.configuration import PredictConfig
from surveycli.domain import Cell
from surveycli.prediction.elicitation import ModelPredictor
from surveycli.prediction.server_choices import ServedSettings
from surveycli.predictor import Need
from surveycli.progress import Progress

if TYPE_CHECKING:
    from surveycli.run_folder import FolderContents, RunFolder


def _serve(
    folder: RunFolder, config: PredictConfig, contents: FolderContents, todo: Sequence[Cell], progress: Progress
) -> str:
    from surveycli.prediction.ask_server import predict_served  # loads httpx

    return predict_served(folder, config, contents, todo, progress)


def _tell(folder: RunFolder) -> tuple[str, ...]:
    from surveycli.prediction.ask_server import notes_of

    return notes_of(folder)


PREDICTORS = (
    ModelPredictor(
        name="served",
        draws=False,
        help="A model behind a server: the first-token probabilities that it reports.",
        needs=frozenset({Need.MODEL}),
        settings=ServedSettings,
        incidental=frozenset(
            {"concurrency", "requests_per_minute", "timeout", "tries", "key_variable", "price_per_million_tokens"}
        ),
        elicitation="served",
        serve=_serve,
        tell=_tell,
    ),
)
