"""Texts to vectors, by any encoder that sentence-transformers loads: a local folder or a Hugging Face id.

A folder that sentence-transformers wrote pools as it says itself; of any other encoder (BERT, for one) the last hidden
states of all tokens are averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec

import numpy as np

from surveycli.distribution.arrays import Floats
from surveycli.errors import missing_extra, not_found

Encode = Callable[[Sequence[str]], Floats]


def load_encoder(name: str) -> Encode:
    """Return a function from N texts to vectors (N, D).

    Raises SurveyError: exit 6 where sentence-transformers is not installed, 4 where the encoder cannot be found.
    """
    if find_spec("sentence_transformers") is None:
        raise missing_extra(
            "The knn predictor reads texts with sentence-transformers, which is not installed.",
            "`pip install 'surveycli[embeddings]'`.",
        )
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()  # a command shows its own progress
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(name)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise not_found(
            f"Cannot load the encoder {name!r}: {reason}",
            "Give a Hugging Face id (this needs a network) or a local folder.",
        ) from error

    def encode(texts: Sequence[str]) -> Floats:
        return np.asarray(model.encode(list(texts), show_progress_bar=False), dtype=np.float64)

    return encode


def unit_rows(vectors: Floats) -> Floats:
    """Return the rows (N, D) scaled to length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0))
