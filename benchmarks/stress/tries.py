"""One try of each kind: kill, signal, race, full disk, damage, mutation."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.stress.processes import ROOT, alone, command, fork, start, wait
from benchmarks.stress.stand import Stand, surveys

READING = ("check --store s.duckdb", "sql 'from item' --store s.duckdb", "score item-mean-1 --store s.duckdb")


@dataclass
class Tries:
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


def kill(stand: Stand, tried: Tries, number: int) -> None:
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
    tried.add(
        "in the middle" if ended.code == -signal.SIGKILL else "after the end", *(f"{name}: {p}" for p in problems if p)
    )


def again(stand: Stand, name: str, line: str, place: Path) -> str:
    """Return what keeps a killed command from being done after all, or nothing."""
    ended = alone(command(line, place), stand.output)
    if ended.code == 5 and name == "finetune":
        ended = alone(command("finetune --resume hit --store s.duckdb", place), stand.output)
    done = ended.code == 0 or (ended.code == 5 and ("already" in ended.said or "is in the store" in ended.said))
    return "" if done else f"again ended with {ended.code}: {ended.said[-600:]}"


def send(stand: Stand, tried: Tries, number: int) -> None:
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
    tried.add("stopped" if ended.code else "it had ended", *wrong, f"{name}: {problem}" if problem else "")


def race(stand: Stand, tried: Tries, number: int) -> None:
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
    tried.add("both got in" if codes == [0, 0] else "one was refused", *wrong, stand.problem(path.parent))


def fill(stand: Stand, tried: Tries, number: int) -> None:
    """Run a command where files can be written up to some place only, as on a disk that is full."""
    name, line = stand.pick(number)
    place = stand.copy()
    room = stand.random.choice((0, 1_000, 20_000, 300_000, 3_000_000, 12_000_000))
    ended = alone(command(line, place, room), stand.output)
    wrong = [] if ended.code in {0, 3} else [f"{name}, {room} bytes: {ended.code}: {ended.said[-1500:]}"]
    if "Traceback" in ended.said:
        wrong.append(f"{name}, {room} bytes: {ended.said[-1500:]}")
    problem = stand.problem(place)
    tried.add("refused" if ended.code else "it fitted", *wrong, f"{name}: {problem}" if problem else "")


def damage(stand: Stand, tried: Tries, number: int) -> None:
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
    tried.add("told" if ended.code else "unhurt", *wrong)


def mutate(stand: Stand, tried: Tries, number: int) -> None:
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
    tried.add(reader, "" if ended.code == 0 else f"{reader}, seed {seed}: {ended.said[-1500:]}")


KINDS: dict[str, Callable[[Stand, Tries, int], None]] = {
    "kills": kill,
    "signals": send,
    "races": race,
    "disks": fill,
    "damages": damage,
    "mutations": mutate,
}
