"""Predictions corrected by the answers of a few real people: seconds.

Run it as `python examples/few_respondents.py`; it makes few.duckdb in the current folder.
"""

from pathlib import Path

import surveycli as sc

FEW = """\
population,item,option,n
JPN,Q10,1,12
JPN,Q10,2,38
MEX,Q10,1,30
MEX,Q10,2,20
"""

Path("few.csv").write_text(FEW, encoding="utf-8")
project = sc.open("few.duckdb")
project.ingest()
project.split("new-items")  # items that only ten countries were asked
run = project.predict("item-mean", split="new-items")
corrected = project.correct("few.csv", run.run_id, n_more=100)
print(
    project.sql("select item_id, population_id, option_code, predicted, sampled, share, low, high from corrected_share")
)
print(corrected.next_answers)  # where a hundred more answers are worth most
