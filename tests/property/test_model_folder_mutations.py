"""Model folders with one thing changed anywhere in them: refused, or computed to finite numbers; never a crash."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from model_samples import make_contents, save_local_model, source_of
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from surveycli.configuration import BatchSettings, ModelSpec
from surveycli.engine.compute import compute_options, vocabulary_normaliser
from surveycli.engine.examples import ExampleSource
from surveycli.engine.model import load_language_model
from surveycli.engine.reach import askable_examples
from surveycli.engine.self_check import check_row_computation
from surveycli.errors import ExitCode, SurveyError

CONTENTS = make_contents(2, 3)
STRANGE: tuple[Any, ...] = (
    None, True, 0, -1, 1, 3, 1000, 10**6, 10**9, 2**31, 2**63, -(2**70), 0.5, 1e-300, 1e300, float("nan"), float("inf"),
    "", "x", "\ud800", "�\x1b[31m", "../../etc/passwd", "x" * 10_000, [], [1], {}, {"a": 1}, [[[[]]]],
)  # fmt: skip
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
SECONDS, BYTES = 30, 2 << 30


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path to every value in a parsed JSON text, the first and last few entries of long lists alone."""
    if path:
        yield path
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    else:
        return
    for key in keys if len(keys) <= 12 else [*keys[:6], *keys[-6:]]:
        yield from places(value[key], (*path, key))


def mutated(value: Any, random: np.random.Generator) -> Any:
    """Return a parsed JSON text with one value replaced, removed, doubled, renamed or exchanged."""
    value = deepcopy(value)
    paths = list(places(value))
    *above, last = paths[random.integers(len(paths))]
    parent = value
    for key in above:
        parent = parent[key]
    kind = random.integers(6)
    if kind == 0:
        del parent[last]
    elif kind == 1 and isinstance(parent, dict):
        parent[f"{last}x"] = parent.pop(last)
    elif kind == 1:
        parent.insert(last, parent[last])
    elif kind == 2 and isinstance(parent[last], int | float) and not isinstance(parent[last], bool):
        parent[last] = [parent[last] * 2, parent[last] + 1, -parent[last], parent[last] // 2][random.integers(4)]
    elif kind == 3:
        *around, other = paths[random.integers(len(paths))]
        source = value
        for key in around:
            source = source[key] if isinstance(source, dict) and key in source else source
        parent[last] = deepcopy(source[other]) if isinstance(source, dict) and other in source else None
    else:
        parent[last] = STRANGE[random.integers(len(STRANGE))]
    return value


def mutate_file(path: Path, random: np.random.Generator) -> None:
    """Change one thing in a JSON file, or in the header of a safetensors file."""
    if path.suffix == ".json":
        path.write_text(json.dumps(mutated(json.loads(path.read_text()), random)), encoding="utf-8")
        return
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.dumps(mutated(json.loads(content[8 : 8 + size]), random)).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + content[8 + size :])


@contextmanager
def bounded() -> Iterator[None]:
    """Fail a block that takes longer than half a minute or makes this process two gigabytes larger."""

    def late(*_: object) -> None:
        raise AssertionError(f"over {SECONDS} s")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    previous = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < BYTES, f"{grown:,} bytes"


@torch.no_grad()
def answer(folder: Path) -> bool:
    """Return whether the model answers, with finite numbers; a refusal has to be by an error for the user."""
    settings = BatchSettings(max_row_tokens=512)
    try:
        loaded = load_language_model(ModelSpec(str(folder), device="cpu"), share_prefixes=True)
        source: ExampleSource = source_of(CONTENTS, tokenizer=loaded.tokenizer)
        examples, _ = askable_examples(loaded.model, source, CONTENTS.cells)
        tokens = source.option_tokens(CONTENTS.cells)
        if not examples:
            return False
        check_row_computation(loaded.model, examples, tokens, settings)
    except SurveyError as error:
        assert error.code in (ExitCode.BAD_INPUT, ExitCode.NOT_FOUND, ExitCode.MISSING_EXTRA), error
        assert error.message.isprintable(), error.message
        return False
    options = compute_options(loaded.model, examples, tokens, settings)
    assert bool(options.logits[options.present].isfinite().all())
    assert bool(vocabulary_normaliser(loaded.model, options).isfinite().all())
    return True


def save_adapter(folder: Path, base: Path) -> Path:
    """Save an adapter of a base in `folder`, as peft saves one."""
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by a name that will go
        adapted = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"))
        adapted.save_pretrained(folder)
    return folder


def try_mutants(folder: Path, copy: Path, name: str, n: int, seed: int) -> int:
    """Return how many of `n` mutants of one file of a folder were refused."""
    refused = 0
    for number in range(n):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        mutate_file(copy / name, np.random.default_rng((seed, number)))
        with bounded():
            refused += not answer(copy)
    return refused


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])
def test_mutants_are_refused_or_answer(tmp_path: Path, name: str) -> None:
    """Of a Llama's files, each mutant is refused with an exit code of the user's or answers with finite numbers."""
    folder = save_local_model(tmp_path / "whole")
    assert answer(folder)
    refused = try_mutants(folder, tmp_path / "mutant", name, 12, seed=1)
    assert 0 < refused <= 12


@pytest.mark.parametrize("name", ADAPTER_FILES)
def test_mutants_of_an_adapter_are_refused_or_answer(tmp_path: Path, name: str) -> None:
    """The same of the files of a LoRA adapter whose base is sound."""
    adapter = save_adapter(tmp_path / "adapter", save_local_model(tmp_path / "base"))
    assert answer(adapter)
    assert 0 < try_mutants(adapter, tmp_path / "mutant", name, 12, seed=3) <= 12


@pytest.mark.slow
@pytest.mark.parametrize("name", ADAPTER_FILES)
def test_hundreds_of_mutants_of_an_adapter_are_refused_or_answer(tmp_path: Path, name: str) -> None:
    """The same of 500 mutants of each file of an adapter."""
    adapter = save_adapter(tmp_path / "adapter", save_local_model(tmp_path / "base"))
    assert 0 < try_mutants(adapter, tmp_path / "mutant", name, 500, seed=4) <= 500


@pytest.mark.slow
@pytest.mark.parametrize("family", ["Llama", "GPT2", "Gemma3Text", "Qwen3"])
@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])
def test_thousands_of_mutants_are_refused_or_answer(tmp_path: Path, name: str, family: str) -> None:
    """The same of 250 mutants of each file of four families."""
    folder = save_local_model(tmp_path / "whole", family)
    assert answer(folder)
    assert 0 < try_mutants(folder, tmp_path / "mutant", name, 250, seed=2) <= 250
