"""One pass over the respondents of a file: each is counted in every population it belongs to, and handed on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from surveycli.errors import usage
from surveycli.progress import Progress
from surveycli.survey.aggregates import Aggregates
from surveycli.survey.design import DesignRecord
from surveycli.survey.files.batch import Skipped
from surveycli.survey.population.grouping import OpenValues, add_demographics, population_ids
from surveycli.survey.population.population import PopulationSpec
from surveycli.survey.readers.readout import RespondentFile
from surveycli.survey.tally import Tally

if TYPE_CHECKING:
    import polars as pl


class RespondentPass:
    """What one pass over a file comes to: go through `respondents`, then ask for `aggregates` and `skipped`."""

    def __init__(self, file: RespondentFile) -> None:
        self.n_respondents = 0
        self._file = file
        self._tallies = {grouping: _tally(file, grouping) for grouping in file.groups.by}
        self._design = DesignRecord(file)
        self._members: dict[tuple[str, ...], list[pl.Series]] = {grouping: [] for grouping in file.groups.by}
        self._skipped: Counter[tuple[str, str]] = Counter()

    def respondents(self, progress: Progress) -> Iterator[pl.DataFrame]:
        """Yield the respondents as they will be stored, each batch after its answers have been counted."""
        file, spread = self._file, OpenValues()
        for batch in file.batches():
            respondents = add_demographics(batch.respondents, file.roles)
            self._skip(batch.skipped)
            values = {name: column.values_of(respondents) for name, column in file.groups.columns.items()}
            spread.add(respondents["iso3"], values, file.groups.columns.values())
            self._design.add(respondents)
            respondents = self._design.without(respondents)
            for grouping, tally in self._tallies.items():
                ids = population_ids(respondents["iso3"], [values[name] for name in grouping[1:]])
                self._skip(_count_batch(respondents, grouping, ids, tally))
                if self._design.columns:
                    self._members[grouping].append(ids)
            if respondents.height:
                yield _numbered(respondents, self.n_respondents)
            self.n_respondents += respondents.height
            progress("respondents", self.n_respondents, 0)
        progress("respondents", self.n_respondents, self.n_respondents)

    def aggregates(self, min_cell: int) -> Iterator[Aggregates]:
        """Yield the distributions of each grouping's populations, of cells with `min_cell` valid answers or more."""
        for grouping, tally in self._tallies.items():
            counted = tally.counts(min_cell)
            populations = counted.aggregates.populations
            groups = dict.fromkeys(
                group for spec in populations if isinstance(spec, PopulationSpec) for group in spec.groups
            )
            texts = (self._file.groups.columns[name].text(value) for name, value in groups)
            self._skip((*counted.small_cells, *_grouped_items(self._file, grouping, len(populations))))
            # Every grouping counts anew what is wrong with the same answers: the larger of both counts.
            self._skipped |= Counter({(skip.reason, skip.subject): skip.n_skipped for skip in counted.no_answers})
            cells = self._by_design(grouping, counted.aggregates.cells)
            known = tuple(text for text in texts if text is not None)
            yield replace(counted.aggregates, cells=cells, group_texts=known)
        self._skip(self._design.notes())

    def _by_design(self, grouping: tuple[str, ...], cells: pl.DataFrame) -> pl.DataFrame:
        """Return cells with the effective numbers of the design in the place of Kish's, where there is one."""
        import polars as pl

        nothing = pl.lit(None, dtype=pl.Float64)
        if not self._design.columns:
            return cells.with_columns(n_effective_unweighted=nothing)
        found = self._design.effective(pl.concat(self._members[grouping]))
        both = cells.join(found, on=["item_id", "population_id"], how="left", maintain_order="left")
        weighted = pl.when(pl.col("n_effective").is_not_null()).then(pl.coalesce("by_design", "n_effective"))
        return both.select(
            *(name for name in cells.columns if name != "n_effective"),
            n_effective=weighted,
            n_effective_unweighted=pl.col("by_design_unweighted"),
        )

    def skipped(self) -> tuple[Skipped, ...]:
        """Return what was left out of the file."""
        counts = tuple(Skipped(reason, subject, n) for (reason, subject), n in sorted(self._skipped.items()))
        return self._file.skipped + counts

    def _skip(self, skipped: Iterable[Skipped]) -> None:
        self._skipped.update({(skip.reason, skip.subject): skip.n_skipped for skip in skipped})


def _tally(file: RespondentFile, grouping: tuple[str, ...]) -> Tally:
    """Return an empty count of the items, but for those that respondents are grouped by."""
    by_id = file.codebook.by_id()
    given = {item_id for column in file.groups.columns_of(grouping) for item_id in column.items}
    items = [by_id[item_id] for item_id in file.roles.items if item_id not in given]
    if not items:
        raise usage(f"--by {','.join(grouping)} leaves no item: it groups by all there are.", "Group by less.")
    return Tally(items, file.missing, weighted=file.roles.weight is not None)


def _grouped_items(file: RespondentFile, grouping: tuple[str, ...], n_populations: int) -> Iterator[Skipped]:
    """Yield the items that respondents are grouped by: what they answered is given, and would leak into training."""
    for column in file.groups.columns_of(grouping):
        for item_id in column.items:
            if item_id in file.roles.items:
                reason = f"cell of the item that populations by {', '.join(grouping)} are made of"
                yield Skipped(reason, item_id, n_populations)


def _numbered(respondents: pl.DataFrame, n_before: int) -> pl.DataFrame:
    import polars as pl

    return respondents.with_row_index("respondent_id", offset=n_before + 1).with_columns(
        pl.col("respondent_id").cast(pl.Int64)
    )


def _count_batch(
    respondents: pl.DataFrame, grouping: tuple[str, ...], ids: pl.Series, tally: Tally
) -> tuple[Skipped, ...]:
    """Count answers of the respondents whose population is known; return how many have none."""
    known = ids.is_not_null()
    if known.all():
        tally.add(respondents, ids, respondents["weight"])
        return ()
    kept = respondents.filter(known)
    tally.add(kept, ids.filter(known), kept["weight"])
    reason = f"respondent outside the populations by {', '.join(grouping)}"
    return (Skipped(reason, "rows", respondents.height - kept.height),)
