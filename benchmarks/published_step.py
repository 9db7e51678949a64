"""What the benchmarks share: the bundled survey's prompts, a body-heavy model, and the published training step."""

from __future__ import annotations

import platform
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from surveycli.configuration import LoraSettings, ModelSpec
from surveycli.domain import Shares
from surveycli.engine.defaults import settle_attention
from surveycli.engine.encode import OptionTokens
from surveycli.engine.examples import Example, ExampleSource
from surveycli.engine.model import LanguageModel
from surveycli.engine.tiny import load_tiny_tokenizer
from surveycli.engine.weights import make_trainable
from surveycli.prompt import PromptStyle
from surveycli.run_folder import FolderContents
from surveycli.run_folder.transfer import CellRequest, export_contents
from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import open_store
from surveycli.survey import ingest_bundled

PADDED_TO = 256  # tokens that the published code pads every prompt to
LORA = LoraSettings(rank=8, alpha=32, dropout=0.05, targets=("q_proj", "v_proj"))


@dataclass(frozen=True)
class TrainingExamples:
    """The training part of the paper's split as prompts of one style, with the tokens of their options."""

    examples: list[Example]
    tokens: OptionTokens


@cache
def bundled_contents() -> FolderContents:
    """Return the cells of the paper's training part, unweighted, from the bundled distributions."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "b.duckdb", create=True) as store:
        ingest_bundled(store)
        make_split(store, Recipe.PAPER, SplitOptions(name="paper", seed=42))
        return export_contents(store, CellRequest("paper", ("en",), Shares.UNWEIGHTED, ("train",)))


def load_examples(style: PromptStyle) -> TrainingExamples:
    """Return the examples with the package's own tokenizer; token counts depend on it."""
    contents = bundled_contents()
    source = ExampleSource.of(load_tiny_tokenizer(), contents.questions, contents.populations, style)
    return TrainingExamples(source.examples(contents.cells), source.option_tokens(contents.cells))


def body_heavy_llama(**changes: Any) -> Any:
    """Return a random Llama with the paper's adapter; lm_head is about a tenth of the body, as in an 8B model."""
    tokenizer = load_tiny_tokenizer()
    shape = {
        "vocab_size": len(tokenizer),
        "hidden_size": 384,
        "intermediate_size": 1536,
        "num_hidden_layers": 7,
        "num_attention_heads": 6,
        "num_key_value_heads": 6,
    }
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**{**shape, **changes}, bos_token_id=None, eos_token_id=None))
    settle_attention(model, ModelSpec("random"), share_prefixes=True)
    return make_trainable(LanguageModel(model, tokenizer, "", ModelSpec("random")), LORA).train()


def published_forward(model: Any, examples: list[Example], letters: tuple[int, ...]) -> list[Tensor]:
    """Compute as the published code does: every prompt padded, all logits at every position, a loop over the batch."""
    ids = torch.zeros(len(examples), PADDED_TO, dtype=torch.long)
    seen = torch.zeros_like(ids)
    for row, example in enumerate(examples):
        length = len(example.tokens)
        ids[row, :length] = torch.from_numpy(example.tokens)
        seen[row, :length] = 1
    logits = model(input_ids=ids, attention_mask=seen).logits
    return [
        logits[row, len(example.tokens) - 1, list(letters[: example.n_options])].log_softmax(-1)
        for row, example in enumerate(examples)
    ]


def published_loss(model: Any, examples: list[Example], letters: tuple[int, ...]) -> Tensor:
    """Return the mean KL(human || model) over the examples, without the published division by K."""
    total = torch.zeros(())
    for example, log_q in zip(examples, published_forward(model, examples, letters), strict=True):
        shares = torch.tensor(example.lettered_shares, dtype=torch.float32)
        total = total + torch.nn.functional.kl_div(log_q, shares, reduction="sum")
    return total / len(examples)


def describe_machine() -> str:
    """Return processor, threads and the versions that matter."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    packages = ", ".join(f"{package} {version(package)}" for package in ("torch", "transformers", "peft"))
    return f"{name}, {torch.get_num_threads()} thread; Python {platform.python_version()}, {packages}"
