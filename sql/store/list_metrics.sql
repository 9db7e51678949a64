-- Purpose: the metrics that this store knows.
-- Grain: one row per metric, in the order in which they were written. Reads: metric.
SELECT metric, formula, low, high, better, proper, needs_order, undefined, mean FROM metric ORDER BY rowid;
