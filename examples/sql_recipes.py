"""Queries on the store: those that come with surveycli, one of your own, and one that joins a table of yours.

Run it as `python examples/sql_recipes.py`; it makes recipes.duckdb and most_divided.parquet in the current folder. In
R: `arrow::read_parquet("most_divided.parquet")`.
"""

import polars as pl

import surveycli as sc
from surveycli.store.sql_files import example_queries

project = sc.open("recipes.duckdb")
project.ingest()
project.split("unseen-countries")
project.predict("item-mean", split="unseen-countries", parts=["test"])
project.score("item-mean-1")

for example in example_queries().values():
    print(f"{example.name}: {example.purpose}")

divided = project.sql(example_queries()["most-divided"].text)
divided.write_parquet("most_divided.parquet")
print(divided.head())

income = pl.DataFrame({"iso3": ["KEN", "JPN", "BRA"], "income": ["lower middle", "high", "upper middle"]})
print(
    project.sql(
        "select c.name, o.income, count(*) as n_cells from country c join own o using (iso3) "
        "join population p using (iso3) join cell using (population_id) group by all order by all",
        tables={"own": income},
    )
)
