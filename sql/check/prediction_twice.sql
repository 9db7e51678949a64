-- Purpose: a run predicts a cell once in each language, with one probability per option, or fails at it once.
-- Grain: one row per run, cell and language that breaks this, and table. Reads: prediction_cell, prediction,
-- prediction_failure.
SELECT run_id, survey_id, item_id, population_id, language, 'prediction_cell' AS twice_in
FROM prediction_cell
GROUP BY run_id, survey_id, item_id, population_id, language
HAVING count(*) > 1
UNION ALL
SELECT run_id, survey_id, item_id, population_id, language, 'prediction'
FROM prediction
GROUP BY run_id, survey_id, item_id, population_id, language
HAVING count(*) > count(DISTINCT option_code)
UNION ALL
SELECT run_id, survey_id, item_id, population_id, language, 'prediction_failure'
FROM prediction_failure
GROUP BY run_id, survey_id, item_id, population_id, language
HAVING count(*) > 1
ORDER BY ALL;
