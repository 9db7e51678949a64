"""Reviews: translations that were held back, and what a person decides about them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from surveycli.clock import utc_now
from surveycli.domain import Option
from surveycli.errors import bad_input, not_found
from surveycli.store import Store
from surveycli.translation.checks import LocalisedItem, Objection, check_translation, is_usable
from surveycli.translation.language import Language, find_language
from surveycli.translation.proposal import Proposal, save_texts
from surveycli.translation.texts import ItemTexts, choose_survey, load_texts, select_ids
from surveycli.untrusted.text import plain


@dataclass(frozen=True, slots=True)
class Review:
    """A held-back translation with its status: open, accepted, rejected or edited."""

    proposal: Proposal
    status: str
    proposed_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReviewQuery:
    """Which reviews: of a language, in a survey (None: the only one), of the items of a list of ids and ranges."""

    language: str
    survey_id: str | None = None
    items: str | None = None


def list_reviews(store: Store, query: ReviewQuery, status: str | None = "open") -> tuple[Review, ...]:
    """Return the reviews in questionnaire order; `status` None returns those of any status."""
    survey_id, language = choose_survey(store, query.survey_id), find_language(query.language)
    rows = store.rows("translation/list_reviews", survey_id=survey_id, language=language.code, status=status)
    reviews = tuple(_review(row) for row in rows)
    known = [row["item_id"] for row in store.rows("translation/list_items", survey_id=survey_id)]
    chosen = set(select_ids(query.items, known))
    return tuple(review for review in reviews if review.proposal.item_id in chosen)


def _review(row: Mapping[str, Any]) -> Review:
    proposed = json.loads(row["proposed"] or "null") or {"wording": None, "labels": {}}
    proposal = Proposal(
        item_id=row["item_id"],
        wording=proposed["wording"],
        labels=tuple(Option(int(code), label) for code, label in proposed["labels"].items()),
        origin=row["origin"],
        detail=json.loads(row["origin_detail"]),
        findings=tuple(Objection(**finding) for finding in json.loads(row["findings"])),
    )
    return Review(proposal, row["status"], row["proposed_at"], row["decided_at"])


def accept_reviews(store: Store, query: ReviewQuery) -> tuple[str, ...]:
    """Use open proposals as they are, and return their items.

    Raises SurveyError: exit 4 where none is open, 3 where one lacks a text, and so cannot be used.
    """
    reviews = _open_reviews(store, query)
    lacking = [review.proposal.item_id for review in reviews if not is_usable(review.proposal.findings)]
    if lacking:
        raise bad_input(
            f"No complete translation was proposed for {', '.join(lacking)}.",
            "`surveycli translations edit` supplies one; --items accepts others.",
        )
    accepted = [_decided(review.proposal, "accepted") for review in reviews]
    _settle(store, query, accepted, "accepted")
    return tuple(proposal.item_id for proposal in accepted)


def reject_reviews(store: Store, query: ReviewQuery) -> tuple[str, ...]:
    """Refuse open proposals, and return their items: they lack a translation again, for the next engine or file."""
    rejected = [review.proposal for review in _open_reviews(store, query)]
    _decide(store, query, [proposal.item_id for proposal in rejected], "rejected")
    return tuple(proposal.item_id for proposal in rejected)


def edit_review(
    store: Store, query: ReviewQuery, wording: str | None, labels: Mapping[int, str]
) -> tuple[Objection, ...]:
    """Use an item's open proposal with a person's changes; return what the checks still find, for their information.

    Texts that are not given stay as proposed. The result counts as imported: no machine will replace it.
    Raises SurveyError: exit 4 where the item has no open review, 3 where texts are still missing or codes unknown.
    """
    reviews = _open_reviews(store, query)
    if len(reviews) != 1:
        raise bad_input(
            f"Expected one item to edit, found {len(reviews)}.", "Name it: `surveycli translations edit Q1 --to zh`."
        )
    before = reviews[0].proposal
    item = _item(store, query, before)
    merged = {**{option.code: option.label for option in before.labels}, **labels}
    options = tuple(Option(code, plain(merged[code]).strip()) for code in sorted(merged))
    text = plain(wording or before.wording or "").strip()
    target = LocalisedItem(find_language(query.language), text or None, options)
    findings = check_translation(item.source, target)
    if not is_usable(findings):
        raise bad_input(
            f"{item.item_id} would be incomplete: {describe_findings(findings)}.",
            "--wording and --label CODE=TEXT give texts.",
        )
    edited = replace(_decided(before, "edited"), wording=target.wording, labels=options, origin="imported")
    _settle(store, query, [edited], "edited")
    return findings


def describe_findings(findings: Sequence[Objection]) -> str:
    """Return findings as one line for people."""
    return "; ".join(f"{finding.where}: {finding.message}" for finding in findings)


def _item(store: Store, query: ReviewQuery, proposal: Proposal) -> ItemTexts:
    source = find_language(str(proposal.detail["source_language"]))
    texts = load_texts(store, choose_survey(store, query.survey_id), source, find_language(query.language))
    return next(item for item in texts if item.item_id == proposal.item_id)


def _decided(proposal: Proposal, decision: str) -> Proposal:
    return replace(proposal, detail={**proposal.detail, "review": decision, "reviewed_at": utc_now().isoformat()})


def _open_reviews(store: Store, query: ReviewQuery) -> tuple[Review, ...]:
    reviews = list_reviews(store, query)
    if not reviews:
        raise not_found(
            f"No translation to {query.language} waits for a review.",
            "`surveycli translations list --status all` lists all.",
        )
    return reviews


def _settle(store: Store, query: ReviewQuery, proposals: Sequence[Proposal], status: str) -> None:
    language: Language = find_language(query.language)
    with store.transaction():
        save_texts(store, choose_survey(store, query.survey_id), language, proposals, replace_machine=True)
        _decide(store, query, [proposal.item_id for proposal in proposals], status)


def _decide(store: Store, query: ReviewQuery, item_ids: Sequence[str], status: str) -> None:
    import polars as pl

    store.run(
        "translation/decide_reviews",
        frames={"decided": pl.DataFrame({"item_id": list(item_ids)}, schema={"item_id": pl.String})},
        survey_id=choose_survey(store, query.survey_id),
        language=find_language(query.language).code,
        status=status,
        decided_at=utc_now(),
    )
