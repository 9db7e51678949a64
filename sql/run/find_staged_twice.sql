-- Purpose: a staged cell that is predicted twice, or both predicted and failed.
-- Grain: at most one row. Reads: staged_prediction, staged_failure.
SELECT survey_id, item_id, population_id, language
FROM (
    SELECT survey_id, item_id, population_id, language FROM staged_prediction
    UNION ALL
    SELECT survey_id, item_id, population_id, language FROM staged_failure
)
GROUP BY survey_id, item_id, population_id, language
HAVING count(*) > 1
LIMIT 1;
