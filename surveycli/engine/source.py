"""Where a model's files lie: in a folder, in a GGUF file, on the hub, or as an adapter on one of these."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from surveycli.configuration import ModelSpec
from surveycli.engine.hub import fetch_adapter, fetch_file, fetch_model
from surveycli.errors import SurveyError, bad_input, not_found

GGUF_SUFFIX = ".gguf"
ADAPTER_CONFIG = "adapter_config.json"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
_KINDS = "a Hugging Face id, a folder, a GGUF file, the folder or id of an adapter, or `tiny`"


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A folder with configuration, tokenizer and weights.

    `gguf_file` names the file in it that holds all three, `adapter` the folder of an adapter that is put on the model.
    """

    folder: Path
    gguf_file: str | None = None
    adapter: Path | None = None


def locate_model(spec: ModelSpec, *, fetch: bool = True) -> ModelSource:
    """Return where the files of `spec` lie, fetched from the hub where they are not on this machine.

    Without `fetch` it is only made sure that a hub model is there; its files may be missing. One that is in the cache
    is read from there, without a connection. Raises SurveyError: exit 4 where there is no such folder, file or hub
    model, or no connection; 3 where what is there holds no model.
    """
    return _locate(spec.name, spec.revision, fetch=fetch)


def is_adapter(spec: ModelSpec) -> bool:
    """Return whether `spec` names an adapter rather than a whole model; no, where neither is found."""
    try:
        return locate_model(spec, fetch=False).adapter is not None
    except SurveyError:  # told where the model is needed
        return False


def _locate(name: str, revision: str | None, *, fetch: bool, as_base: bool = False) -> ModelSource:
    path = Path(name).expanduser()
    if path.is_dir():
        return _in_folder(path, fetch=fetch, as_base=as_base)
    if path.is_file():
        if path.suffix.lower() != GGUF_SUFFIX:
            raise bad_input(f"{name} is a file; a model is {_KINDS}.", "Give the folder that the file lies in.")
        return ModelSource(path.parent, path.name)
    repository, _, file = name.rpartition("/")
    if file.lower().endswith(GGUF_SUFFIX) and _HUB_ID.fullmatch(repository) and not _is_path(repository):
        return ModelSource(fetch_file(repository, revision, file, fetch=fetch), file)
    if _is_path(name) or not _HUB_ID.fullmatch(name):
        raise not_found(f"There is no model folder {name!r}.", f"--model takes {_KINDS}.")
    adapter = fetch_adapter(name, revision)
    if adapter is not None:
        return _on_base(adapter, fetch=fetch, as_base=as_base)
    return ModelSource(fetch_model(name, revision, fetch=fetch))


def _is_path(name: str) -> bool:
    """Return whether a name that leads nowhere was meant as a path rather than as a hub id."""
    return name.startswith((".", "/", "~")) or "\\" in name or name.count("/") > 1 or Path(name).parent.name in _here()


def _here() -> set[str]:
    return {entry.name for entry in Path().iterdir() if entry.is_dir()}


def _in_folder(folder: Path, *, fetch: bool, as_base: bool) -> ModelSource:
    if (folder / ADAPTER_CONFIG).is_file():
        return _on_base(folder, fetch=fetch, as_base=as_base)
    if (folder / "config.json").is_file():
        return ModelSource(folder)
    files = sorted(entry.name for entry in folder.iterdir() if entry.suffix.lower() == GGUF_SUFFIX)
    if len(files) == 1:
        return ModelSource(folder, files[0])
    if files:
        raise bad_input(f"{folder} holds {len(files)} GGUF files.", f"Name one, such as {folder / files[0]}.")
    raise bad_input(
        f"{folder} holds no model: there is neither config.json nor {ADAPTER_CONFIG} nor a GGUF file in it.",
        "Give the folder that config.json lies in.",
    )


def _on_base(adapter: Path, *, fetch: bool, as_base: bool) -> ModelSource:
    if as_base:
        raise bad_input(f"The base model of an adapter is itself an adapter, {adapter}.", "Merge that one first.")
    settings = adapter_settings(adapter)
    base, revision = settings.get("base_model_name_or_path"), settings.get("revision")
    if not isinstance(base, str) or not base or not isinstance(revision, str | None):
        raise bad_input(f"{adapter / ADAPTER_CONFIG} names no base model.", "It is where peft keeps the base's name.")
    try:
        found = _locate(base, revision, fetch=fetch, as_base=True)
    except SurveyError as error:
        raise SurveyError(
            f"The adapter {adapter} belongs to the base model {base!r}. {error.message}",
            hint=f"Put the base there, or change base_model_name_or_path in {adapter / ADAPTER_CONFIG}.",
            code=error.code,
        ) from error
    return ModelSource(found.folder, found.gguf_file, adapter)


def adapter_settings(adapter: Path) -> dict[str, Any]:
    """Return what an adapter's configuration file says. Raises SurveyError (exit 3) where it is no JSON object."""
    try:
        settings = json.loads((adapter / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise bad_input(f"{adapter / ADAPTER_CONFIG} is not valid JSON: {error}.") from error
    if not isinstance(settings, dict):
        raise bad_input(f"{adapter / ADAPTER_CONFIG}: expected a JSON object.")
    return settings
