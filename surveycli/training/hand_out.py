"""Trained weights for others: a model card and the tokenizer beside them, and a merged model for transformers."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from surveycli.configuration import FinetuneConfig, Quantise
from surveycli.domain import TRAIN, VALIDATION
from surveycli.engine.defaults import settle_precision
from surveycli.engine.foreign import foreign
from surveycli.engine.loading import precision_kept
from surveycli.engine.model import load_language_model
from surveycli.engine.source import ADAPTER_CONFIG
from surveycli.engine.weights import load_weights
from surveycli.errors import SurveyError, conflict, usage
from surveycli.progress import Progress
from surveycli.prompt import LETTERS
from surveycli.run_folder import (
    FolderContents,
    RunFolder,
    TrainingOutcome,
    read_configuration,
    read_contents,
    read_outcome,
)
from surveycli.run_folder.folder import replacing
from surveycli.run_folder.kept_weights import best_weights, epoch_of, read_kept
from surveycli.untrusted.text import excerpt

CARD = "README.md"


def hand_out(
    folder: RunFolder,
    outcome: TrainingOutcome,
    progress: Progress,
    *,
    licences: Mapping[str, str] | None = None,
    tokenizer: Any = None,
) -> None:
    """Put a model card, and the tokenizer where one is given, beside each of the best weights of a training.

    `licences` has those of the surveys that it learnt from, by survey. A disk that is full now costs these files, not
    the training: that they are missing is told in a line.
    """
    try:
        for weights in (folder.weights / name for name in read_kept(folder.weights).names):
            if tokenizer is not None:
                with foreign(f"The tokenizer cannot be written to {weights}"):
                    tokenizer.save_pretrained(weights)
            with replacing(weights / CARD) as aside:
                card = _card(folder, outcome, licences or {}, _how_to_load(weights), epoch_of(weights.name))
                aside.write_text(card, encoding="utf-8")
    except SurveyError as error:
        progress("model card", 0, 1, f"the model card is missing: {error.message}", tell=True)


def merge_run(folder: RunFolder, target: Path, licences: Mapping[str, str]) -> Path:
    """Write the trained model as one folder that plain transformers loads, with tokenizer and card; return the folder.

    An adapter is added to the matrices that it changes: W + (alpha / rank) B A. Raises SurveyError: exit 5 where
    `target` is there already or training has not ended, 4 where nothing is trained yet, 2 for a base that is held in 4
    or 8 bits, whose sum with an adapter those bits cannot hold, 3 where the folder cannot be written.
    """
    if target.exists():
        raise conflict(f"{target} is there already.", "Name a new folder with --output.")
    config = read_configuration(folder, FinetuneConfig)
    if config.model.quantise is not Quantise.NONE:
        raise usage("An adapter cannot be merged into a base of 4 or 8 bits.", f"The adapter is in {folder.weights}.")
    source, outcome = best_weights(folder.weights), read_outcome(folder)
    if outcome is None:
        raise conflict(f"{folder.path.name} has not ended its training.", "`surveycli finetune --resume RUN` does.")
    language_model = load_language_model(settle_precision(config.model, precision_kept(source)))
    model = load_weights(language_model, source)
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    aside = target.with_name(f".{target.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        with foreign(f"Cannot write {target}", "Name a folder that you may write to, on a disk with room."):
            aside.parent.mkdir(parents=True, exist_ok=True)
            model.save_pretrained(aside)
            language_model.tokenizer.save_pretrained(aside)
            (aside / CARD).write_text(_card(folder, outcome, licences, _WHOLE, outcome.best_epoch), encoding="utf-8")
            aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target


_WHOLE = """\
```python
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("THIS_FOLDER")
tokenizer = AutoTokenizer.from_pretrained("THIS_FOLDER")
```

With surveycli: `surveycli predict --model THIS_FOLDER --split SPLIT`.
"""
_ADAPTER = """\
```python
from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer

model = AutoPeftModelForCausalLM.from_pretrained("THIS_FOLDER")
tokenizer = AutoTokenizer.from_pretrained("THIS_FOLDER")
```

With surveycli: `surveycli predict --model THIS_FOLDER --split SPLIT`.
"""


def _how_to_load(weights: Path) -> str:
    return _ADAPTER if (weights / ADAPTER_CONFIG).is_file() else _WHOLE


def _card(folder: RunFolder, outcome: TrainingOutcome, licences: Mapping[str, str], loading: str, epoch: int) -> str:
    """Return the text of a model card; `loading` says how to load what it lies beside, weights of an `epoch`."""
    config, contents = read_configuration(folder, FinetuneConfig), read_contents(folder)
    lora, settings, prompt = config.lora, config.optimiser, config.prompt
    trained = "all weights" if lora is None else f"LoRA adapter, rank {lora.rank}, alpha {lora.alpha}"
    most = max((len(question.options) for question in contents.questions), default=1)
    return f"""\
# {config.model.name}, fine-tuned on survey answers

The model predicts how the answers to a survey question are distributed in a population: the probabilities of the
option letters, as the first token of its answer, are the predicted shares. They are predictions, not answers of people.

## Base model and training

- Base model: `{config.model.name}`, revision {config.model.revision or "not fixed"}. Its licence applies here too.
- Trained: {trained}; loss {settings.loss.value}, learning rate {settings.learning_rate:g},
  {settings.batch_size} prompts per step, seed {config.seed}, preset {config.preset or "none"}.
- Length: {outcome.epochs} epochs, {outcome.steps} steps; these are the weights of epoch {epoch}.
{_losses(outcome)}

## Data

Split `{config.split}`, {config.shares.value} shares of respondents.

{_data(contents, licences)}

## Prompt

- Order: {prompt.order.value}; languages: {", ".join(config.languages)}; populations by {prompt.describe.value}.
- Chat template: {"used where the tokenizer has one" if prompt.chat_template else "not used"}.
- Option letters: A to {LETTERS[min(most, len(LETTERS)) - 1]}, {_orders(config)}.

## How to load it

{loading}"""


def _orders(config: FinetuneConfig) -> str:
    others = config.option_orders - 1
    more = f" and in {others} other orders of each item, anew in each epoch" if others else ""
    return f"in the order of the options' codes{more}"


def _losses(outcome: TrainingOutcome) -> str:
    """Return a line for each loss that an epoch was the best by."""
    loss = outcome.best_validation_loss
    told = "there was no validation part" if loss is None else f"{loss:.4f} nats, best in epoch {outcome.best_epoch}"
    of_kind = (f"- Loss on {kind.words}: {loss:.4f} nats, best in epoch {e}." for kind, e, loss in outcome.best_of_kind)
    return "\n".join((f"- Validation loss: {told}.", *of_kind))


def _data(contents: FolderContents, licences: Mapping[str, str]) -> str:
    """Return a line for each survey: how many of its cells were used, and under what terms they are."""
    cells = Counter((cell.key.survey_id, cell.part) for cell in contents.cells)
    return "\n".join(
        f"- `{survey}`: {cells[survey, TRAIN]:,} cells for training, {cells[survey, VALIDATION]:,} for validation. "
        f"Licence: {excerpt(licences.get(survey) or 'not recorded; ask the publisher')}"
        for survey in sorted({survey for survey, _ in cells})
    )
