"""`surveycli translations`: what a person decides on translations that were held back."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from surveycli.cli.command import SurveyGroup, add_command
from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat
from surveycli.cli.ways import Way, flags, given

_reviews = typer.Typer(cls=SurveyGroup, no_args_is_help=True)
_CHOICE = "--to --survey --store"
_DECIDED = (
    Way("--to LANGUAGE --items ITEMS", "Those of some items.", flags("--items", _CHOICE), given("--items"), ("--to",)),
    Way("--to LANGUAGE --all", "All that are open.", flags("--all", _CHOICE), given("--all"), ("--to",)),
)

To = Annotated[str, typer.Option("--to", help="The language to translate to, such as zh or pt-BR.")]
SurveyId = Annotated[str | None, typer.Option("--survey", help="The survey.", show_default="the only one")]
ItemsOption = Annotated[str | None, typer.Option("--items", help="Ids and ranges: Q1,Q2,Q50-Q60.", show_default="all")]


class Status(StrEnum):
    """How far a review is."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EDITED = "edited"
    ALL = "all"


def register(app: typer.Typer) -> None:
    """Add the group."""
    add_command(_reviews, list_held, name="list")
    add_command(_reviews, accept, ways=_DECIDED)
    add_command(_reviews, reject, ways=_DECIDED)
    add_command(_reviews, edit)
    app.add_typer(_reviews, name="translations")


@_reviews.callback()
def reviews() -> None:
    """Decide on translations that were held back.

    Examples:
      surveycli translations list --to zh
      surveycli translations accept --to zh --all
    """


def list_held(
    to: To,
    survey: SurveyId = None,
    items: ItemsOption = None,
    status: Annotated[Status, typer.Option(help="Which reviews.")] = Status.OPEN,
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """List translations that were held back, and why.

    Each stands with what was proposed and what speaks against it.

    Examples:
      surveycli translations list --to zh
      surveycli translations list --to zh --status all
    """
    import polars as pl

    from surveycli.cli.render import print_frame
    from surveycli.store import open_store
    from surveycli.translation import ReviewQuery, list_reviews
    from surveycli.translation.review import describe_findings

    with open_store(store) as opened:
        reviews = list_reviews(opened, ReviewQuery(to, survey, items), None if status is Status.ALL else status.value)
    rows = [
        {
            "item_id": review.proposal.item_id,
            "status": review.status,
            "wording": review.proposal.wording,
            "labels": "; ".join(f"{option.code} {option.label}" for option in review.proposal.labels) or None,
            "findings": describe_findings(review.proposal.findings),
            "origin": review.proposal.origin,
        }
        for review in reviews
    ]
    columns = ("item_id", "status", "wording", "labels", "findings", "origin")
    print_frame(pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String)), format)


def accept(
    to: To,
    items: ItemsOption = None,
    all_open: Annotated[  # noqa: ARG001 - tells the way
        bool, typer.Option("--all", help="Accept all that are open.")
    ] = False,
    survey: SurveyId = None,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Use held-back translations as they were proposed.

    Examples:
      surveycli translations accept --to zh --items Q1,Q50-Q60
      surveycli translations accept --to zh --all
    """
    from surveycli.cli.render import note
    from surveycli.store import open_store
    from surveycli.translation import ReviewQuery, accept_reviews

    with open_store(store, write=True) as opened:
        accepted = accept_reviews(opened, ReviewQuery(to, survey, items))
    note(f"Accepted: {', '.join(accepted)}.")


def reject(
    to: To,
    items: ItemsOption = None,
    all_open: Annotated[  # noqa: ARG001 - tells the way
        bool, typer.Option("--all", help="Reject all that are open.")
    ] = False,
    survey: SurveyId = None,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Refuse held-back translations.

    Their items can then be translated anew.

    Examples:
      surveycli translations reject --to zh --items Q1
      surveycli translations reject --to zh --all
    """
    from surveycli.cli.render import note
    from surveycli.store import open_store
    from surveycli.translation import ReviewQuery, reject_reviews

    with open_store(store, write=True) as opened:
        rejected = reject_reviews(opened, ReviewQuery(to, survey, items))
    note(f"Rejected: {', '.join(rejected)}.")


def edit(
    item: Annotated[str, typer.Argument(help="The item, such as Q1.")],
    to: To,
    wording: Annotated[str | None, typer.Option(help="The question.", show_default="as proposed")] = None,
    label: Annotated[list[str] | None, typer.Option(help="An answer as CODE=TEXT; repeat for several.")] = None,
    survey: SurveyId = None,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Use a held-back translation with your own changes.

    Examples:
      surveycli translations edit Q46 --to de --wording "Alles in allem: Wie glücklich sind Sie?"
      surveycli translations edit Q46 --to de --label "1=Sehr glücklich" --label "2=Ziemlich glücklich"
    """
    from surveycli.cli.render import note
    from surveycli.store import open_store
    from surveycli.translation import ReviewQuery, edit_review
    from surveycli.translation.review import describe_findings

    labels = dict(_code_and_text(text) for text in label or ())
    with open_store(store, write=True) as opened:
        findings = edit_review(opened, ReviewQuery(to, survey, item), wording, labels)
    note(f"Edited: {item}." + (f" The checks still object: {describe_findings(findings)}." if findings else ""))


def _code_and_text(text: str) -> tuple[int, str]:
    from surveycli.errors import usage

    code, equals, label = text.partition("=")
    if not equals or not code.strip().lstrip("-").isdigit():
        raise usage(f"--label needs CODE=TEXT, found {text!r}.", 'For instance --label "1=Sehr wichtig".')
    return int(code), label.strip()
