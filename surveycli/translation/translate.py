"""Translate a survey's items with an engine: one at a time, each committed on its own, so that a stop loses nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from surveycli.clock import utc_now
from surveycli.domain import Option
from surveycli.errors import bad_input, usage
from surveycli.progress import Progress, silent
from surveycli.store import Store, open_patiently, open_store
from surveycli.store.terms import demand_sendable
from surveycli.translation.checks import LocalisedItem, Objection, chrf, has_words
from surveycli.translation.engine import (
    EngineError,
    EngineIdentity,
    GlossaryTerm,
    RequestError,
    TranslationEngine,
    TranslationReply,
    TranslationRequest,
)
from surveycli.translation.glossary import glossary_sha256
from surveycli.translation.language import Language, find_language
from surveycli.translation.proposal import Origin, Proposal, commit_proposals, judge, merge_labels
from surveycli.translation.texts import ItemTexts, choose_survey, load_texts, select_ids

_WAY_ON = "The same command goes on from the item before this one: what was translated so far is kept."
_GIVE_UP_AFTER = 5  # items in a row whose requests failed: the server is down, and the rest would fail too


@dataclass(frozen=True, slots=True)
class TranslateOptions:
    """What to translate. `items` is a list of ids and ranges; None is the whole survey."""

    target: str
    source: str = "en"
    survey_id: str | None = None
    items: str | None = None
    redo: bool = False
    glossary: tuple[GlossaryTerm, ...] = ()


@dataclass(frozen=True, slots=True)
class BackTranslation:
    """Translate back and compare with the source: below `min_similarity` (chrF, 0-100) a person has to look."""

    min_similarity: float = 40.0


@dataclass(frozen=True, slots=True)
class TranslationPlan:
    """What there is to do: items that lack a translation, and counts of those left alone, by reason."""

    survey_id: str
    source: Language
    target: Language
    items: tuple[ItemTexts, ...]
    work: tuple[ItemTexts, ...]
    n_translated: int
    n_waiting: int


@dataclass(frozen=True, slots=True)
class TranslateReport:
    """What came of it.

    `n_kept` items already had a translation, `n_waiting` wait for a person since an earlier run, and for `n_unasked` of
    those held back there was no reply, as the engine could not be asked.
    """

    survey_id: str
    language: str
    n_kept: int
    n_waiting: int
    translated: tuple[str, ...] = ()
    held: tuple[Proposal, ...] = ()
    unknown: tuple[str, ...] = ()
    n_unasked: int = 0


@dataclass(slots=True)
class LabelMemory:
    """Translated scales: the items of a battery share one, and should call its options alike in every language."""

    scales: dict[tuple[str, tuple[Option, ...]], tuple[Option, ...]] = field(default_factory=dict)

    def learn(self, item: ItemTexts, labels: Mapping[int, str]) -> None:
        """Remember the labels of an item, if they are all there."""
        if all(option.code in labels for option in item.source.options):
            known = tuple(Option(option.code, labels[option.code]) for option in item.source.options)
            self.scales.setdefault(_scale_key(item), known)

    def recall(self, item: ItemTexts) -> dict[int, str]:
        """Return the labels of the item's scale by code, or nothing."""
        return {option.code: option.label for option in self.scales.get(_scale_key(item), ())}


def _scale_key(item: ItemTexts) -> tuple[str, tuple[Option, ...]]:
    return item.battery_id, item.source.options


def plan_translation(store: Store, options: TranslateOptions, server: str | None = None) -> TranslationPlan:
    """Return what is missing, for the engine behind an address of a `server` if that is given.

    Raises SurveyError for an unknown survey, item or language, and as `demand_sendable` does.
    """
    source, target = find_language(options.source), find_language(options.target)
    if source.code == target.code:
        raise usage(f"Source and target are both {target.code}.", "--to names the language to translate to.")
    survey_id = choose_survey(store, options.survey_id)
    if server is not None:
        demand_sendable(store, [survey_id], server)
    texts = load_texts(store, survey_id, source, target)
    chosen = set(select_ids(options.items, [item.item_id for item in texts]))
    items = tuple(item for item in texts if item.item_id in chosen)
    open_reviews = store.rows("translation/list_reviews", survey_id=survey_id, language=target.code, status="open")
    waiting = set() if options.redo else {row["item_id"] for row in open_reviews if row["proposed"] is not None}
    lacking = [item for item in items if not item.is_complete or (options.redo and item.has_machine_text)]
    work = tuple(item for item in lacking if item.item_id not in waiting)
    return TranslationPlan(survey_id, source, target, texts, work, len(items) - len(lacking), len(lacking) - len(work))


def first_requests(plan: TranslationPlan, options: TranslateOptions) -> tuple[TranslationRequest, ...]:
    """Return the requests that the plan comes to if every first try is good, for an estimate of its cost."""
    memory = _memory(plan, options)
    requests = []
    for item in plan.work:
        requests.append(_request(item, plan, options, memory))
        memory.learn(item, {option.code: option.label for option in item.source.options})
    return tuple(requests)


def translate_items(
    path: Path,
    engine: TranslationEngine,
    options: TranslateOptions,
    *,
    back: BackTranslation | None = None,
    progress: Progress = silent,
) -> TranslateReport:
    """Translate what is missing in the store at `path`; what fails a check waits for a person and is not used.

    The store is open only to read the plan and to write each finished item. Raises SurveyError (exit 3) where requests
    of several items in a row fail; what was finished stays, and the same call goes on from there.
    """
    with open_patiently(path) as store:
        plan = plan_translation(store, options, engine.identity.server)
    memory = _memory(plan, options)
    work = [item for item in plan.work if not _is_repetition(item, engine.identity, options)]
    proposals: list[Proposal] = []
    failures = n_unasked = 0
    for done, item in enumerate(work):
        progress("translate", done, len(work), item.item_id)
        proposal, failed = _translate_item(engine, item, _request(item, plan, options, memory), options, back)
        _write(path, plan, proposal, options)
        proposals.append(proposal)
        if proposal.is_good:
            memory.learn(item, {option.code: option.label for option in proposal.labels})
        failures = failures + 1 if failed else 0
        n_unasked += failed
        _give_up_after(failures, proposals)
    progress("translate", len(work), len(work))
    report = _report(plan, proposals, n_repeated=len(plan.work) - len(work))
    return replace(report, n_unasked=n_unasked)


def _report(plan: TranslationPlan, proposals: Sequence[Proposal], n_repeated: int) -> TranslateReport:
    return TranslateReport(
        survey_id=plan.survey_id,
        language=plan.target.code,
        n_kept=plan.n_translated + n_repeated,
        n_waiting=plan.n_waiting,
        translated=tuple(proposal.item_id for proposal in proposals if proposal.is_good),
        held=tuple(proposal for proposal in proposals if not proposal.is_good),
    )


def _write(path: Path, plan: TranslationPlan, proposal: Proposal, options: TranslateOptions) -> None:
    with open_patiently(path, way_on=_WAY_ON) as store:
        commit_proposals(store, plan.survey_id, plan.target, [proposal], replace_machine=options.redo)


def _give_up_after(failures: int, proposals: Sequence[Proposal]) -> None:
    if failures < _GIVE_UP_AFTER:
        return
    raise bad_input(
        f"The requests of {failures} items in a row failed; the last: {proposals[-1].findings[0].message}.",
        "The same command goes on from here once the server answers; failed items are tried again.",
    )


def _memory(plan: TranslationPlan, options: TranslateOptions) -> LabelMemory:
    memory = LabelMemory()
    for item in plan.items:
        memory.learn(item, item.kept_labels(redo=options.redo))
    return memory


def _known_labels(item: ItemTexts, options: TranslateOptions, memory: LabelMemory) -> dict[int, str]:
    wordless = {option.code: option.label for option in item.source.options if not has_words(option.label)}
    return {**wordless, **memory.recall(item), **item.kept_labels(redo=options.redo)}


def _request(
    item: ItemTexts, plan: TranslationPlan, options: TranslateOptions, memory: LabelMemory
) -> TranslationRequest:
    known = _known_labels(item, options, memory)
    return TranslationRequest(
        item_id=item.item_id,
        source=plan.source,
        target=plan.target,
        wording=item.source.wording or "",
        options=tuple(option for option in item.source.options if option.code not in known),
        known_labels=tuple(Option(code, known[code]) for code in sorted(known)),
        glossary=options.glossary,
    )


def _translate_item(
    engine: TranslationEngine,
    item: ItemTexts,
    request: TranslationRequest,
    options: TranslateOptions,
    back: BackTranslation | None,
) -> tuple[Proposal, bool]:
    """Return what the engine made of an item, and whether it could not even be asked."""
    origin = Origin("machine", _machine_detail(engine.identity, item, options))
    try:
        reply = _ask(engine, item, request, options)
        proposal = judge(item, _merged(item, request, reply, options), origin, options.glossary)
        return (_compare_back(engine, request, proposal, back) if back else proposal), False
    except EngineError as failure:
        finding = Objection("engine", "item", str(failure))
        nothing = Proposal(item.item_id, None, (), origin.origin, origin.detail, (finding,))
        return nothing, isinstance(failure, RequestError)


def _ask(
    engine: TranslationEngine, item: ItemTexts, request: TranslationRequest, options: TranslateOptions
) -> TranslationReply:
    wording = item.kept_wording(redo=options.redo)
    if wording is not None and not request.options:  # only labels were missing, and those are known
        return TranslationReply(wording, ())
    return engine.translate(request)


def _merged(
    item: ItemTexts, request: TranslationRequest, reply: TranslationReply, options: TranslateOptions
) -> LocalisedItem:
    known = {option.code: option.label for option in request.known_labels}
    wording = item.kept_wording(redo=options.redo)
    return LocalisedItem(
        request.target, reply.wording if wording is None else wording, merge_labels(item, known, reply.labels)
    )


def _compare_back(
    engine: TranslationEngine, request: TranslationRequest, proposal: Proposal, back: BackTranslation
) -> Proposal:
    """Return the proposal with the similarity of its back-translation, and a finding where that is low."""
    if not proposal.is_good:
        return proposal
    asked = {option.code for option in request.options}
    theirs = tuple(option for option in proposal.labels if option.code in asked)
    reverse = replace(
        request,
        source=request.target,
        target=request.source,
        wording=proposal.wording or "",
        options=theirs,
        known_labels=(),
        glossary=(),
    )
    try:
        reply = engine.translate(reverse)
    except EngineError as failure:
        finding = Objection("similarity", "item", f"it could not be translated back: {failure}")
        return replace(proposal, findings=(finding,))
    returned = "\n".join([reply.wording, *(option.label for option in reply.labels)])
    original = "\n".join([request.wording, *(option.label for option in request.options)])
    similarity = round(chrf(returned, original), 1)
    detail = {**proposal.detail, "back_translation": returned, "back_translation_chrf": similarity}
    if similarity >= back.min_similarity:
        return replace(proposal, detail=detail)
    message = f"translated back it has chrF {similarity:g}, below {back.min_similarity:g}: {returned}"
    return replace(proposal, detail=detail, findings=(Objection("similarity", "item", message),))


def _machine_detail(identity: EngineIdentity, item: ItemTexts, options: TranslateOptions) -> dict[str, Any]:
    return {
        **asdict(identity),
        "source_language": options.source,
        "recipe_sha256": _recipe_sha256(identity, item, options),
        "translated_at": utc_now().isoformat(),
    }


def _recipe_sha256(identity: EngineIdentity, item: ItemTexts, options: TranslateOptions) -> str:
    """Hash everything that a machine translation follows from, so that redoing one can see that nothing has changed."""
    recipe = [asdict(identity), options.source, item.source_sha256, glossary_sha256(options.glossary)]
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()


def _is_repetition(item: ItemTexts, identity: EngineIdentity, options: TranslateOptions) -> bool:
    """Whether redoing the item would ask the same engine for the same thing; this also lets a redo be resumed."""
    return item.is_complete and item.detail.get("recipe_sha256") == _recipe_sha256(identity, item, options)


def read_plan(
    path: Path, options: TranslateOptions, *, write: bool = False, server: str | None = None
) -> TranslationPlan:
    """Return the plan without translating, with errors as `plan_translation`.

    `write` lets an older store be brought up to date, as a run would do.
    """
    with open_store(path, write=write) as store:
        return plan_translation(store, options, server)
