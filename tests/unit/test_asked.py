"""What a prediction follows from: the way of asking once, texts cell by cell, and nothing of where it computes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from model_samples import make_contents

from surveycli.configuration import ModelSpec, PredictConfig
from surveycli.domain import Shares
from surveycli.prediction.asked import asked_of, basis_of, way_of_asking
from surveycli.prompt import PromptOrder, PromptStyle, load_frame

CONTENTS = replace(make_contents(3, 4), frames=(load_frame("en"),))
FINGERPRINT = "0123456789abcdef"
PLAIN = PredictConfig("made-up")


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, prompt=PromptStyle(PromptOrder.ITEM_FIRST)),
        replace(PLAIN, prompt=PromptStyle(chat_template=False)),
        replace(PLAIN, prompt=PromptStyle(template_date="2030-01-01")),
        replace(PLAIN, settings={"by": 2}),
        replace(PLAIN, elicitation="control"),
        replace(PLAIN, temperature=None),
    ],
)
def test_another_way_of_asking_is_another_basis(other: PredictConfig) -> None:
    """Prompt, elicitation and its settings, temperature and base model count."""
    assert basis_of(other, FINGERPRINT, None) != basis_of(PLAIN, FINGERPRINT, None)
    assert way_of_asking(other) != way_of_asking(PLAIN)
    assert basis_of(PLAIN, "fedcba9876543210", None) != basis_of(PLAIN, FINGERPRINT, None)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, split="other", parts=("test",), shares=Shares.UNWEIGHTED, seed=7),
        replace(PLAIN, model=ModelSpec(device="cpu", attention="eager", sharded=True, compiled=True)),
    ],
)
def test_which_cells_and_where_it_computes_makes_no_difference(other: PredictConfig) -> None:
    """Parts and splits, human shares, the seed of a first token and the device leave the basis as it is."""
    assert basis_of(other, FINGERPRINT, None) == basis_of(PLAIN, FINGERPRINT, None)
    assert way_of_asking(other) == way_of_asking(PLAIN)


def test_a_changed_text_changes_what_its_cells_were_asked() -> None:
    """A question's wording counts for its cells, a population's for its own, the frame for all."""
    usual = asked_of(CONTENTS)
    question, population = CONTENTS.questions[0], CONTENTS.populations[0]
    reworded = replace(CONTENTS, questions=(replace(question, wording="?"), *CONTENTS.questions[1:]))
    renamed = replace(CONTENTS, populations=(replace(population, name="X"), *CONTENTS.populations[1:]))

    def changed(contents: object) -> set[tuple[str, str]]:
        now = asked_of(contents)  # type: ignore[arg-type]
        return {(key.item_id, key.population_id) for (key, _), text in now.items() if text != usual[key, "en"]}

    assert changed(reworded) == {("q0", f"p{i}") for i in range(4)}
    assert changed(renamed) == {(f"q{i}", "p0") for i in range(3)}
    assert len(changed(replace(CONTENTS, frames=()))) == 12
