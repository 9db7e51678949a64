-- Purpose: write what a correction came to, for a run that has just been started.
-- Parameters: $run_id. Frames: cells (one row per cell: n_answers, n_effective, strength, weight, n_equivalent, helps,
--             basis) and shares (one row per cell and option: predicted, sampled, share, low, high).
-- Writes: correction, corrected_share, prediction_cell, prediction.
-- Example: $run_id = 'corrected-1'
-- Example: cells AS SELECT survey_id, item_id, population_id, 9 AS n_answers, 9.0 AS n_effective, 1.0 AS strength,
--          0.5 AS weight, 20.0 AS n_equivalent, true AS helps, 'sample' AS basis FROM cell LIMIT 1
-- Example: shares AS SELECT survey_id, item_id, population_id, option_code, 0.5 AS predicted, 0.5 AS sampled, 0.5 AS
--          share, 0.4 AS low, 0.6 AS high FROM response_distribution LIMIT 2
INSERT INTO correction BY NAME
SELECT $run_id AS run_id, survey_id, item_id, population_id, n_answers, n_effective, strength, weight, n_equivalent, helps
FROM cells;
INSERT INTO corrected_share BY NAME SELECT $run_id AS run_id, * FROM shares;
INSERT INTO prediction_cell BY NAME
SELECT $run_id AS run_id, survey_id, item_id, population_id, '' AS language, basis FROM cells;
INSERT INTO prediction BY NAME
SELECT $run_id AS run_id, survey_id, item_id, population_id, '' AS language, option_code, share AS probability FROM shares;
