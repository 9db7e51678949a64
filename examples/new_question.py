"""A question that nobody was asked, and how far to trust the answer: seconds.

Run it as `python examples/new_question.py`; it makes new_question.duckdb in the current folder. Without a language
model the answer is a prior, and it says so: "not to be relied on". `runs=("finetune-1",)` has a model answer.
"""

import polars as pl

import surveycli as sc

project = sc.open("new_question.duckdb")
project.ingest()
project.split("unseen-questions")
answers = project.simulate(
    "Should schools teach chess?", ("Yes", "No"), populations=("Kenya", "JPN"), best=True, split="unseen-questions"
)
print(answers.select("population", "label", "probability", "reliable"))
for reason in answers.filter(~pl.col("reliable"))["reason"].unique():
    print("Not to be relied on:", reason)
