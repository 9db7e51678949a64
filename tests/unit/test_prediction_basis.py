"""What a prediction follows from: the first release's predictions are still found, and other questions are others."""

from __future__ import annotations

from dataclasses import replace

from model_samples import make_contents

from surveycli.configuration import ModelSpec, PredictConfig
from surveycli.plain import from_plain
from surveycli.prediction.basis import basis_of
from surveycli.prompt import PromptOrder, PromptStyle, load_frame

CONTENTS = replace(make_contents(3, 4), frames=(load_frame("en"),))
FINGERPRINT = "0123456789abcdef"
PERMUTED = {
    "split": "made-up",
    "model": {"name": "x"},
    "prompt": {"order": "short-suffix"},
    "elicitation": "permuted",
    "n_permutations": 6,
    "temperature": None,
    "parts": ["test"],
}


def test_the_first_releases_predictions_are_still_found() -> None:
    """Two configurations as release 0.1.0 wrote them have the hashes that it computed."""
    assert basis_of(PredictConfig("made-up"), CONTENTS, FINGERPRINT, None) == "7444feef06ad7721"
    assert basis_of(from_plain(PredictConfig, PERMUTED), CONTENTS, FINGERPRINT, None) == "6e90041ccbd6c0ab"


def test_what_changes_an_answer_changes_the_hash() -> None:
    """Prompt, frame, text, settings and base model count; where and how the model computes does not."""
    plain = PredictConfig("made-up")
    usual = basis_of(plain, CONTENTS, FINGERPRINT, None)
    assert basis_of(replace(plain, model=ModelSpec("y", device="cpu")), CONTENTS, FINGERPRINT, None) == usual
    styles = [
        PromptStyle(PromptOrder.ITEM_FIRST),
        PromptStyle(chat_template=False),
        PromptStyle(template_date="2030-01-01"),
    ]
    others = [basis_of(replace(plain, prompt=style), CONTENTS, FINGERPRINT, None) for style in styles]
    others.append(basis_of(replace(plain, settings={"by": 2}), CONTENTS, FINGERPRINT, None))
    others.append(basis_of(plain, replace(CONTENTS, frames=()), FINGERPRINT, None))
    others.append(basis_of(plain, CONTENTS, "fedcba9876543210", None))
    assert len({usual, *others}) == 7
