"""Versions, extras and devices, told without loading any of the libraries."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from surveycli.doctor.finding import Diagnosis, State
from surveycli.engine.processor import multiplies_bfloat16
from surveycli.versions import own_version

_BFLOAT16 = ", which multiply in bfloat16 (the format, there, of pretrained models that come in it)"
# What each extra of the package is for, in the words of its options.
_EXTRAS = {
    "quantised": "--quantise 4bit and 8bit",
    "embeddings": "predictors that read texts with an encoder, such as knn",
    "dev": "the tests",
}


def examine_installation() -> Iterator[Diagnosis]:
    """Yield what is installed, which extras are not, and what there is to compute with."""
    yield Diagnosis(
        State.OK, "surveycli", f"{own_version()}, Python {platform.python_version()}, {platform.platform()}"
    )
    try:
        wanted = [Requirement(text) for text in requires("surveycli") or ()]
    except PackageNotFoundError:
        yield Diagnosis(
            State.NOTE,
            "packages",
            "the package is not installed here, only on the path: what it requires is not known",
            "`pip install .` in its folder",
        )
        return
    yield from _packages([requirement for requirement in wanted if requirement.marker is None])
    for extra in metadata("surveycli").get_all("Provides-Extra") or ():
        yield _extra(extra, [r for r in wanted if r.marker is not None and r.marker.evaluate({"extra": extra})])
    yield _device()


def _packages(requirements: list[Requirement]) -> Iterator[Diagnosis]:
    lacking = [problem for requirement in requirements if (problem := _problem(requirement))]
    for problem in lacking:
        yield Diagnosis(State.FAULT, "package", problem, "`pip install -c constraints.txt .`, or install it by itself")
    if not lacking:
        known = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "polars", "torch", "transformers", "peft"))
        yield Diagnosis(State.OK, "packages", f"all {len(requirements)} that are required, among them {known}")


def _problem(requirement: Requirement) -> str:
    """Return what is wrong with a required package, or nothing."""
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(found, prereleases=True):
        return ""
    return f"{requirement.name} {found} is installed, {requirement.specifier} is required"


def _extra(extra: str, requirements: list[Requirement]) -> Diagnosis:
    problems = [problem for requirement in requirements if (problem := _problem(requirement))]
    use = _EXTRAS.get(extra, extra)
    if not problems:
        return Diagnosis(State.OK, f"extra {extra}", f"for {use}: installed")
    return Diagnosis(State.NOTE, f"extra {extra}", f"for {use}: {'; '.join(problems)}", f"`pip install '.[{extra}]'`")


def _device() -> Diagnosis:
    """Tell processors, memory and GPUs by what the system shows of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    gpus = sorted(path.name for path in Path("/dev").glob("nvidia[0-9]*"))
    build = _torch_build()
    here = f"{cores} cores{_memory()}{_BFLOAT16 if multiplies_bfloat16() else ''}; torch {build}"
    if gpus and build.endswith("+cpu"):
        repair = "a CUDA build of torch (pytorch.org) uses them"
        return Diagnosis(State.NOTE, "device", f"{here}, a build for CPUs alone beside {len(gpus)} GPUs", repair)
    if not gpus and shutil.which("nvidia-smi"):
        return Diagnosis(
            State.NOTE, "device", f"{here}; a driver but no GPU", "is one attached to this machine or job?"
        )
    return Diagnosis(State.OK, "device", f"{here}; {len(gpus) or 'no'} NVIDIA GPU{'s' if len(gpus) > 1 else ''}")


def _torch_build() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return "is not installed"


def _memory() -> str:
    try:
        return f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (AttributeError, ValueError, OSError):  # what this system does not tell
        return ""
