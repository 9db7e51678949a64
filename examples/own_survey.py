"""An own survey, from an SPSS file with labels to scores: seconds.

Run it as `python examples/own_survey.py [FILE.sav]`. Without a file it writes one of 1,200 invented respondents in four
countries first, so that there is something to read.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pyreadstat

import surveycli as sc
from surveycli.survey import write_codebook_draft

COUNTRIES = {1: "Kenya", 2: "Japan", 3: "Brazil", 4: "Germany"}
AGREE = {1: "Agree", 2: "Neither agree nor disagree", 3: "Disagree", 8: "Do not know"}
QUESTIONS = {
    "tram": "The town should build a tram.",
    "market": "The market should open on Sundays.",
    "school": "Schools should start later in the morning.",
    "park": "The park should be larger.",
}


def invent(file: Path) -> None:
    """Write a file with labels for its columns and values, as survey software does."""
    random = np.random.default_rng(1)
    country = random.integers(1, len(COUNTRIES) + 1, 1200)
    answers = {name: random.choice([1, 2, 3, 8], 1200, p=[0.45, 0.2, 0.3, 0.05]) for name in QUESTIONS}
    frame = pl.DataFrame({"nation": country, "weight": random.uniform(0.5, 1.5, 1200), **answers})
    values = {"nation": COUNTRIES} | dict.fromkeys(QUESTIONS, AGREE)
    labels = {"nation": "Country", "weight": "Weight", **QUESTIONS}
    pyreadstat.write_sav(frame, str(file), column_labels=labels, variable_value_labels=values)


def main() -> None:
    """Draft a codebook from the labels, read the survey, hold a country out, and predict it from the others."""
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    file = given or Path("town.sav")
    if given is None:
        invent(file)
    write_codebook_draft(file, Path("codebook.yaml"), overwrite=True)  # edit it where labels say too little
    project = sc.open("own.duckdb")
    report = project.ingest(
        file, survey_id="town", country_column="nation", weight_column="weight", codebook="codebook.yaml"
    )
    print(f"{report.n_respondents} respondents, {report.n_items} items, {report.n_cells} cells")
    project.split("unseen-countries", survey_id="town", validation_fraction=0.25, test_fraction=0.25)
    project.predict("item-mean", split="unseen-countries")
    print(project.show("tram", "Kenya").options)
    print(project.score("item-mean-1").select("part", "n_cells", "paper_one_minus_jsd", "low", "high"))


if __name__ == "__main__":
    main()
