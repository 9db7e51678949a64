-- Purpose: the answers of a simulation as they are shown: words, shares, and how far to trust them.
-- Grain: one row per item, population, language and option. Parameters: $run_id. Reads: simulated_answer.
-- Example: $run_id = 'simulated-1'
SELECT * EXCLUDE (run_id, survey_id)
FROM simulated_answer
WHERE run_id = $run_id
ORDER BY position, population_id, language, option_code;
