"""Training steps on a GPU: agreement, tokens per second, model FLOP utilisation, memory. Not measured yet by us.

`python -m benchmarks.gpu [--quantise 4bit] [--compile] [--peak-tflops 989]` first compares a small float32 model's
adapter gradients, trees under each attention against one prompt at a time. Then it trains an adapter on a random model
of Llama 3's 8B shape, in bfloat16, on the paper's training prompts in every order, with each attention.

Utilisation is 4 x body parameters x tokens per second over the peak rate: what training an adapter needs, not what the
hardware happened to do. Seconds per epoch are those of the paper's 6,841 training examples at the rate measured.
`--device cpu --layers 1 --batch 8 --steps 1` goes through the same code without a GPU.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.published_step import LORA, TrainingExamples, body_heavy_llama, describe_machine, load_examples
from surveycli.configuration import BatchSettings, ModelSpec, Quantise
from surveycli.engine.batching import plan_epoch, row_tokens
from surveycli.engine.compilation import compile_layers
from surveycli.engine.compute import compute_options, compute_options_plainly, human_shares
from surveycli.engine.defaults import FLEX, settle_batches
from surveycli.engine.first_token import loss_per_prompt
from surveycli.engine.model import LanguageModel
from surveycli.engine.tiny import load_tiny_tokenizer
from surveycli.engine.weights import make_trainable
from surveycli.prompt import PromptOrder, PromptStyle

EPOCH = 6841
WARM_UP = 2  # steps in which kernels are compiled and memory is taken


@dataclass(frozen=True)
class Setting:
    """What the command line chose."""

    device: torch.device
    layers: int
    per_tree: int
    batch: int
    steps: int
    quantise: Quantise
    compiled: bool
    peak_tflops: float


def eight_billion(setting: Setting, attention: str) -> Any:
    """Return a random model of Llama 3's 8B shape with an adapter, in bfloat16."""
    config = LlamaConfig(
        vocab_size=128256,
        hidden_size=4096,
        intermediate_size=14336,
        num_hidden_layers=setting.layers,
        num_attention_heads=32,
        num_key_value_heads=8,
    )
    with setting.device:
        torch.set_default_dtype(torch.bfloat16)
        model = LlamaForCausalLM(config)
        torch.set_default_dtype(torch.float32)
    if setting.quantise is not Quantise.NONE:
        quantise_layers(model, setting)
    model.set_attn_implementation(attention)
    if setting.compiled:
        compile_layers(model)
    return make_trainable(LanguageModel(model, load_tiny_tokenizer(), "", ModelSpec("random")), LORA).train()


def quantise_layers(model: Any, setting: Setting) -> None:
    """Put bitsandbytes layers in place of the decoder's matrices, one by one, as loading from disk would."""
    from bitsandbytes import nn as few_bits

    for parent in list(model.model.layers.modules()):
        for name, linear in list(parent.named_children()):
            if type(linear) is not nn.Linear:
                continue
            shape: dict[str, Any] = {"bias": False, "device": "cpu"}
            if setting.quantise is Quantise.FOUR_BIT:
                held = few_bits.Linear4bit(
                    linear.in_features, linear.out_features, compute_dtype=torch.bfloat16, quant_type="nf4", **shape
                )
            else:
                held = few_bits.Linear8bitLt(
                    linear.in_features, linear.out_features, has_fp16_weights=False, threshold=6.0, **shape
                )
            held.load_state_dict({"weight": linear.weight.detach().cpu()})
            setattr(parent, name, held.to(setting.device))


def gradient(
    model: Any, training: TrainingExamples, rows: list[list[int]], batches: BatchSettings, *, alone: bool
) -> Tensor:
    """Return the adapter's gradient of the summed loss of all rows."""
    model.zero_grad(set_to_none=True)
    for row in rows:
        chosen = [training.examples[i] for i in row]
        options = (
            compute_options_plainly(model, chosen[0], training.tokens)
            if alone
            else compute_options(model, chosen, training.tokens, batches)
        )
        loss_per_prompt(options.logits, options.present, human_shares(model, chosen)).sum().backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]).double()


def disagreement(setting: Setting, order: PromptOrder, attention: str) -> float:
    """Return the relative difference of trees' gradients from those of one prompt at a time, in float32."""
    model = body_heavy_llama().to(setting.device).eval()  # without dropout
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.05)
    training = load_examples(PromptStyle(order))
    batches = settle_batches(BatchSettings(examples_per_tree=setting.per_tree), setting.device)
    rows = plan_epoch(training.examples, batches, 32, (0, 0))[0]
    model.set_attn_implementation("sdpa")
    alone = gradient(model, training, [[i] for row in rows for i in row], batches, alone=True)
    model.set_attn_implementation(attention)
    together = gradient(model, training, rows, batches, alone=False)
    return float((together - alone).norm() / alone.norm())


def measure(model: Any, setting: Setting, order: PromptOrder) -> str:
    """Return a table row: tokens per example, tokens per second, seconds per epoch, utilisation, peak memory."""
    training = load_examples(PromptStyle(order))
    batches = settle_batches(BatchSettings(examples_per_tree=setting.per_tree), setting.device)
    plan = plan_epoch(training.examples, batches, setting.batch, (0, 0))[: setting.steps + WARM_UP]
    n_tokens = n_examples = 0
    began = 0.0
    if setting.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    for number, step in enumerate(plan):
        if number == WARM_UP:
            synchronise(setting)
            began = time.perf_counter()
        for row in step:
            chosen = [training.examples[i] for i in row]
            options = compute_options(model, chosen, training.tokens, batches)
            loss_per_prompt(options.logits, options.present, human_shares(model, chosen)).mean().backward()
            if number >= WARM_UP:
                n_tokens += row_tokens(training.examples, row, batches)
                n_examples += len(row)
        model.zero_grad(set_to_none=True)
    synchronise(setting)
    seconds = time.perf_counter() - began
    used = 4 * body_parameters(model) * n_tokens / seconds / 1e12 / setting.peak_tflops
    memory = torch.cuda.max_memory_allocated() / 2**30 if setting.device.type == "cuda" else float("nan")
    return (
        f"| {order.value} | {n_tokens / n_examples:.1f} | {n_tokens / seconds:,.0f} "
        f"| {EPOCH * seconds / n_examples:.1f} | {used:.1%} | {memory:.1f} |"
    )


def body_parameters(model: Any) -> int:
    """Return the parameters of the decoder's layers without the adapter, as many as there are before quantising."""
    matrices = (m for name, m in model.named_modules() if ".layers." in name and isinstance(m, nn.Linear))
    all_of_them = sum(m.in_features * m.out_features for m in matrices if not hasattr(m, "base_layer"))
    return all_of_them - int(sum(p.numel() for name, p in model.named_parameters() if "lora_" in name))


def synchronise(setting: Setting) -> None:
    """Wait for the GPU."""
    if setting.device.type == "cuda":
        torch.cuda.synchronize()


def parse() -> Setting:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--per-tree", type=int, default=46, help="prompts per tree")
    parser.add_argument("--batch", type=int, default=256, help="prompts per step")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--quantise", type=Quantise, choices=list(Quantise), default=Quantise.NONE)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument(
        "--peak-tflops", type=float, default=989.0, help="dense bfloat16 peak; an H100's or H200's is 989"
    )
    given = parser.parse_args()
    if given.device == "cuda" and not torch.cuda.is_available():
        sys.exit("benchmarks.gpu needs a CUDA device.")
    return Setting(
        torch.device(given.device),
        given.layers,
        given.per_tree,
        given.batch,
        given.steps,
        given.quantise,
        given.compile,
        given.peak_tflops,
    )


def main() -> None:
    """Print the tables."""
    setting = parse()
    on_gpu = setting.device.type == "cuda"
    print(f"{torch.cuda.get_device_name() if on_gpu else setting.device}; {describe_machine()}")
    print(f"weights: {setting.quantise.value}, compiled: {setting.compiled}, trees of {setting.per_tree}\n")
    attentions = (FLEX, "sdpa") if on_gpu else ("sdpa",)  # flex_attention's backward pass does not run on a CPU
    print("| attention | order | gradients differ by |\n|---|---|---|")
    for attention in attentions:
        for order in PromptOrder:
            print(f"| {attention} | {order.value} | {disagreement(setting, order, attention):.1e} |", flush=True)
    for attention in attentions:
        model = eight_billion(setting, attention)
        print(f"\n{attention}\n\n| order | tokens/example | tokens/s | s/epoch | utilisation | memory, GiB |")
        print("|---|---|---|---|---|---|")
        for order in PromptOrder:
            print(measure(model, setting, order), flush=True)
        del model
        if on_gpu:
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
