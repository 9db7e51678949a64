"""A small model that has learned to reply with one and the same JSON object, trained in a second or two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from surveycli.engine.encode import PromptEncoder
from surveycli.engine.tiny import build_tiny_model, load_tiny_tokenizer
from surveycli.prompt import Prompt

REPLY = ' ```json\n{"A": 40, "B": 30, "C": 20, "d": "10%"}\n```'
SHARES = (0.4, 0.3, 0.2, 0.1)


def save_json_model(folder: Path, prompts: Sequence[Prompt], n_steps: int = 120) -> Path:
    """Train from nothing to reply so to `prompts`, in turn, and save model and tokenizer."""
    tokenizer = load_tiny_tokenizer()
    model = build_tiny_model(tokenizer, seed=0)
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, n_steps)
    reply = [*tokenizer.encode(REPLY), tokenizer.eos_token_id]
    for step in range(n_steps):
        prompt = PromptEncoder(tokenizer).encode(prompts[step % len(prompts)]).tolist()
        ids = torch.tensor([prompt + reply])
        labels = ids.clone()
        labels[:, : len(prompt)] = -100
        model(input_ids=ids, labels=labels).loss.backward()
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
