"""Small random models, made-up prompts and run folders that the tests of the model rooms share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from transformers import AutoModelForCausalLM

from surveycli.configuration import BatchSettings, FinetuneConfig, LoraSettings, ModelSpec, OptimiserSettings
from surveycli.domain import Cell, CellKey, Option, Population, Question, Scale
from surveycli.engine.encode import OptionTokens
from surveycli.engine.examples import Example, ExampleSource
from surveycli.engine.tiny import load_tiny_tokenizer
from surveycli.plain import to_plain
from surveycli.prompt import PromptOrder, PromptStyle
from surveycli.run_folder import FolderContents, Manifest, RunFolder, write_contents

VOCABULARY = 300
_COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "bos_token_id": None,
    "eos_token_id": 1,
    "pad_token_id": 0,
}
_HEADS: dict[str, Any] = {"head_dim": 8}
# Decoder families by the name of their configuration class, with what they need beyond the common shape.
FAMILIES: dict[str, dict[str, Any]] = {
    "Llama": {},
    "Mistral": {},
    "Qwen2": {},
    "Qwen3": _HEADS,
    "Gemma": _HEADS,
    "Gemma2": _HEADS,
    "Gemma3Text": _HEADS,
    "Phi3": {},
    "Glm": _HEADS,
    "Olmo2": {},
    "Cohere": {},
    "Granite": {},
}
OTHER_LAYOUTS: dict[str, dict[str, Any]] = {
    "GPT2": {"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 512},
    "GPTNeoX": {k: v for k, v in _COMMON.items() if k != "num_key_value_heads"},
}


def build_model(family: str, attention: str = "sdpa", **changes: Any) -> Any:
    """Return a small random model of a family, the same at each call."""
    shape = OTHER_LAYOUTS[family] if family in OTHER_LAYOUTS else {**_COMMON, **FAMILIES[family]}
    config = getattr(transformers, f"{family}Config")(**{**shape, **changes})
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, attn_implementation=attention, dtype=torch.float32)
    with torch.no_grad():  # the usual scale of 0.02 makes small models nearly constant: differences would not show
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(5.0)
    return model.eval()


def random_sequences(n: int, seed: int = 0, vocabulary: int = VOCABULARY) -> list[np.ndarray]:
    """Return token sequences of which about half begin alike."""
    random = np.random.default_rng(seed)
    beginnings = [random.integers(2, vocabulary, 12), random.integers(2, vocabulary, 7)]
    return [
        np.concatenate([beginnings[i % 2], random.integers(2, vocabulary, random.integers(2, 9))]) for i in range(n)
    ]


def one_at_a_time(model: Any, sequences: Sequence[np.ndarray]) -> torch.Tensor:
    """Return the last hidden state at the last token of each sequence by itself: (N, H)."""
    decoder = model.get_decoder()
    states = [decoder(input_ids=torch.from_numpy(s)[None], use_cache=False).last_hidden_state[:, -1] for s in sequences]
    return torch.cat(states)


def random_examples(n: int, seed: int = 0) -> tuple[list[Example], OptionTokens]:
    """Return examples with random tokens and shares, of 2 to 5 options, in two groups."""
    random = np.random.default_rng(seed)
    examples = []
    for index, tokens in enumerate(random_sequences(n, seed)):
        n_options = 2 + index % 4
        shares = tuple(random.dirichlet(np.ones(n_options)).tolist())
        cell = Cell(CellKey("s", f"q{index % 2}", f"p{index}"), "train", "en", shares)
        examples.append(Example(cell, tokens, n_options, tuple(range(n_options)), ("en", f"q{index % 2}")))
    return examples, OptionTokens((11, 12, 13, 14, 15))


def make_contents(n_items: int, n_populations: int, seed: int = 0) -> FolderContents:
    """Return a small survey: items of 2 to 4 options, cells with random shares, the last item for validation."""
    random = np.random.default_rng(seed)
    questions = tuple(
        Question(
            "s", f"q{i}", "en", f"How much do you like thing number {i}?",
            tuple(Option(code, f"level {code}") for code in range(1, 3 + i % 3)), Scale.ORDINAL,
        )
        for i in range(n_items)
    )  # fmt: skip
    populations = tuple(
        Population(f"p{i}", "en", f"Land {i}", f"people in Land {i}", f"region {i % 3}") for i in range(n_populations)
    )
    cells = tuple(
        Cell(
            CellKey("s", question.item_id, population.population_id),
            "validation" if question is questions[-1] else "train",
            "en",
            tuple(random.dirichlet(np.ones(len(question.options))).tolist()),
            100,
        )
        for question in questions
        for population in populations
    )
    return FolderContents(questions, populations, cells)


def small_config(model: str = "tiny", **optimiser: Any) -> FinetuneConfig:
    """Return a configuration that trains in a second: two epochs, steps of 8 prompts, a checkpoint every other step."""
    settings = OptimiserSettings(epochs=2, learning_rate=3e-3, batch_size=8)
    return FinetuneConfig(
        split="made-up",
        model=ModelSpec(model, device="cpu"),
        prompt=PromptStyle(PromptOrder.ITEM_FIRST),
        lora=None if model == "tiny" else LoraSettings(rank=4, alpha=8, dropout=0.1),
        optimiser=replace(settings, **optimiser),
        batches=BatchSettings(examples_per_tree=4, max_row_tokens=100, checkpoint_every_steps=2),
    )


def make_training_folder(path: Path, config: FinetuneConfig, n_items: int = 5, n_populations: int = 6) -> RunFolder:
    """Write a run folder to train in."""
    folder = RunFolder(path)
    manifest = Manifest(path.name, "finetune", to_plain(config), {})
    write_contents(folder, manifest, make_contents(n_items, n_populations))
    return folder


def save_local_model(path: Path, family: str = "Llama", seed: int = 0, **changes: Any) -> Path:
    """Write a small model and the package's tokenizer to a folder, as a downloaded model would lie there."""
    tokenizer = load_tiny_tokenizer()
    model = build_model(family, vocab_size=len(tokenizer), **changes)
    if seed:
        torch.manual_seed(seed)
        with torch.no_grad():
            model.get_input_embeddings().weight.normal_()
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def source_of(
    contents: FolderContents, order: PromptOrder = PromptOrder.ITEM_FIRST, tokenizer: Any = None
) -> ExampleSource:
    """Return what turns the cells of `contents` into prompts, with the package's tokenizer unless another is given."""
    tokenizer = tokenizer or load_tiny_tokenizer()
    return ExampleSource.of(tokenizer, contents.questions, contents.populations, PromptStyle(order))
