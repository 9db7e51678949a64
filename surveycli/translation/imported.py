"""Bring translations that people made from a file into the store."""

from __future__ import annotations

from pathlib import Path

from surveycli.clock import utc_now
from surveycli.domain import Option
from surveycli.errors import bad_input
from surveycli.store import open_store
from surveycli.translation.checks import LocalisedItem, has_words
from surveycli.translation.proposal import Origin, Proposal, commit_proposals, judge
from surveycli.translation.texts import ItemTexts
from surveycli.translation.translate import TranslateOptions, TranslateReport, TranslationPlan, plan_translation
from surveycli.translation.translation_file import FileTexts, read_translations, write_template


def import_translations(
    path: Path, file: Path, options: TranslateOptions, origin: str = "imported", *, dry_run: bool = False
) -> TranslateReport:
    """Write the translations of `file` for items that lack one into the store at `path`, in one transaction.

    They pass the same checks as a machine's; what fails waits for a person. `dry_run` only says what would happen.
    Raises SurveyError (exit 3) where nothing in the file belongs to the survey.
    """
    with open_store(path, write=not dry_run) as store:
        plan = plan_translation(store, options)
        known = [item.item_id for item in plan.items]
        texts, unknown = read_translations(file, known)
        if not texts:
            raise bad_input(
                f"{file} has no translation of an item of {plan.survey_id}.", "Its ids must be those of the survey."
            )
        where = Origin(
            origin, {"file": file.name, "source_language": options.source, "translated_at": utc_now().isoformat()}
        )
        lacking = [item for item in plan.work if item.item_id in texts]
        proposals = [_propose(item, texts[item.item_id], plan, options, where) for item in lacking]
        if not dry_run:
            commit_proposals(store, plan.survey_id, plan.target, proposals, replace_machine=options.redo)
    return TranslateReport(
        survey_id=plan.survey_id,
        language=plan.target.code,
        n_kept=plan.n_translated,
        n_waiting=plan.n_waiting,
        translated=tuple(proposal.item_id for proposal in proposals if proposal.is_good),
        held=tuple(proposal for proposal in proposals if not proposal.is_good),
        unknown=unknown,
    )


def _propose(
    item: ItemTexts, given: FileTexts, plan: TranslationPlan, options: TranslateOptions, origin: Origin
) -> Proposal:
    """Return what the file and the store together say; labels without words, such as numbers, need no translator."""
    kept = item.kept_wording(redo=options.redo)
    wordless = {option.code: option.label for option in item.source.options if not has_words(option.label)}
    labels = {**wordless, **given.labels, **item.kept_labels(redo=options.redo)}
    target = LocalisedItem(
        language=plan.target,
        wording=given.wording if kept is None else kept,
        options=tuple(Option(code, labels[code]) for code in sorted(labels)),
    )
    return judge(item, target, origin, options.glossary)


def export_template(path: Path, file: Path, options: TranslateOptions) -> int:
    """Write a template for the items of the store at `path` that lack a translation; return how many there are."""
    with open_store(path) as store:
        plan = plan_translation(store, options)
    write_template(file, plan.work, [item.item_id for item in plan.items])
    return len(plan.work)
