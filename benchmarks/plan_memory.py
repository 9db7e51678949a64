"""Memory as `finetune --plan` says, and as a training then takes it: peak resident memory of the process, on a CPU.

Run with `python -m benchmarks.plan_memory`; random models of several families, one epoch of a few hundred cells.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import open_store
from surveycli.survey import ingest_bundled

# Family, shape, and options of the training: what moves memory is layers, widths, number format and what is trained.
CASES: dict[str, tuple[str, dict[str, int], tuple[str, ...]]] = {
    "Llama, 31 M": ("Llama", {"hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 8}, ()),
    "Qwen2, 77 M, q and v": (
        "Qwen2",
        {"hidden_size": 768, "intermediate_size": 2304, "num_hidden_layers": 12, "num_attention_heads": 12},
        ("--preset", "paper"),
    ),
    "Gemma 3, 99 M": (
        "Gemma3Text",
        {
            "hidden_size": 640,
            "intermediate_size": 2048,
            "num_hidden_layers": 18,
            "num_key_value_heads": 1,
            "head_dim": 256,
        },
        (),
    ),
    "Gemma 3, 99 M, bfloat16": (
        "Gemma3Text",
        {
            "hidden_size": 640,
            "intermediate_size": 2048,
            "num_hidden_layers": 18,
            "num_key_value_heads": 1,
            "head_dim": 256,
        },
        ("--precision", "bfloat16"),
    ),
    "GPT-NeoX, 29 M": ("GPTNeoX", {"hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 8}, ()),
    "Llama, 31 M, recomputed": (
        "Llama",
        {"hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 8},
        ("--gradient-checkpointing",),
    ),
}


def save_model(folder: Path, family: str, shape: dict[str, int]) -> None:
    """Write a random model of a family and the package's tokenizer to a folder."""
    import torch
    import transformers

    from surveycli.engine.tiny import load_tiny_tokenizer

    tokenizer = load_tiny_tokenizer()
    common = {
        "vocab_size": len(tokenizer),
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "max_position_embeddings": 2048,
        "bos_token_id": None,
        "eos_token_id": 1,
        "pad_token_id": 0,
    }
    config = getattr(transformers, f"{family}Config")(**{**common, **shape})
    transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def make_store(path: Path) -> None:
    """Write a store with the bundled survey and a split of few cells, enough for several full rows."""
    countries = ["USA", "JPN", "BRA", "DEU", "KEN", "PER", "MEX", "CHN", "IDN", "TUR", "EGY", "NGA"]
    rows = [
        {
            "part": "validation" if country == "DEU" else "train",
            "survey_id": "wvs7",
            "item_id": f"Q{number}",
            "population_id": country,
        }
        for country in countries
        for number in range(1, 13)
    ]
    with open_store(path, create=True) as store:
        ingest_bundled(store)
        make_split(store, Recipe.CUSTOM, SplitOptions(name="few", cells=pl.DataFrame(rows)))


def run(*words: str) -> tuple[str, int]:
    """Return what a command printed, and the peak of its resident memory in bytes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "surveycli", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"surveycli {' '.join(words)} failed.")
    return out, usage.ru_maxrss * 1024


def measure(folder: Path, store: Path, family: str, shape: dict[str, int], options: tuple[str, ...]) -> dict[str, Any]:
    """Return the planned bytes, the bytes that the training then took, and their ratio."""
    if not folder.exists():
        save_model(folder, family, shape)
    asked = ("finetune", "--split", "few", "--model", str(folder), "--epochs", "1", "--no-calibrate", *options)
    planned, _ = run(*asked, "--plan", "--device-tflops", "1", "--json", "--store", str(store))
    memory = json.loads(planned)["memory"]
    said = sum(value for name, value in memory.items() if name != "total")
    _, taken = run(*asked, "--store", str(store))
    return {"planned": said, "taken": taken, "ratio": said / taken}


def main() -> None:
    """Print a row for each case."""
    names = sys.argv[1:] or list(CASES)
    with tempfile.TemporaryDirectory() as place:
        store = Path(place) / "survey.duckdb"
        make_store(store)
        for name in names:
            family, shape, options = CASES[name]
            found = measure(Path(place) / family, store, family, shape, options)
            gib = {key: value / 2**30 for key, value in found.items() if key != "ratio"}
            print(f"{name}: planned {gib['planned']:.2f} GiB, taken {gib['taken']:.2f}, ratio {found['ratio']:.2f}")


if __name__ == "__main__":
    main()
