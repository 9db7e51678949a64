"""The published protocol on two of its test parts, without a language model: seconds.

Run it as `python examples/paper_protocol.py`; it makes paper.duckdb in the current folder. The same with a language
model and all rows of the published tables is examples/reproduce_paper.yaml.
"""

import surveycli as sc

project = sc.open("paper.duckdb")
project.ingest()
split = project.split("paper")
for predictor in ("uniform", "item-mean", "kernel-smoother"):
    project.predict(predictor, split=split.split, parts=["C2-Q1", "C3-Q1"], shares="unweighted")

print(project.score(table="paper").select("predictor", "C2-Q1", "C3-Q1", "source"))
compared = project.score("kernel-smoother-1", "item-mean-1", table="compare")
print(compared.select("part", "n_cells", "difference", "low", "high"))
worth = project.score("kernel-smoother-1", table="equivalent")
print(worth.select("part", "n_cells", "equivalent", "equivalent_best"))
