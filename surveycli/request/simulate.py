"""What a simulation is asked for: questions in one or more languages, of whom, and by which run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from surveycli.domain import Scale
from surveycli.setting import setting


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """A question that was never asked: its wording and option labels by language, and what it is part of.

    `populations` are ids (KEN, `KEN|sex=female`) or country names; empty takes those of the whole simulation.
    """

    item_id: str
    wording: Mapping[str, str]
    options: Mapping[str, tuple[str, ...]]
    scale: Scale = Scale.NOMINAL
    battery: str | None = None
    populations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SimulateRequest:
    """Which questions are asked of whom, and who answers.

    `runs`: the first one answers, others of the same kind say how far seeds differ; with `best` they are candidates
    beside what needs no model. `split` names the training part where there is no run. `n_orders` more orders of the
    options are asked in, to see how much the order does.
    """

    questions: tuple[NewQuestion, ...]
    populations: tuple[str, ...] = setting(
        (), "Who is asked: KEN, Kenya, or `KEN|sex=female`; repeat for several.", flag="--country -c"
    )
    runs: tuple[str, ...] = setting(
        (), "The run that answers; further ones, with other seeds, show how much it varies.", flag="--run"
    )
    best: bool = False
    split: str | None = setting(
        None, "The split whose training part is known, where there is no run.", shown="the only one"
    )
    n_orders: int = setting(2, "Other orders of the options to try.", flag="--orders", least=0)
    name: str | None = setting(None, "Name of survey, split and run.", shown="simulated-1, ...")
