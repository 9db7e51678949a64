-- Purpose: put the metrics of this version in place of those that the store knew.
-- Grain: one row per metric. Frame: incoming (the columns of metric). Writes: metric.
DELETE FROM metric;
INSERT INTO metric BY NAME SELECT * FROM incoming;
