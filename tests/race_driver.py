"""One of two processes that make the same new stores at the same moments: a program for the tests.

`race_driver.py FOLDER COUNT NAME OTHER PATIENCE_S`: for each number, wait until the other process is there, too, open
the store of that number, and put a survey of this process's name into it; print `NUMBER done` or the error's exit code.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import polars as pl

from surveycli.errors import SurveyError
from surveycli.store import open_store


def meet(folder: Path, number: int, name: str, other: str) -> None:
    """Come here at the same time as the other process."""
    (folder / f"{number}.{name}").touch()
    while not (folder / f"{number}.{other}").exists():
        time.sleep(0)


def main() -> None:
    folder, count, name, other, patience_s = sys.argv[1:]
    for number in range(int(count)):
        path = Path(folder) / f"{number}.duckdb"
        meet(Path(folder), number, name, other)
        try:
            with open_store(path, create=True, patience_s=float(patience_s)) as store:
                store.insert("survey", pl.DataFrame({"survey_id": [name], "title": [name]}))
            print(number, "done", flush=True)
        except SurveyError as error:
            print(number, int(error.code), error.message, flush=True)


if __name__ == "__main__":
    main()
