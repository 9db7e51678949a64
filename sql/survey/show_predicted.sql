-- Purpose: what runs predicted for one item of one population, the mean where a run predicted in several languages.
-- Grain: one row per run and option, in code order.
-- Parameters: $run_ids (list), $survey_id, $item_id, $population_id. Reads: prediction.
-- Example: $run_ids = ['item-mean-1'], $item_id = 'Q57', $population_id = 'KEN', $survey_id = 'wvs7'
SELECT run_id, option_code AS code, avg(probability) AS predicted
FROM prediction
WHERE list_contains($run_ids, run_id)
    AND survey_id = $survey_id
    AND item_id = $item_id
    AND population_id = $population_id
GROUP BY run_id, option_code
ORDER BY run_id, option_code;
