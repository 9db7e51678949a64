"""Prompt frames of the user's own: the sentences around a question, and populations' names, in a language of theirs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from surveycli.bundled import resource
from surveycli.clock import utc_now
from surveycli.errors import bad_input, conflict, not_found
from surveycli.new_file import write_new_file
from surveycli.prompt import PromptFrame, has_frame, load_frame, parse_frame, plain_frame
from surveycli.store import Store, open_store
from surveycli.translation.language import find_language
from surveycli.untrusted.small_file import read_small_file
from surveycli.untrusted.text import UnreadableError, excerpt
from surveycli.untrusted.yaml_text import parse_yaml


@dataclass(frozen=True, slots=True)
class FrameFile:
    """What a file of prompt sentences holds; `names` are populations' by id, as they stand in a sentence."""

    frame: PromptFrame
    names: dict[str, str]


def read_prompt_frame(file: Path, language: str) -> FrameFile:
    """Return the prompt sentences of a YAML file, and the names under its key `populations` if it has that.

    Raises SurveyError (exit 3) where there is no file, it lacks something or is for another language.
    """
    text = read_small_file(file, "prompt frame", f"YAML; --write-prompt-frame {file} writes one to change,")
    try:
        content = parse_yaml(text)
    except UnreadableError as error:
        hint = "Correct it, or write a new one with --write-prompt-frame."
        raise bad_input(f"{file} is not YAML: {error}.", hint) from error
    names = content.pop("populations", None) if isinstance(content, dict) else None
    frame = parse_frame(content, str(file))
    if frame.language != language:
        raise bad_input(f"{file} has sentences in {frame.language!r}, not in {language!r}.", "Change its language.")
    return FrameFile(frame, _names(names, file))


def _names(names: Any, file: Path) -> dict[str, str]:
    if names is None:
        return {}
    if not isinstance(names, dict) or not all(isinstance(name, str) and name.strip() for name in names.values()):
        raise bad_input(f"{file}, populations: expected names by population_id, such as KEN: Kenya.")
    return {str(population_id): name.strip() for population_id, name in names.items()}


def save_prompt_frame(path: Path, file: Path, language: str, *, redo: bool = False) -> FrameFile:
    """Check a file of prompt sentences and keep them, and the names in it, in the store at `path`.

    Raises SurveyError: exit 4 for a population that is not in the store, 5 where the language has other sentences
    already and `redo` is not set: a model trained with those would from now on be asked differently.
    """
    file_frame = read_prompt_frame(file, find_language(language).code)
    with open_store(path, write=True) as store, store.transaction():
        known = known_frame(store, language)
        if known is not None and known != file_frame.frame and not redo:
            raise conflict(
                f"There are prompt sentences in {language!r} already, and those of {file} differ.",
                "--redo puts yours in their place; models trained before were asked in the old ones.",
            )
        _save(store, file_frame, file)
    return file_frame


def _save(store: Store, file_frame: FrameFile, file: Path) -> None:
    import polars as pl

    language = file_frame.frame.language
    sentences = json.dumps(plain_frame(file_frame.frame), ensure_ascii=False)
    row = {"language": language, "frame": sentences, "file_name": file.name, "added_at": utc_now()}
    store.run("translation/save_prompt_frame", frames={"incoming": pl.DataFrame([row])})
    people = {row["population_id"] for row in store.rows("translation/list_populations")}
    unknown = sorted(set(file_frame.names) - people)
    if unknown:
        raise not_found(f"{file}, populations: not in the store: {excerpt(', '.join(unknown))}.")
    names = list(file_frame.names.items())
    incoming = pl.DataFrame(names, schema={"population_id": pl.String, "name": pl.String}, orient="row")
    store.run("translation/save_population_names", frames={"incoming": incoming}, language=language)


def known_frame(store: Store, language: str) -> PromptFrame | None:
    """Return the sentences that prompts in a language are made of: the user's, else the package's, else None."""
    rows = store.rows("translation/find_prompt_frame", language=language)
    if rows:
        return parse_frame(json.loads(rows[0]["frame"]), f"the prompt frame of {language}")
    return load_frame(language) if has_frame(language) else None


def write_prompt_frame(file: Path, language: str) -> None:
    """Write a file of prompt sentences to change: the package's in that language, else the English ones.

    Raises SurveyError: exit 5 where there is a file already, 3 where none can be written.
    """
    code = find_language(language).code
    folder = resource("prompts")
    candidates = [code, code.partition("-")[0]] if has_frame(code) else []
    model = next((name for name in candidates if (folder / f"{name}.yaml").is_file()), "en")
    text = (folder / f"{model}.yaml").read_text(encoding="utf-8")
    text = text.replace(f"\nlanguage: {model}\n", f"\nlanguage: {code}\n", 1)
    write_new_file(file, text + _NAMES)


_NAMES = """\
# Names of populations that take the place of the package's or that it does not have, by population_id:
# populations:
#   KEN: Kenya
#   KEN|sex=female: women in Kenya
"""
