"""What the store says in the source language, and what it already has in the target language."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from surveycli.domain import Option
from surveycli.errors import bad_input, not_found, usage
from surveycli.store import Store
from surveycli.translation.checks import LocalisedItem
from surveycli.translation.language import Language
from surveycli.untrusted.text import shown

_MACHINE = "machine"
_LONGEST_RANGE = 1000  # characters in which the hyphen of a range may stand


@dataclass(frozen=True, slots=True)
class StoredText:
    """A text in the target language and where it comes from."""

    text: str
    origin: str

    @property
    def is_machine(self) -> bool:
        """Whether no person has written it."""
        return self.origin == _MACHINE


@dataclass(frozen=True, slots=True)
class ItemTexts:
    """An item as the source has it, with what the target language already has. `labels` has one entry per option."""

    item_id: str
    battery_id: str
    source: LocalisedItem
    wording: StoredText | None
    labels: tuple[StoredText | None, ...]
    detail: dict[str, Any]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing in the target language."""
        return self.wording is not None and None not in self.labels

    @property
    def has_machine_text(self) -> bool:
        """Whether a machine wrote any of it."""
        return any(text is not None and text.is_machine for text in (self.wording, *self.labels))

    def kept_wording(self, *, redo: bool) -> str | None:
        """Return the wording that must stay: a person's, or with `redo` off anybody's."""
        return _kept(self.wording, redo)

    def kept_labels(self, *, redo: bool) -> dict[int, str]:
        """Return the labels that must stay, by code."""
        pairs = zip(self.source.options, self.labels, strict=True)
        kept = ((option.code, _kept(stored, redo)) for option, stored in pairs)
        return {code: text for code, text in kept if text is not None}

    @property
    def source_sha256(self) -> str:
        """Hash of the source texts: a translation of other texts is out of date."""
        texts = [self.source.wording, *(f"{option.code} {option.label}" for option in self.source.options)]
        return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def _kept(stored: StoredText | None, redo: bool) -> str | None:
    return None if stored is None or (redo and stored.is_machine) else stored.text


def load_texts(store: Store, survey_id: str, source: Language, target: Language) -> tuple[ItemTexts, ...]:
    """Return the items of a survey in questionnaire order, those without source text left out.

    Raises SurveyError (exit 4) where no item has any text in the source language.
    """
    rows = store.rows("translation/item_texts", survey_id=survey_id, source=source.code, target=target.code)
    groups = (tuple(group) for _, group in groupby(rows, key=lambda row: row["item_id"]))
    items = tuple(_item(group, source) for group in groups if _has_source(group))
    if not items:
        raise not_found(
            f"The survey {survey_id} has no texts in {source.code}.", "--from names a language that its items have."
        )
    return items


def _has_source(rows: Sequence[dict[str, Any]]) -> bool:
    return rows[0]["source_wording"] is not None and all(row["source_label"] is not None for row in rows)


def _item(rows: Sequence[dict[str, Any]], source: Language) -> ItemTexts:
    first = rows[0]
    options = tuple(Option(row["option_code"], row["source_label"]) for row in rows)
    return ItemTexts(
        item_id=first["item_id"],
        battery_id=first["battery_id"],
        source=LocalisedItem(source, first["source_wording"], options),
        wording=_stored(first["target_wording"], first["wording_origin"]),
        labels=tuple(_stored(row["target_label"], row["label_origin"]) for row in rows),
        detail=json.loads(first["wording_detail"] or "null") or {},
    )


def _stored(text: str | None, origin: str | None) -> StoredText | None:
    return None if text is None or origin is None else StoredText(text, origin)


def choose_survey(store: Store, wanted: str | None) -> str:
    """Return the survey asked for, or the only one there is.

    Raises SurveyError: exit 4 where it is not in the store, 2 where there are several and none was named.
    """
    known = [row["survey_id"] for row in store.rows("translation/list_surveys")]
    if wanted is None and len(known) == 1:
        return str(known[0])
    if wanted is not None and wanted in known:
        return wanted
    if wanted is None and known:
        raise usage(f"The store has {len(known)} surveys: {', '.join(known)}.", "Name one with --survey.")
    what = f"The survey {wanted!r} is not in the store" if wanted else "The store has no survey"
    raise not_found(f"{what}; it has: {', '.join(known) or 'none'}.", "`surveycli ingest` brings one in.")


def select_ids(selection: str | None, known: Sequence[str]) -> tuple[str, ...]:
    """Return the ids that a list of ids and ranges names, in the order of `known`; all of them for None.

    A range runs from its first to its last id in questionnaire order. Raises SurveyError (exit 4) for an unknown id, 3
    for a range that runs backwards.

    >>> select_ids("Q1,Q3-Q4", ["Q1", "Q2", "Q3", "Q4", "Q5"])
    ('Q1', 'Q3', 'Q4')
    """
    if selection is None:
        return tuple(known)
    places = {item_id: place for place, item_id in enumerate(known)}
    chosen: set[int] = set()
    for part in filter(None, (part.strip() for part in selection.split(","))):
        first, last = (part, part) if part in places else _ends(part, places)
        for end in (first, last):
            if end not in places:
                raise not_found(
                    f"There is no item {shown(end)} to translate.", "`--items Q1,Q50-Q60` lists ids and ranges."
                )
        if places[first] > places[last]:
            raise bad_input(f"The range {shown(part)} runs backwards.")
        chosen.update(range(places[first], places[last] + 1))
    return tuple(known[place] for place in sorted(chosen))


def _ends(part: str, places: dict[str, int]) -> tuple[str, str]:
    """Return both ends of a range; ids may have hyphens themselves, so that any hyphen may be the one that counts."""
    cuts = [i for i, character in enumerate(part[:_LONGEST_RANGE]) if character == "-"]
    for cut in cuts:
        first, last = part[:cut].strip(), part[cut + 1 :].strip()
        if first in places and last in places:
            return first, last
    if not cuts:
        return part, part
    return part[: cuts[0]].strip(), part[cuts[0] + 1 :].strip()
