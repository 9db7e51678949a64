"""What a translation is asked for: which items, in which language, by whom, from or to which files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from surveycli.setting import setting

_SERVER, _MODEL, _FILES, _PROMPTS = "Server", "Model", "Files", "Prompts in further languages"


class EngineName(StrEnum):
    """Who translates: a model on this machine, or a server."""

    HF = "hf"
    OPENAI = "openai"


class FileOrigin(StrEnum):
    """Where a file's translations come from: the survey's own questionnaires, or anybody else."""

    OFFICIAL = "official"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class TranslateRequest:
    """One call of `translate`; which of the fields count follows from the way that it is called in.

    `items` is a list of ids and ranges; None is the whole survey. Times are in seconds, prices per million tokens.
    """

    target: str
    survey_id: str | None = None
    items: str | None = None
    source: str = setting("en", "The language to translate from.", flag="--from")
    redo: bool = setting(False, "Replace machine translations (a person's never), or a prompt frame.")
    glossary: Path | None = setting(None, "CSV with term,translation: words whose translation is fixed.")
    dry_run: bool = setting(False, "Only say what would be done.")
    from_file: Path | None = setting(None, "Translations in .csv, .xlsx, .jsonl or .yaml.", group=_FILES)
    origin: FileOrigin = setting(FileOrigin.IMPORTED, "What the file's translations are.", group=_FILES)
    write_template: Path | None = setting(None, "Write what is missing to a file to fill in.", group=_FILES)
    prompt_frame: Path | None = setting(
        None, "YAML with the sentences around a question, for a language that the package lacks.", group=_PROMPTS
    )
    write_prompt_frame: Path | None = setting(None, "Write such a file, to put your own sentences in.", group=_PROMPTS)
    engine: EngineName | None = setting(None, "Who translates.", group=_MODEL)
    model: str | None = setting(None, "The model's name or folder.", group=_MODEL)
    revision: str | None = setting(None, "Commit or tag of a Hugging Face model.", group=_MODEL)
    device: str = setting("auto", "auto, cpu or cuda.", group=_MODEL)
    back_translate: bool = setting(False, "Translate back and compare.", group=_MODEL)
    min_similarity: float = setting(40.0, "Least chrF (0-100) of a back-translation.", least=0, most=100, group=_MODEL)
    base_url: str = setting("https://api.openai.com/v1", "Address of an OpenAI-compatible server.", group=_SERVER)
    key_variable: str = setting("OPENAI_API_KEY", "Environment variable with the server's key.", group=_SERVER)
    timeout: float = setting(60.0, "Seconds that a whole request may take.", least=0.01, group=_SERVER)
    tries: int = setting(5, "Tries per request.", least=1, group=_SERVER)
    requests_per_minute: float | None = setting(None, "No more requests than this.", least=0.01, group=_SERVER)
    price_per_million_tokens: float | None = setting(None, "For the estimate of the cost.", least=0, group=_SERVER)
    yes: bool = setting(False, "Do not ask before spending.", flag="--yes -y", group=_SERVER)
