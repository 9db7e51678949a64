-- Purpose: the simulated cells of a run, with what its prediction says beside the shares.
-- Grain: one row per cell and language. Parameters: $run_id, $survey_id. Reads: prediction_cell.
-- Example: $run_id = 'simulated-1', $survey_id = 'simulated-1'
SELECT survey_id, item_id, population_id, language, outside_mass, basis
FROM prediction_cell
WHERE run_id = $run_id AND survey_id = $survey_id
ORDER BY ALL;
