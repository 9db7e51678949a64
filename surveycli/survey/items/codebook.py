"""Codebooks: what a survey asks and which codes are answers. Read from YAML, one file per language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from surveycli.bundled import read_yaml, resource
from surveycli.domain import AiPolicy, Scale
from surveycli.errors import bad_input, not_found


@dataclass(frozen=True, slots=True)
class ItemText:
    """An item in one language: its wording and one label per code, in code order."""

    language: str
    wording: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ItemSpec:
    """An item of a codebook: where it stands, which codes are answers, what it says in each language."""

    item_id: str
    position: int
    battery_id: str
    dimension: str | None
    scale: Scale
    codes: tuple[int, ...]
    texts: tuple[ItemText, ...]
    in_protocol: bool = True


@dataclass(frozen=True, slots=True)
class Codebook:
    """The items of a survey in questionnaire order. `origin` says whose words they are, as in table item_text."""

    codebook_id: str
    items: tuple[ItemSpec, ...]
    origin: str = "codebook"

    def __iter__(self) -> Iterator[ItemSpec]:
        return iter(self.items)

    def by_id(self) -> dict[str, ItemSpec]:
        """Return the items under their ids."""
        return {item.item_id: item for item in self.items}


@dataclass(frozen=True, slots=True)
class SurveyFacts:
    """What the store says about a survey besides its items."""

    title: str
    wave: str | None = None
    release: str | None = None
    codebook: str | None = None
    source: str | None = None
    citation: str | None = None
    licence: str | None = None
    ai_policy: AiPolicy = AiPolicy.UNKNOWN
    accessed_on: date | None = None


@cache
def load_codebook(codebook_id: str) -> Codebook:
    """Return a bundled codebook with all its languages. Raises SurveyError (exit 4) for an unknown one."""
    source = resource(codebook_id, "codebook.yaml")
    if not source.is_file():
        raise not_found(f"There is no codebook {codebook_id!r} in the package.")
    translations = [
        read_yaml(path)
        for path in sorted(resource(codebook_id).iterdir(), key=lambda path: path.name)
        if path.name.startswith("codebook.") and path.name.endswith(".yaml") and path.name != "codebook.yaml"
    ]
    return parse_codebook(read_yaml(source), translations)


def load_survey_facts(codebook_id: str) -> SurveyFacts:
    """Return what the package knows about the survey of a bundled codebook."""
    fields = read_yaml(resource(codebook_id, "survey.yaml"))
    release = fields.pop("bundled_release", None)
    return SurveyFacts(**fields, release=release, codebook=codebook_id)


def parse_codebook(main: Mapping[str, Any], translations: Sequence[Mapping[str, Any]] = ()) -> Codebook:
    """Return the codebook written in `main`, each item with its texts in `main`'s language and the translations'.

    Raises SurveyError (exit 3) where a battery names a scale that is not there or a translation has other codes.
    """
    languages = [main, *translations]
    items: list[ItemSpec] = []
    for battery_id, battery in main["batteries"].items():
        codes = _codes(main, battery, battery_id)
        for item_id in battery["items"]:
            texts = (_item_text(text, battery_id, battery["scale"], item_id, codes) for text in languages)
            items.append(
                ItemSpec(
                    item_id=item_id,
                    position=len(items),
                    battery_id=battery_id,
                    dimension=battery.get("dimension"),
                    scale=Scale(main["scales"][battery["scale"]]["kind"]),
                    codes=codes,
                    texts=tuple(text for text in texts if text is not None),
                    in_protocol=battery.get("in_protocol", True),
                )
            )
    return Codebook(str(main["survey"]), tuple(items))


def _codes(main: Mapping[str, Any], battery: Mapping[str, Any], battery_id: str) -> tuple[int, ...]:
    scale = main["scales"].get(battery["scale"])
    if scale is None:
        raise bad_input(
            f"Codebook {main['survey']}: battery {battery_id} names the scale {battery['scale']!r}, which is not there."
        )
    if "options" in scale:
        return tuple(sorted(scale["options"]))
    low, high = min(scale["endpoints"]), max(scale["endpoints"])
    return tuple(range(low, high + 1))


def _item_text(
    text: Mapping[str, Any], battery_id: str, scale_id: str, item_id: str, codes: tuple[int, ...]
) -> ItemText | None:
    """Return the item in the language of `text`, or None where that translation lacks it."""
    battery, scale = text["batteries"].get(battery_id), text["scales"].get(scale_id)
    if battery is None or scale is None or item_id not in battery["items"]:
        return None
    labels = scale.get("options") or scale.get("endpoints")
    unknown = set(labels) - set(codes)
    if unknown:
        raise bad_input(
            f"Codebook in {text['language']}: scale {scale_id} labels codes {sorted(unknown)}, which it does not have."
        )
    body = battery["items"][item_id]
    wording = battery["stem"].replace("{}", body) if battery.get("stem") else body
    return ItemText(text["language"], wording, tuple(str(labels.get(code, code)) for code in codes))
