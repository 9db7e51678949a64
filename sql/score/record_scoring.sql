-- Purpose: note that the predictions of a run were scored, unless these same ones were before.
-- Grain: one row per split and part that has scored cells. Parameters: $run_id, $scored_at.
-- Reads: scored_cell, prediction_part, run, scoring. Writes: scoring.
-- Example: $run_id = 'mine-1', $scored_at = TIMESTAMP '2026-01-01'
INSERT INTO scoring BY NAME
SELECT
    s.run_id,
    s.split,
    s.part,
    coalesce(p.finished_at, r.finished_at, r.started_at) AS predicted_at,
    $scored_at AS scored_at
FROM (SELECT DISTINCT run_id, split, part FROM scored_cell WHERE run_id = $run_id AND split IS NOT NULL) AS s
JOIN run AS r ON r.run_id = s.run_id
LEFT JOIN prediction_part AS p
    ON p.run_id = s.run_id
    AND p.split = s.split
    AND p.part = s.part
WHERE NOT EXISTS (
    SELECT 1
    FROM scoring AS k
    WHERE k.run_id = s.run_id
        AND k.split = s.split
        AND k.part = s.part
        AND k.predicted_at = coalesce(p.finished_at, r.finished_at, r.started_at)
);
