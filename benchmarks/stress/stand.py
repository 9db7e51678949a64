"""The store that every try begins from, the commands tried on it, and what must still hold afterwards."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

from benchmarks.stress.processes import alone, command

# The commands that write, on the store that `prepare` makes.
COMMANDS = {
    "ingest": "ingest more.csv --store s.duckdb",
    "ingest, new store": "ingest more.csv --store new.duckdb",
    "split": "split unseen-countries --store s.duckdb",
    "predict, baseline": "predict -p item-mean --split small --name again --store s.duckdb",
    "score": "score item-mean-1 --store s.duckdb",
    "translate": "translate --to de --from-file de.csv --store s.duckdb",
    "finetune": "finetune --split small --epochs 1 --name hit --store s.duckdb",
    "predict, model": "predict --model tiny --split small --part test --name asked --store s.duckdb",
}
MODEL_COMMANDS = {"finetune", "predict, model"}
ITEMS = ("Q1", "Q2", "Q46", "Q57", "Q58", "Q121")
PARTS = {"train": ("USA", "JPN", "BRA"), "validation": ("DEU",), "test": ("KEN", "PER")}


class Stand:
    """The folder that every try begins from a copy of, and how long each command takes on it."""

    def __init__(self, folder: Path, seed: int, *, with_models: bool) -> None:
        self.folder, self.random = folder, random.Random(seed)
        self.base, self.output = folder / "base", folder / "output.txt"
        self.base.mkdir()
        done = alone(lambda: prepare(self.base, with_models=with_models), self.output)
        assert done.code == 0, done.said
        self.commands = {name: line for name, line in COMMANDS.items() if with_models or name not in MODEL_COMMANDS}
        self.seconds = {name: self._time(line) for name, line in self.commands.items()}

    def _time(self, line: str) -> float:
        done = alone(command(line, self.copy()), self.output)
        assert done.code == 0, f"{line}: {done.said}"
        return done.seconds

    def copy(self) -> Path:
        """Return a fresh copy of the base, replacing the last one."""
        place = self.folder / "try"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.base, place)
        return place

    def pick(self, number: int) -> tuple[str, str]:
        """Return a command, each as often as the others."""
        name = list(self.commands)[number % len(self.commands)]
        return name, self.commands[name]

    def problem(self, place: Path) -> str:
        """Return what is wrong with the stores in a folder after a try, nothing if all is well."""
        checked = alone(lambda: verify(place, self.base), self.output)
        return "" if checked.code == 0 else checked.said[-1500:] or f"the check ended with {checked.code}"


def prepare(folder: Path, *, with_models: bool) -> int:
    """Make a store with a survey, a split, two scored runs and a fine-tuning, and the files that commands read."""
    import polars as pl

    os.chdir(folder)
    rows = [
        {"part": part, "survey_id": "wvs7", "item_id": item, "population_id": population}
        for part, populations in PARTS.items()
        for population in populations
        for item in ITEMS[::2]
    ]
    pl.DataFrame(rows).write_csv("cells.csv")
    more = [("s2", f"q{i}", p, o, 10 + o) for i in range(200) for p in ("KEN", "PER", "JPN") for o in (1, 2, 3)]
    pl.DataFrame(more, schema=["survey", "item", "population", "option_code", "n"], orient="row").write_csv("more.csv")
    german = {"item_id": "Q57", "wording": "Kann man den meisten vertrauen?", "1": "Ja", "2": "Nein"}
    lines = (
        "ingest --bundled --store s.duckdb",
        "split custom --name small --file cells.csv --store s.duckdb",
        "predict -p item-mean --split small --store s.duckdb",
        "score item-mean-1 --store s.duckdb",
        *(["finetune --split small --epochs 1 --name mine --store s.duckdb"] if with_models else []),
        *(["predict --run mine --store s.duckdb"] if with_models else []),
    )
    for line in lines:
        code = command(line, folder)()
        if code:
            return code
        if line.startswith("ingest"):
            keep_items(folder)
    write_translations(folder / "de.csv", german)
    return keep_rows(folder)


def keep_items(folder: Path) -> None:
    """Leave only a few items in the store, so that what every try does with all of its rows takes no time."""
    from surveycli.store import open_store

    with open_store(folder / "s.duckdb", write=True) as store:
        listed = "SELECT table_name FROM duckdb_columns() WHERE column_name = 'item_id' AND schema_name = 'main'"
        tables = {row["table_name"] for row in store.rows("store/list_tables")}
        for name in tables & set(store.query(listed)["table_name"]):
            store.query(f"DELETE FROM {name} WHERE NOT list_contains($items, item_id)", items=list(ITEMS))


def write_translations(path: Path, item: dict[str, str]) -> None:
    """Write a translation file as `translate --write-template` lays it out, with one item filled in."""
    import csv

    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item_id", "option_code", "source", "translation"])
        writer.writerow([item["item_id"], "wording", "", item["wording"]])
        for code in ("1", "2"):
            writer.writerow([item["item_id"], code, "", item[code]])


def keep_rows(folder: Path) -> int:
    """Write every table of the store to a file, to find its rows again after each try.

    Without the paths of run folders: a command that finds them where the copy of a try lies writes that down.
    """
    from surveycli.store import open_store

    with open_store(folder / "s.duckdb") as store:
        for row in store.rows("store/list_tables"):
            name = row["table_name"]
            kept = "* EXCLUDE (folder)" if name == "run" else "*"
            store.query(f'SELECT {kept} FROM "{row["schema_name"]}"."{name}"').write_ipc(folder / f"{name}.rows")
    return 0


def verify(place: Path, base: Path) -> int:
    """Open each store in a folder for writing, check its invariants, and look for every row that it had."""
    import polars as pl

    from surveycli.store import open_store
    from surveycli.store.invariant import find_violations

    for path in sorted(place.glob("*.duckdb")):
        with open_store(path, write=True) as store:
            broken = [violation.name for violation in find_violations(store)]
            lost = []
            for rows in base.glob("*.rows") if path.name == "s.duckdb" else ():
                before = pl.read_ipc(rows)
                names = ", ".join(f'"{name}"' for name in before.columns)
                gone = f'SELECT count(*) FROM (FROM before EXCEPT SELECT {names} FROM "{rows.stem}")'
                left = store.query(gone, {"before": before})
                if left.item():
                    lost.append(f"{left.item()} rows of {rows.stem}")
        if broken or lost:
            print(f"{path.name}: broken {broken}, lost {lost}")
            return 1
    return 0


def surveys(path: Path) -> set[str]:
    """Return the surveys of a store."""
    from surveycli.store import open_store

    with open_store(path) as store:
        return {str(row["survey_id"]) for row in store.rows("split/list_surveys")}
