-- Purpose: no cell that a run was trained or chosen on counts as a test of it: its scores stand in the part train or
-- validation, or as "seen in training".
-- Grain: one row per run, part, item, population and language that breaks this. Reads: scored_cell, seen_cell.
SELECT s.run_id, s.split, s.part, s.survey_id, s.item_id, s.population_id, s.language, k.part AS seen_in
FROM scored_cell AS s
JOIN seen_cell AS k USING (run_id, survey_id, item_id, population_id)
WHERE s.part NOT IN ('train', 'seen in training')
    AND (s.part <> 'validation' OR k.part <> 'validation')
ORDER BY ALL;
