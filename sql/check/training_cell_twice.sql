-- Purpose: a run's training cells are each kept once, and are of a run in table run.
-- Grain: one row per run and cell that breaks this. Reads: training_cell, run.
SELECT run_id, survey_id, item_id, population_id, 'kept twice' AS problem
FROM training_cell
GROUP BY run_id, survey_id, item_id, population_id
HAVING count(*) > 1
UNION ALL
SELECT run_id, survey_id, item_id, population_id, 'no row in run'
FROM training_cell
ANTI JOIN run USING (run_id)
ORDER BY ALL;
