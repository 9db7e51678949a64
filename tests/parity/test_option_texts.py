"""Scores of option texts against the model's own forward pass over each whole text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from model_samples import make_contents

from surveycli.configuration import BatchSettings, ModelSpec, PredictConfig
from surveycli.engine.defaults import settle_batches
from surveycli.engine.encode import OptionTokens
from surveycli.engine.examples import ExampleSource
from surveycli.engine.model import load_language_model
from surveycli.engine.processes import Processes
from surveycli.prediction.option_texts import score_texts
from surveycli.prediction.prediction_job import PredictionJob
from surveycli.prompt import PromptOrder, PromptStyle, render_prompt
from surveycli.run_folder import RunFolder

CONTENTS = make_contents(3, 2)
STYLE = PromptStyle(PromptOrder.ITEM_FIRST)


@torch.no_grad()
@pytest.mark.parametrize("shares_prefixes", [True, False])
def test_scores_are_mean_log_probabilities_of_the_words(shares_prefixes: bool) -> None:
    """Each option's score is what the model's own logits give its tokens, one after the other, in float64."""
    language_model = load_language_model(ModelSpec(device="cpu"), share_prefixes=shares_prefixes)
    tokenizer = language_model.tokenizer
    batches = settle_batches(BatchSettings(share_prefixes=shares_prefixes), language_model.device)
    config = PredictConfig("made-up", ModelSpec(device="cpu"), STYLE, batches=batches)
    source = ExampleSource.of(tokenizer, CONTENTS.questions, CONTENTS.populations, STYLE, CONTENTS.frames)
    job = PredictionJob(
        config, language_model.model, source, OptionTokens(()), RunFolder(Path()), Processes(), asked={}
    )
    for cell, scores in zip(CONTENTS.cells, score_texts(job, CONTENTS.cells, source), strict=True):
        question = source.question(cell)
        labels = [option.label for option in question.options]
        text = render_prompt(question, source.population(cell), STYLE).text
        for letter, label in zip("ABCDE", labels, strict=False):
            text = text.replace(f"({letter}) {label}", f"- {label}")
        prompt = text.removesuffix("(").rstrip()
        for label, score in zip(labels, scores, strict=True):
            before, whole = (tokenizer.encode(words) for words in (prompt, f"{prompt} {label}"))
            logits = language_model.model(input_ids=torch.tensor([whole])).logits[0].double()
            start = next(i for i in range(len(whole) + 1) if i >= len(before) or before[i] != whole[i])
            own = [float(logits[i - 1].log_softmax(-1)[whole[i]]) for i in range(start, len(whole))]
            assert score == pytest.approx(np.mean(own), abs=1e-4)
