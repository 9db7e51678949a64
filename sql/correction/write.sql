-- Purpose: write what a correction came to, for a run that has just been started.
-- Parameters: $run_id. Frames: cells (one row per cell: n_answers, n_effective, strength, weight, n_equivalent, helps,
--             basis) and shares (one row per cell and option: predicted, sampled, share, low, high).
-- Writes: correction, corrected_share, prediction_cell, prediction. Example: $run_id = 'corrected-1'
INSERT INTO correction BY NAME
SELECT $run_id AS run_id, survey_id, item_id, population_id, n_answers, n_effective, strength, weight, n_equivalent, helps
FROM cells;
INSERT INTO corrected_share BY NAME SELECT $run_id AS run_id, * FROM shares;
INSERT INTO prediction_cell BY NAME
SELECT $run_id AS run_id, survey_id, item_id, population_id, '' AS language, basis FROM cells;
INSERT INTO prediction BY NAME
SELECT $run_id AS run_id, survey_id, item_id, population_id, '' AS language, option_code, share AS probability FROM shares;
