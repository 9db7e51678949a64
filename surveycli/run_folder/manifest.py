"""The manifest of a run folder: what the folder is for, and the whole configuration of its run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from surveycli.errors import SurveyError, not_found
from surveycli.plain import from_plain
from surveycli.run_folder.folder import RunFolder, replacing
from surveycli.run_folder.reading import damaged, field, read_json

FORMAT = 1
KINDS = ("finetune", "predict")
Settings = TypeVar("Settings")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a run folder is for. `configuration` is the whole configuration as plain values."""

    run_id: str
    kind: str
    configuration: Mapping[str, Any]
    versions: Mapping[str, str]
    cells_sha256: str = ""
    format: int = FORMAT


def read_manifest(folder: RunFolder) -> Manifest:
    """Return the manifest. Raises SurveyError: exit 4 where there is none, 3 where it is not one of this format."""
    if not folder.manifest.is_file():
        raise not_found(
            f"{folder.path} is not a run folder: it has no manifest.json.",
            "`surveycli runs` lists runs and their folders.",
        )
    found = read_json(folder.manifest)
    if found.get("format") != FORMAT:
        raise damaged(folder.manifest, f"it has format {found.get('format')}, this surveycli reads {FORMAT}")
    unknown = sorted(set(found) - {f.name for f in fields(Manifest)})
    if unknown:
        raise damaged(folder.manifest, f"it has an unknown field {unknown[0]}")
    texts = {name: field(folder.manifest, found, name, str) for name in ("run_id", "kind", "cells_sha256")}
    if texts["kind"] not in KINDS:
        raise damaged(folder.manifest, f"expected {' or '.join(KINDS)} as kind, found {texts['kind']!r}")
    configuration = field(folder.manifest, found, "configuration", dict)
    versions = field(folder.manifest, found, "versions", dict)
    return Manifest(**texts, configuration=configuration, versions=versions)


def read_configuration(folder: RunFolder, kind: type[Settings]) -> Settings:
    """Return the configuration of the folder's run. Raises SurveyError: exit 3 where it is not one of this kind."""
    manifest = read_manifest(folder)
    try:
        return from_plain(kind, manifest.configuration)
    except SurveyError as error:
        raise damaged(folder.manifest, f"in its configuration, {error.message.rstrip('.')}") from error


def write_manifest(folder: RunFolder, manifest: Manifest) -> None:
    """Write the manifest; a folder that has one is whole."""
    with replacing(folder.manifest) as aside:
        aside.write_text(json.dumps(asdict(manifest), indent=2, ensure_ascii=False), encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
