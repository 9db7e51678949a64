"""The rows of the table `metric`: what the package's metrics are, in words that a query can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from surveycli.distribution.metric import METRICS, Metric

if TYPE_CHECKING:
    import polars as pl

_MEAN = "mean over the cells that have a value"
_ALL = "mean over cells, none where a cell has no value"


def metric_frame() -> pl.DataFrame:
    """Return the rows of `metric`."""
    import polars as pl

    rows = [
        {
            "metric": metric.name,
            "formula": metric.formula,
            "low": _finite(metric.low),
            "high": _finite(metric.high),
            "better": metric.better.value,
            "proper": metric.proper,
            "needs_order": metric.needs_order,
            "undefined": metric.undefined or None,
            "mean": _mean(metric),
        }
        for metric in METRICS.values()
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _finite(bound: float) -> float | None:
    return bound if abs(bound) < float("inf") else None


def _mean(metric: Metric) -> str:
    if metric.ratio is not None:
        return f"{metric.scale:g} (1 - mean {metric.ratio[0]} / mean {metric.ratio[1]})"
    return _ALL if metric.by_prediction else _MEAN
