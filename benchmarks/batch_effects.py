"""How far a prompt's neighbours in a row move its prediction, and what it costs to compute each by itself.

Run with `python -m benchmarks.batch_effects [MODEL]`; without a model one of random weights, spread widely enough that
its answers are as uneven as a trained model's.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.plan_memory import CASES, make_store, run, save_model
from surveycli.store import ad_hoc

_SPREAD = 5.0
_DIFFERENCES = """
SELECT max(abs(p.probability - q.probability)) AS most, avg(abs(p.probability - q.probability)) AS mean
FROM prediction AS p JOIN prediction AS q USING (item_id, population_id, option_code)
WHERE p.run_id = '{}' AND q.run_id = '{}'
"""


def spread_out(folder: Path) -> None:
    """Write a random model whose matrices are wider than they begin, so that its answers differ by prompt."""
    import torch
    from transformers import AutoModelForCausalLM

    save_model(folder, *CASES["Llama, 31 M"][:2])
    model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(_SPREAD)
    model.save_pretrained(folder)


def main() -> None:
    """Print what rows change in each number format, what the format itself changes, and seconds."""
    with tempfile.TemporaryDirectory() as place:
        store, model = Path(place) / "survey.duckdb", Path(place) / "model"
        make_store(store)
        if len(sys.argv) > 1:
            model = Path(sys.argv[1])
        else:
            spread_out(model)
        seconds = {}
        for precision in ("float32", "bfloat16"):
            for name, exact in (("rows", ()), ("alone", ("--exact",))):
                began = perf_counter()
                asked = ("--model", str(model), "--split", "few", "--part", "train", "--precision", precision)
                run("predict", *asked, *exact, "--name", f"{precision}-{name}", "--store", str(store))
                seconds[f"{precision}-{name}"] = perf_counter() - began
        pairs = [(f"{precision}-rows", f"{precision}-alone") for precision in ("float32", "bfloat16")]
        for one, other in [*pairs, ("bfloat16-alone", "float32-alone")]:
            found = ad_hoc(store, _DIFFERENCES.format(one, other)).row(0)
            print(f"{one} and {other}: shares differ by {found[0]:.2g} at most, {found[1]:.2g} on average")
        print(", ".join(f"{name} {value:.1f} s" for name, value in seconds.items()))


if __name__ == "__main__":
    main()
