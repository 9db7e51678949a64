-- Purpose: what the hash of a lock is of.
-- Grain: one row per prediction of a run, in the order of the lines. Parameters: $run_id. Reads: prediction.
-- Example: $run_id = 'mine-1'
SELECT
    concat_ws(chr(9), survey_id, item_id, population_id, language, option_code, probability) AS line
FROM prediction
WHERE run_id = $run_id
ORDER BY survey_id, item_id, population_id, language, option_code;
