"""The house rules that a reader relies on, checked on the source itself."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "surveycli"
SQL = PACKAGE.parent / "sql"

MODULES = sorted(PACKAGE.rglob("*.py"))
SQL_FILES = sorted(SQL.rglob("*.sql"))

# Which floor a package of surveycli stands on. A module of its own, outside any package, is on the pure floor unless
# it is one of those above the rooms.
PURE = {path.stem for path in PACKAGE.glob("*.py")} | {"distribution", "request", "untrusted"}
BASE = {"store", "run_folder", "engine", "server", "binary_file"}
ROOMS = {"survey", "split", "baseline", "training", "prediction", "score", "translation"}
ABOVE_ROOMS = {
    "demo",
    "doctor",
    "predictors",
    "report",
    "exchange",
    "correction",
    "simulation",
}
FLOOR = (
    dict.fromkeys(PURE, 0)
    | dict.fromkeys(BASE, 1)
    | dict.fromkeys(ROOMS, 2)
    | dict.fromkeys(ABOVE_ROOMS, 3)
    | {"request_fields": 4, "api": 5, "workflow": 6, "cli": 7, "__main__": 8, "__init__": 8}
)

# The wings and modules of `survey/` in the order in which a row passes through them; each imports from those before it.
SURVEY_ORDER = (
    "files",
    "places",
    "items",
    "several",
    "population",
    "readers",
    "aggregates",
    "tally",
    "design",
    "respondent_pass",
    "write",
    "ingest",
)

# Only these may import the libraries on the left.
MODEL_ROOMS = {"engine", "training", "prediction", "translation"}
MAY_IMPORT = {
    "duckdb": {"store"},
    "torch": MODEL_ROOMS,
    "transformers": MODEL_ROOMS,
    "peft": MODEL_ROOMS,
    "typer": {"cli"},
    "rich": {"cli"},
}


def place(path: Path) -> str:
    """Return the module or package of surveycli that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Return the full names of what a module imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def own_imports(path: Path) -> set[str]:
    """Return the modules and packages of surveycli that a module imports from."""
    inside = (name.split(".") for name in imported(path) if name.split(".")[0] == "surveycli")
    return {name[1] for name in inside if name[1] in FLOOR}


def label(path: Path) -> str:
    return str(path.relative_to(PACKAGE.parent))


def test_every_package_has_a_floor() -> None:
    """Every package is on one of the floors."""
    assert {place(path) for path in MODULES} <= set(FLOOR)


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_imports_point_down(path: Path) -> None:
    """A module imports from its own package, a floor below, or its own floor unless that is the rooms'."""
    here = place(path)
    for other in own_imports(path) - {here}:
        lower = FLOOR[other] < FLOOR[here] or (FLOOR[other] == FLOOR[here] < 2)
        assert lower, f"{label(path)} imports surveycli.{other}"


def module_name(path: Path) -> str:
    """Return the full name of a module; a package has that of its folder."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


NAMES = {module_name(path): path for path in MODULES}


def modules_behind(path: Path) -> set[str]:
    """Return the modules of surveycli that a module's imports name, wherever in it they stand."""
    own = (name for name in imported(path) if name.split(".")[0] == "surveycli")
    return {name if name in NAMES else name.rpartition(".")[0] for name in own}


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """Return the modules along a circle of imports, the first of them again at its end; empty where there is none."""
    done: set[str] = set()

    def walk(name: str, above: list[str]) -> list[str]:
        if name in above:
            return [*above[above.index(name) :], name]
        if name in done:
            return []
        found = next((found for other in sorted(arrows[name]) if (found := walk(other, [*above, name]))), [])
        done.add(name)
        return found

    return next((found for name in sorted(arrows) if (found := walk(name, []))), [])


def test_no_modules_import_each_other_in_a_circle() -> None:
    """No module needs itself by way of others, nor for its types, nor by imports inside functions."""
    arrows = {name: modules_behind(path) for name, path in NAMES.items()}
    assert set().union(*arrows.values()) <= set(NAMES)
    assert circle(arrows) == []


def test_a_circle_of_imports_would_be_found() -> None:
    """The search for circles goes through modules, and tells a circle from two ways to one module."""
    assert circle({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()}) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"d"}, "d": {"b"}}) == ["b", "c", "d", "b"]


def wing(name: str) -> str:
    """Return the wing or module of `survey/` that a module belongs to, of `surveycli.survey.files.text` say `files`."""
    return [*name.split("."), ""][2]


SURVEY_MODULES = sorted(name for name in NAMES if name.split(".")[1:2] == ["survey"])


@pytest.mark.parametrize("name", SURVEY_MODULES)
def test_survey_wings_import_from_those_before_them(name: str) -> None:
    """A module of `survey/` imports from its own wing, or from one that a row passes through earlier."""
    order = {place: number for number, place in enumerate(("request", *SURVEY_ORDER, "browse", ""))}
    later = {
        other for other in modules_behind(NAMES[name]) & set(SURVEY_MODULES) if order[wing(other)] > order[wing(name)]
    }
    assert not later, f"{name} imports {later}"


# Modules longer than the rest, and why each is one file all the same.
LONG = {
    "surveycli/distribution/metric.py": "a registry: each metric with its formula, direction, range and check",
    "surveycli/translation/translate.py": "one run over the items of a language, from the plan to what is held back",
}
# So many short modules with a single user there may be: libraries that are optional, programs, boundaries of trust.
_MOST_LONELY = 18


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_modules_are_of_a_size_to_be_read_at_once() -> None:
    """No module is longer than 300 lines, but for those that say why."""
    long = {label(path) for path in MODULES if lines_of(path) > 300}
    assert long <= set(LONG), long - set(LONG)


def test_few_short_modules_serve_a_single_other_one() -> None:
    """What one module alone uses stands in that module, unless it fills more than 60 lines."""
    users = Counter(other for path in MODULES for other in modules_behind(path))
    short = [name for name, path in NAMES.items() if lines_of(path) < 60 and path.name != "__init__.py"]
    lonely = [name for name in short if users[name] == 1]
    assert len(lonely) <= _MOST_LONELY, lonely


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_functions_are_short(path: Path) -> None:
    """No function outside the commands is longer than 50 lines, no command longer than 60 with all its options."""
    most = 60 if place(path) == "cli" else 50
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 > most}
    assert not long, f"{label(path)}: {long}"


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_libraries_stay_in_their_rooms(path: Path) -> None:
    """duckdb is for the store alone, torch and its kin for the model rooms, typer and rich for the command line."""
    libraries = {name.split(".")[0] for name in imported(path)}
    wrong = {library for library in libraries & set(MAY_IMPORT) if place(path) not in MAY_IMPORT[library]}
    assert not wrong, f"{label(path)} imports {wrong}"


def test_no_module_is_named_for_anything_and_everything() -> None:
    """There is no utils.py, helpers.py, common.py or misc.py."""
    assert not [path for path in MODULES if path.stem in {"utils", "util", "helpers", "common", "misc"}]


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_public_things_have_docstrings(path: Path) -> None:
    """Every module, and every public function, class and method at its top level, says what it does."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(module) or not module.body, f"{label(path)} has no docstring"
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    public = [node for node in module.body if isinstance(node, kinds) and not node.name.startswith("_")]
    methods = [
        (node.name, inner)
        for node in public
        if isinstance(node, ast.ClassDef)
        for inner in node.body
        if isinstance(inner, kinds) and not inner.name.startswith("_")
    ]
    silent = [node.name for node in public if not ast.get_docstring(node)]
    silent += [f"{owner}.{node.name}" for owner, node in methods if not ast.get_docstring(node)]
    assert not silent, f"{label(path)}: {silent}"


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: str(path.relative_to(SQL)))
def test_sql_files_say_what_they_are_for(path: Path) -> None:
    """A query begins with its purpose and states its grain or what it writes; a schema step begins with a comment."""
    text = path.read_text(encoding="utf-8")
    header = text[: next((at for at, line in _lines(text) if not line.startswith("--")), len(text))]
    if path.parent.name == "schema":
        assert header
    else:
        assert header.startswith("-- Purpose: ")
        assert "Grain" in header or "Writes: " in header


def _lines(text: str) -> list[tuple[int, str]]:
    """Return each line with the place where it begins."""
    at, lines = 0, []
    for line in text.splitlines(keepends=True):
        lines.append((at, line))
        at += len(line)
    return lines


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: str(path.relative_to(SQL)))
def test_sql_parameters_stand_in_the_header(path: Path) -> None:
    """A query's parameters are named in its header, with an example of values that it can be pasted with."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = "\n".join(line for line in lines if line.startswith("--"))
    body = "\n".join(line.split("--")[0] for line in lines)
    used = {word.split("$")[1] for word in _words(body) if word.startswith("$")} - {""}  # "$." begins a JSON path
    assert "one per column" in comments or all(f"${name}" in comments for name in used), used
    # tests/sql/test_sql_examples.py runs them
    examples = " ".join(comments.partition("-- Example: ")[2].replace("\n--", " ").split())
    assert all(f"${name} = " in examples for name in used), "give an example of values: -- Example: $run_id = 'mine-1'"


def _words(text: str) -> list[str]:
    """Return runs of letters, digits, underscores and dollar signs."""
    return "".join(c if c.isalnum() or c in "_$" else " " for c in text).split()


def test_every_command_has_an_example() -> None:
    """The help of every command, and of every command under it, ends with runnable examples."""
    from surveycli.cli.main import app

    pending, functions = [app], []
    while pending:
        group = pending.pop()
        functions += [command.callback for command in group.registered_commands]
        for inner in group.registered_groups:
            pending.append(inner.typer_instance)
            functions.append(inner.typer_instance.registered_callback.callback)
    assert len(functions) >= 10
    for function in functions:
        _, _, examples = (function.__doc__ or "").partition("\n    Examples:\n")
        lines = examples.strip().splitlines()
        assert 2 <= len(lines) <= 4, function
        assert all(line.strip().startswith("surveycli ") for line in lines), function


def test_every_sql_file_is_used() -> None:
    """Every query is named in a module, or is an invariant or a schema step, which are found by their folder."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    names = [str(path.relative_to(SQL).with_suffix("")) for path in SQL_FILES]
    unused = [
        name
        for name in names
        if f'{name}"' not in sources
        and f"{name}'" not in sources
        and not name.startswith(("schema/", "check/", "examples/"))
    ]
    assert not unused


@pytest.mark.parametrize("path", sorted((PACKAGE / "cli").glob("*.py")), ids=label)
def test_commands_print_through_one_module(path: Path) -> None:
    """Only render prints, main the errors and help_page what we wrote: other texts lose their control characters."""
    if path.stem in {"render", "main", "help_page"}:
        return
    printing = {"print", "typer.echo", "typer.secho", "Console", "sys.stdout.write"}
    calls = {
        ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)
    }
    assert not calls & printing, f"{label(path)} calls {calls & printing}"


def test_tests_ask_the_store_what_anybody_can() -> None:
    """No test reaches for the store's connection: `Store.query` is there."""
    private = ("._connection.", "._execute(")
    tests = [path for path in sorted(PACKAGE.parent.glob("tests/**/*.py")) if path != Path(__file__).resolve()]
    assert not [path.name for path in tests if any(word in path.read_text("utf-8") for word in private)]


def test_a_public_name_means_one_thing() -> None:
    """No two modules define the same public class, alias or function; a command is named as the call that it makes."""
    places: dict[str, list[Path]] = {}
    for path in MODULES:
        if place(path) in {"cli", "api", "__main__"}:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [target.id for target in getattr(node, "targets", ()) if isinstance(target, ast.Name)]
            names = [name for name in names if name[0].isupper() and not name.isupper()]  # aliases, not constants
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                names = [node.name]
            for name in names:
                if not name.startswith("_"):
                    places.setdefault(name, []).append(path)
    twice = {name: [label(path) for path in found] for name, found in places.items() if len(found) > 1}
    assert set(twice) <= {"predict", "simulate"}, twice  # the call for any predictor, and what it comes to
