"""Temperature scaling finds the temperature that the answers were made with."""

from __future__ import annotations

import pytest
import torch

from surveycli.engine.first_token import option_log_probabilities
from surveycli.prediction.temperature import HIGHEST, LOWEST, fit_temperature


def prompts(temperature: float) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Return rows of logits, present options (3 or 5 of 5) and the shares of people who answer at `temperature`."""
    generator = torch.Generator().manual_seed(1)
    rows = []
    for n_options in (3, 5):
        logits = torch.randn(7, 5, generator=generator, dtype=torch.float64) * 2
        present = (torch.arange(5) < n_options).expand(7, 5)
        rows.append((logits, present, option_log_probabilities(logits / temperature, present).exp()))
    return rows


@pytest.mark.parametrize("temperature", [0.2, 1.0, 3.7])
def test_the_temperature_of_the_answers_is_found(temperature: float) -> None:
    """Where people are the model at another temperature, that temperature has the least divergence."""
    assert fit_temperature(prompts(temperature)) == pytest.approx(temperature, rel=1e-3)


def test_a_model_that_knows_nothing_becomes_uniform() -> None:
    """Against people who answer evenly the highest temperature is best; against its own certainty the lowest."""
    rows = prompts(1.0)
    even = [(logits, there, there / there.sum(dim=1, keepdim=True)) for logits, there, _ in rows]
    sure = [(x, there, torch.nn.functional.one_hot(x.masked_fill(~there, -99).argmax(1), 5)) for x, there, _ in rows]
    assert fit_temperature(even) == pytest.approx(HIGHEST, rel=1e-2)
    assert fit_temperature(sure) == pytest.approx(LOWEST, rel=1e-2)
