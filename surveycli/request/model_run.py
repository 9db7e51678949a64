"""What `finetune` and `predict` ask for, typed or from a file, and a file that asks for a run again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from surveycli.configuration import CHOSEN
from surveycli.errors import bad_input
from surveycli.plain import Plain
from surveycli.untrusted.text import UnreadableError
from surveycli.untrusted.yaml_text import parse_yaml

# What a prediction's configuration keeps beside what is chosen: it follows from the run and the predictor.
_FOLLOWS = frozenset({"weights", "trained_by", "elicitation"})


@dataclass(frozen=True, slots=True)
class FinetuneRequest:
    """A fine-tuning: `choices` are of FinetuneConfig, nested or by dotted name, in place of the preset's.

    An empty `preset` is `tiny` for the built-in model and `recommended` for any other.
    """

    preset: str = ""
    choices: Plain = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """A prediction: `choices` are of PredictConfig, `settings` the predictor's own by field.

    An empty `predictor` is that of the `run`, and `zero-shot` without one. A model that is not a run's takes prompts
    and computing from a `preset`, as in FinetuneRequest. `replaces`: what a run has of the cells is predicted anew.
    """

    predictor: str = ""
    run: str | None = None
    preset: str = ""
    choices: Plain = field(default_factory=dict)
    settings: Plain = field(default_factory=dict)
    name: str | None = None
    replaces: bool = False


def read_choices(file: Path) -> dict[str, Any]:
    """Return what a YAML file chooses, by name. Raises SurveyError (exit 3) where it is not a file of settings."""
    try:
        content = parse_yaml(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError as error:
        raise bad_input(f"There is no file {file}.", "`surveycli runs show RUN --config` prints one.") from error
    except (OSError, UnicodeDecodeError, UnreadableError) as error:
        raise bad_input(f"{file} cannot be read as YAML: {error}") from error
    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        raise bad_input(f"{file}: expected settings by name, such as `split: paper`.")
    return dict(content)


def write_choices(choices: Plain) -> str:
    """Return choices as the text of a YAML file that `read_choices` reads."""
    return yaml.safe_dump(dict(choices), sort_keys=False, allow_unicode=True)


def choices_that_repeat(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file says that asks for a run again: a row of `run`, its configuration as a mapping."""
    configuration = {name: value for name, value in run["configuration"].items() if name != CHOSEN}
    if run["kind"] == "finetune":
        return configuration
    if "elicitation" in configuration:
        chosen = {name: value for name, value in configuration.items() if name not in _FOLLOWS}
        trained_by = configuration.get("trained_by")
        return {"predictor": run["predictor"], **({"run": trained_by} if trained_by else {}), **chosen}
    kept = {name: run[name] for name in ("predictor", "split", "shares", "seed")}
    return kept | {"parts": configuration["parts"], "settings": configuration.get("settings", {})}
