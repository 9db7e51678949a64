-- Purpose: how much a prediction adds to a sample, item by item.
-- Grain: one row per survey and item. Parameters: $run_id. Reads: correction.
-- Example: $run_id = 'item-mean-1'
SELECT
    survey_id,
    item_id,
    count(*) AS n_cells,
    avg(n_effective) AS respondents_asked,
    avg(weight) AS weight_of_prediction,
    avg(n_equivalent) AS worth_respondents,
    avg(n_equivalent - n_effective) AS respondents_gained,
    CASE WHEN bool_or(helps) THEN 'helps' ELSE 'does not help here' END AS verdict
FROM correction
WHERE run_id = $run_id
GROUP BY survey_id, item_id
ORDER BY survey_id, item_id;
