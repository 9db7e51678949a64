"""Where run folders lie: beside their store, wherever that has been moved to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from surveycli.errors import SurveyError, not_found
from surveycli.run_folder.folder import RunFolder


def runs_root(store_path: Path) -> Path:
    """Return the folder beside a store that its run folders lie in: `survey.duckdb` has `survey.runs/`."""
    return store_path.with_suffix(".runs")


def places_of(store_path: Path, run_id: str, recorded: str) -> Iterator[Path]:
    """Yield where a run's folder may lie, the likeliest first.

    Beside the store, since both are moved and copied together, under the run's name or the one that the store recorded;
    then where it was recorded, in full.
    """
    root, place = runs_root(store_path), Path(recorded)
    yield root / run_id
    yield root / place.name
    yield store_path.parent / place.parent.name / place.name
    yield place


def find_folder(store_path: Path, run_id: str, recorded: str | None) -> RunFolder | None:
    """Return the folder of a run, wherever it lies now; None where it is gone or the run never had one."""
    if recorded is None:
        return None
    places = (RunFolder(place) for place in places_of(store_path, run_id, recorded))
    return next((folder for folder in places if folder.manifest.is_file()), None)


def demand_folder(store_path: Path, run_id: str, recorded: str | None) -> RunFolder:
    """Return the folder of a run. Raises SurveyError (exit 4) where it is gone."""
    found = find_folder(store_path, run_id, recorded)
    if found is None:
        raise _gone(store_path, run_id, recorded or run_id)
    return found


def moved_along(path: Path, recorded: Path, now: Path) -> Path:
    """Return where `path` lies if it was moved together with a run folder, else `path` itself.

    `recorded` and `now` are where the folder was and is: in the folder of runs, in the project's folder.
    """
    project, moved = recorded.parent.parent, now.resolve().parent.parent
    if path.exists() or not path.is_relative_to(project):
        return path
    there = moved / path.relative_to(project)
    return there if there.exists() else path


def _gone(store_path: Path, run_id: str, recorded: str) -> SurveyError:
    places = list(dict.fromkeys(str(place) for place in places_of(store_path, run_id, recorded)))
    return not_found(
        f"The folder of the run {run_id} is not there: looked for {', '.join(places)}.",
        f"Move it to {places[0]}. What the store has of the run is kept.",
    )
