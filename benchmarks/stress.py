"""Kills, signals, races, full disks, damaged stores and mutated files, and what is left after each.

Usage: python -m benchmarks.stress [--short] [--seed 1] [--kills 500] [--signals 200] [--races 200] [--disks 100]
       [--damages 200] [--mutations 0]

Every try is a process of its own: forked from this one, which has loaded the libraries and done nothing with them, or
(half of the signals) started from nothing, so that start-up is hit, too. Moments are drawn evenly over the time that
the command takes when it is left alone. After each try the store opens, every invariant holds and no row is gone that
was in it before; a command that was signalled has ended with 130 or 143 and no traceback. It prints tries and failures
by kind, and ends with 1 if there is a failure. `--mutations` go through the readers of strangers' files
(tests/mutation.py). `--short` leaves out the commands that work with a model.
"""

from __future__ import annotations

import argparse
import os
import pkgutil
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import surveycli

ROOT = Path(__file__).resolve().parent.parent
os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", COLUMNS="100")
os.environ.pop("SURVEYCLI_STORE", None)

SHORT = {"kills": 6, "signals": 4, "races": 4, "disks": 3, "damages": 3, "mutations": 0}
FULL = {"kills": 500, "signals": 200, "races": 200, "disks": 100, "damages": 200, "mutations": 0}
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
READING = ("check --store s.duckdb", "sql 'from item' --store s.duckdb", "score item-mean-1 --store s.duckdb")
PARTS = {"train": ("USA", "JPN", "BRA"), "validation": ("DEU",), "test": ("KEN", "PER")}
_ALONE_S = 120.0
# Packages that load torch.
_WITH_MODELS = tuple(f"surveycli.{name}" for name in ("engine", "training", "prediction", "translation.hf", "demo"))


@dataclass
class Tally:
    """Tries and failures of one kind; `notes` says what the tries came to."""

    kind: str
    tries: int = 0
    failures: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)

    def add(self, note: str, *problems: str) -> None:
        """Count a try, and each of its problems that is one."""
        self.tries += 1
        self.notes[note] += 1
        self.failures += [f"{self.kind}: {problem}" for problem in problems if problem]


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, or minus the signal that killed it, and what it printed."""

    code: int
    said: str
    seconds: float


def fork(work: Callable[[], int], output: Path) -> int:
    """Do the work in a child whose output goes to a file; return its number. Its exit code is what the work returns."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        descriptor = os.open(output, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        code = work()
    except BaseException:  # noqa: BLE001 - whatever it was, the child must end here
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def command(line: str, folder: Path, room: int | None = None) -> Callable[[], int]:
    """Return the work of a command in a folder, where no file can be written beyond so many bytes."""
    import shlex

    def run() -> int:
        from surveycli.cli import process
        from surveycli.cli.main import main

        os.chdir(folder)
        if room is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        sys.argv = ["surveycli", *shlex.split(line)]
        process.begin()
        try:
            main()
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0

    return run


def wait(child: int, output: Path, began: float) -> Ended:
    """Wait for a child, but not for ever."""
    while time.monotonic() - began < _ALONE_S:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            said = output.read_text(errors="replace") if output.exists() else ""
            return Ended(os.waitstatus_to_exitcode(status), said, time.monotonic() - began)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return Ended(-99, "it hung", _ALONE_S)


def alone(work: Callable[[], int], output: Path) -> Ended:
    """Do the work in a child that nothing happens to."""
    began = time.monotonic()
    return wait(fork(work, output), output, began)


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
        """Return a fresh copy of the base, in the place of the last one."""
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
    """Write every table of the store to a file, to find its rows again after each try."""
    from surveycli.store import open_store

    with open_store(folder / "s.duckdb") as store:
        for row in store.rows("store/list_tables"):
            name = row["table_name"]
            store.query(f'FROM "{row["schema_name"]}"."{name}"').write_ipc(folder / f"{name}.rows")
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
                left = store.query(f'SELECT count(*) FROM (FROM before EXCEPT FROM "{rows.stem}")', {"before": before})
                if left.item():
                    lost.append(f"{left.item()} rows of {rows.stem}")
        if broken or lost:
            print(f"{path.name}: broken {broken}, lost {lost}")
            return 1
    return 0


def kill(stand: Stand, tally: Tally, number: int) -> None:
    """Kill a command at a moment drawn evenly over its time; then look, and in one of four tries do it again."""
    name, line = stand.pick(number)
    place = stand.copy()
    moment = stand.random.random() * stand.seconds[name]
    began = time.monotonic()
    child = fork(command(line, place), stand.output)
    time.sleep(moment)
    os.kill(child, signal.SIGKILL)
    ended = wait(child, stand.output, began)
    problems = [stand.problem(place)]
    if number % 4 == 0:
        problems.append(again(stand, name, line, place))
    tally.add(
        "in the middle" if ended.code == -signal.SIGKILL else "after the end", *(f"{name}: {p}" for p in problems if p)
    )


def again(stand: Stand, name: str, line: str, place: Path) -> str:
    """Return what keeps a killed command from being done after all, or nothing."""
    ended = alone(command(line, place), stand.output)
    if ended.code == 5 and name == "finetune":
        ended = alone(command("finetune --resume hit --store s.duckdb", place), stand.output)
    done = ended.code == 0 or (ended.code == 5 and ("already" in ended.said or "is in the store" in ended.said))
    return "" if done else f"again ended with {ended.code}: {ended.said[-600:]}"


def send(stand: Stand, tally: Tally, number: int) -> None:
    """Send SIGINT or SIGTERM to a command, in a new process in one of two tries."""
    signum = (signal.SIGINT, signal.SIGTERM)[number // 2 % 2]
    name, line = stand.pick(number // 4)
    place = stand.copy()
    began = time.monotonic()
    if number % 2:
        child = fork(command(line, place), stand.output)
        moment = stand.random.random() * stand.seconds[name]
    else:
        child = start(line, place, stand.output)
        moment = stand.random.random() * (stand.seconds[name] + 0.5)
    time.sleep(moment)
    os.kill(child, signum)
    ended = wait(child, stand.output, began)
    wrong = []
    if ended.code not in {0, 128 + signum}:
        wrong.append(f"{name}: signal {signum} after {moment:.3f} s ended with {ended.code}: {ended.said[-600:]}")
    if "Traceback" in ended.said:
        wrong.append(f"{name}: traceback after {moment:.3f} s: {ended.said[-1500:]}")
    lines = [line for line in ended.said.splitlines() if line.startswith("Stopped")]
    if ended.code == 128 + signum and len(lines) != 1:
        wrong.append(f"{name}: {len(lines)} lines say that it stopped: {ended.said[-600:]}")
    problem = stand.problem(place)
    tally.add("stopped" if ended.code else "it had ended", *wrong, f"{name}: {problem}" if problem else "")


_BEGUN = """
import sys
from surveycli.__main__ import begin, main
import surveycli.__main__ as program
def told():
    begin()
    print("begun", file=sys.stderr, flush=True)
program.begin = told
main()
"""


def start(line: str, place: Path, output: Path) -> int:
    """Start the program from nothing; return its number as soon as it is in charge of signals."""
    import shlex

    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", _BEGUN, *shlex.split(line)],
            cwd=place,
            stdout=file,
            stderr=file,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    while process.poll() is None and b"begun" not in output.read_bytes():
        time.sleep(0.001)
    process.returncode = 0  # it is waited for by number
    return process.pid


def race(stand: Stand, tally: Tally, number: int) -> None:
    """Let two processes write to one store at once, a new one in one of two tries; what either did is there."""
    path = stand.copy() / ("s.duckdb" if number % 2 else "new.duckdb")
    read, write = os.pipe()

    def enter(name: str) -> Callable[[], int]:
        def work() -> int:
            import polars as pl

            from surveycli.errors import SurveyError
            from surveycli.store import open_store

            os.close(write)
            os.read(read, 1)  # until the parent closes its end: both begin at once
            try:
                with open_store(path, create=True, patience_s=20.0 * (number % 4 > 1)) as store:
                    store.insert("survey", pl.DataFrame({"survey_id": [name], "title": [name]}))
            except SurveyError as error:
                return int(error.code)
            return 0

        return work

    outputs = [stand.folder / f"racer-{name}.txt" for name in "ab"]
    began = time.monotonic()
    racers = [fork(enter(name), output) for name, output in zip("ab", outputs, strict=True)]
    os.close(read)
    os.close(write)
    ended = [wait(child, output, began) for child, output in zip(racers, outputs, strict=True)]
    codes = [end.code for end in ended]
    wrong = [f"ended with {end.code}: {end.said[-600:]}" for end in ended if end.code not in {0, 5}]
    if 0 not in codes:
        wrong.append("both were refused")
    done = [name for name, code in zip("ab", codes, strict=True) if code == 0]
    looked = alone(lambda: 0 if set(done) <= surveys(path) else 1, stand.output)
    if looked.code:
        wrong.append(f"what {done} wrote is gone: {looked.said[-600:]}")
    tally.add("both got in" if codes == [0, 0] else "one was refused", *wrong, stand.problem(path.parent))


def surveys(path: Path) -> set[str]:
    """Return the surveys of a store."""
    from surveycli.store import open_store

    with open_store(path) as store:
        return {str(row["survey_id"]) for row in store.rows("split/list_surveys")}


def fill(stand: Stand, tally: Tally, number: int) -> None:
    """Run a command where files can be written up to some place only, as on a disk that is full."""
    name, line = stand.pick(number)
    place = stand.copy()
    room = stand.random.choice((0, 1_000, 20_000, 300_000, 3_000_000, 12_000_000))
    ended = alone(command(line, place, room), stand.output)
    wrong = [] if ended.code in {0, 3} else [f"{name}, {room} bytes: {ended.code}: {ended.said[-1500:]}"]
    if "Traceback" in ended.said:
        wrong.append(f"{name}, {room} bytes: {ended.said[-1500:]}")
    problem = stand.problem(place)
    tally.add("refused" if ended.code else "it fitted", *wrong, f"{name}: {problem}" if problem else "")


def damage(stand: Stand, tally: Tally, number: int) -> None:
    """Change bytes of a store, or cut it short, and read and write it: it is told as damage, or does not matter."""
    place = stand.copy()
    path = place / "s.duckdb"
    content = bytearray(path.read_bytes())
    draw = stand.random
    if number % 3 == 0:
        content = content[: draw.randrange(len(content))]
    else:
        most = 20_000 if number % 3 == 1 else len(content)
        for _ in range(draw.choice((1, 4, 64))):
            content[draw.randrange(most)] = draw.randrange(256)
    path.write_bytes(content)
    line = READING[number // 3 % len(READING)]
    ended = alone(command(line, place), stand.output)
    wrong = (
        []
        if ended.code in {0, 3, 5} and "Traceback" not in ended.said
        else [f"{line}: {ended.code}: {ended.said[-1500:]}"]
    )
    tally.add("told" if ended.code else "unhurt", *wrong)


def mutate(stand: Stand, tally: Tally, number: int) -> None:
    """Read a mutated file of some reader."""
    sys.path.insert(0, str(ROOT / "tests"))
    import mutation

    reader = list(mutation.READERS)[number % len(mutation.READERS)]
    place = stand.folder / "mutated"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    seed = stand.random.randrange(2**32)

    def read() -> int:
        mutation.try_reader(reader, seed, place)
        return 0

    ended = alone(read, stand.output)
    tally.add(reader, "" if ended.code == 0 else f"{reader}, seed {seed}: {ended.said[-1500:]}")


KINDS: dict[str, Callable[[Stand, Tally, int], None]] = {
    "kills": kill,
    "signals": send,
    "races": race,
    "disks": fill,
    "damages": damage,
    "mutations": mutate,
}


def stress(counts: dict[str, int], seed: int, *, with_models: bool = True) -> list[Tally]:
    """Try everything so many times; return what came of it."""
    load(with_models=with_models)
    tallies = []
    with tempfile.TemporaryDirectory() as folder:
        stand = Stand(Path(folder).resolve(), seed, with_models=with_models)
        for kind, count in counts.items():
            tally = Tally(kind)
            for number in range(count):
                KINDS[kind](stand, tally, number)
            tallies.append(tally)
            report(tally)
    return tallies


def load(*, with_models: bool) -> None:
    """Load what children would load otherwise, each for itself; nothing is done with it here, so no thread begins."""
    names = ["duckdb", "polars", "pyarrow.dataset", "pyarrow.parquet", "rich.progress", "scipy.sparse", "scipy.special"]
    if with_models:
        names += ["torch", "transformers.models.llama.modeling_llama"]
    modules = (module.name for module in pkgutil.walk_packages(surveycli.__path__, "surveycli."))
    for name in (*names, *(name for name in modules if with_models or not name.startswith(_WITH_MODELS))):
        if name != "surveycli.__main__":
            import_module(name)
    if with_models:
        import torch

        torch.set_num_threads(1)


def report(tally: Tally) -> None:
    """Print a line, and the first failures."""
    notes = ", ".join(f"{count} {note}" for note, count in tally.notes.most_common(20))
    print(f"{tally.kind:<10} {tally.tries:>6} tries  {len(tally.failures):>4} failures  ({notes})", flush=True)
    for failure in tally.failures[:5]:
        print(f"  {failure}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the options and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a few tries of each kind, for every change")
    parser.add_argument("--seed", type=int, default=1)
    for kind in FULL:
        parser.add_argument(f"--{kind}", type=int)
    options: Any = parser.parse_args(arguments)
    usual = SHORT if options.short else FULL
    counts = {kind: usual[kind] if getattr(options, kind) is None else getattr(options, kind) for kind in FULL}
    began = time.monotonic()
    wanted = {kind: count for kind, count in counts.items() if count}
    tallies = stress(wanted, options.seed, with_models=not options.short)
    tries, failures = sum(t.tries for t in tallies), sum(len(t.failures) for t in tallies)
    print(f"{tries} tries, {failures} failures, {time.monotonic() - began:.0f} s, seed {options.seed}")
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
