-- Purpose: a prediction has one row of scores.
-- Grain: one row per run, cell and language that has more. Reads: score.
SELECT run_id, survey_id, item_id, population_id, language, count(*) AS n_rows
FROM score
GROUP BY run_id, survey_id, item_id, population_id, language
HAVING count(*) > 1
ORDER BY ALL;
