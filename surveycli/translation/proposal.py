"""A proposed translation of one item, from wherever it comes, and how it gets into the store or before a person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from surveycli.clock import utc_now
from surveycli.domain import Option
from surveycli.store import Store
from surveycli.translation.checks import LocalisedItem, Objection, check_translation
from surveycli.translation.engine import GlossaryTerm
from surveycli.translation.language import Language
from surveycli.translation.texts import ItemTexts

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Proposal:
    """A translation with everything that speaks against it. `wording` None and no labels: the engine gave nothing."""

    item_id: str
    wording: str | None
    labels: tuple[Option, ...]
    origin: str
    detail: Mapping[str, Any]
    findings: tuple[Objection, ...]

    @property
    def is_good(self) -> bool:
        """Whether it may be used without asking a person."""
        return not self.findings

    def as_json(self) -> str | None:
        """Return the texts as the review table keeps them, or None where there are none."""
        if self.wording is None and not self.labels:
            return None
        labels = {str(option.code): option.label for option in self.labels}
        return json.dumps({"wording": self.wording, "labels": labels}, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a translation comes from: a value of the stores' origin columns, and the particulars."""

    origin: str
    detail: Mapping[str, Any]


def judge(item: ItemTexts, target: LocalisedItem, origin: Origin, glossary: Sequence[GlossaryTerm] = ()) -> Proposal:
    """Return a translation of `item` as a proposal, with what the checks find."""
    findings = check_translation(item.source, target, glossary)
    return Proposal(item.item_id, target.wording, target.options, origin.origin, origin.detail, findings)


def merge_labels(item: ItemTexts, known: Mapping[int, str], given: Sequence[Option]) -> tuple[Option, ...]:
    """Return all labels of an item: known ones in their places, the given ones in the order in which they came.

    Nothing is repaired: a code too many or in the wrong place is still there for the checks to find.
    """
    fresh = iter(given)
    merged: list[Option] = []
    for option in item.source.options:
        label = Option(option.code, known[option.code]) if option.code in known else next(fresh, None)
        if label is not None:
            merged.append(label)
    return (*merged, *fresh)


def commit_proposals(
    store: Store, survey_id: str, language: Language, proposals: Iterable[Proposal], *, replace_machine: bool
) -> None:
    """Write good proposals where texts are used and the others where reviews wait, in one transaction."""
    proposals = tuple(proposals)
    good = [proposal for proposal in proposals if proposal.is_good]
    held = [proposal for proposal in proposals if not proposal.is_good]
    with store.transaction():
        if good:
            save_texts(store, survey_id, language, good, replace_machine=replace_machine)
            settled = _frame({"item_id": p.item_id} for p in good)
            store.run(
                "translation/drop_open_reviews",
                frames={"settled": settled},
                survey_id=survey_id,
                language=language.code,
            )
        if held:
            store.run("translation/save_reviews", frames={"incoming": _reviews(survey_id, language, held)})


def save_texts(
    store: Store, survey_id: str, language: Language, proposals: Sequence[Proposal], *, replace_machine: bool
) -> None:
    """Write wordings and labels. What a person gave stays; so does a machine's unless `replace_machine`."""
    key = {"survey_id": survey_id, "language": language.code}
    wordings = [
        {**key, "item_id": p.item_id, "wording": p.wording, "origin": p.origin, "origin_detail": _json(p.detail)}
        for p in proposals
    ]
    labels = [
        {**key, "item_id": p.item_id, "option_code": o.code, "label": o.label, "origin": p.origin}
        for p in proposals
        for o in p.labels
    ]
    store.run("translation/save_wordings", frames={"incoming": _frame(wordings)}, replace_machine=replace_machine)
    if labels:
        store.run("translation/save_labels", frames={"incoming": _frame(labels)}, replace_machine=replace_machine)


def _reviews(survey_id: str, language: Language, proposals: Sequence[Proposal]) -> pl.DataFrame:
    return _frame(
        {
            "survey_id": survey_id,
            "item_id": proposal.item_id,
            "language": language.code,
            "proposed": proposal.as_json(),
            "findings": _json([asdict(finding) for finding in proposal.findings]),
            "origin": proposal.origin,
            "origin_detail": _json(proposal.detail),
            "proposed_at": utc_now(),
        }
        for proposal in proposals
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=isinstance(value, Mapping))


def _frame(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(list(rows), schema_overrides={"proposed": pl.String}, infer_schema_length=None)
