"""What a prediction follows from, as a hash: cells that were predicted from the same are not computed again.

It is spelt as the first release spelt it, so that its predictions are still found; settings that it did not have are
added where they are not at their default.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from surveycli.configuration import PredictConfig
from surveycli.plain import to_plain
from surveycli.prompt import PromptStyle
from surveycli.run_folder import FolderContents

# Where and how a model computes changes nothing about what is asked; the first release hashed these in its place.
_MODEL = {
    "name": "tiny",
    "revision": None,
    "precision": "auto",
    "quantise": "none",
    "device": "auto",
    "attention": "auto",
    "seed": 42,
    "sharded": False,
    "compiled": False,
}
_BATCHES = {
    "share_prefixes": True,
    "examples_per_tree": 16,
    "max_row_tokens": 0,
    "checkpoint_every_steps": 200,
    "gradient_checkpointing": False,
}


def basis_of(config: PredictConfig, contents: FolderContents, fingerprint: str, weights: Path | None) -> str:
    """Return 16 hex digits of all that a predicted distribution follows from, beside the cell: a text may be changed.

    `fingerprint` is the base model's; `weights` the folder of trained ones, None for the model as it came.
    """
    first, newer = _settings(config)
    digest = hashlib.sha256(repr(first).encode() + fingerprint.encode())
    if newer:
        digest.update(repr(newer).encode())
    frames = repr(contents.frames).replace("PromptFrame(", "PromptTemplate(")
    digest.update(f"({contents.questions!r}, {contents.populations!r}, {frames})".encode())
    for path in sorted(weights.glob("*.safetensors")) if weights else ():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _settings(config: PredictConfig) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings of the first release, in its order, and the younger ones that are not at their default."""
    plain, usual = to_plain(config), to_plain(PromptStyle())
    prompt, own = plain["prompt"], dict(plain["settings"])
    first = {
        "split": plain["split"],
        "model": _MODEL,
        "prompt": {"order": prompt.pop("order"), "describe": prompt.pop("describe")},
        "languages": plain["languages"],
        "elicitation": plain["elicitation"],
        "n_permutations": own.pop("n_permutations", 4),
        "temperature": plain["temperature"],
        "parts": None,
        "weights": None,
        "batches": _BATCHES,
        "shares": plain["shares"],
        "seed": plain["seed"],
        "trained_by": None,
    }
    changed = {name: value for name, value in prompt.items() if value != usual[name]}
    return first, changed | own
