-- Purpose: how far other runs' predictions of the simulated cells are from those of the run that answers.
-- Grain: one row per cell, language and other run. Parameters: $run_id, $others (list of run ids), $survey_id.
-- Reads: prediction.
-- Example: $run_id = 'simulated-1', $others = ['simulated-1-order-1'], $survey_id = 'simulated-1'
SELECT
    a.survey_id,
    a.item_id,
    a.population_id,
    a.language,
    b.run_id AS other_run,
    sum(abs(a.probability - b.probability)) / 2 AS total_variation
FROM prediction AS a
JOIN prediction AS b USING (survey_id, item_id, population_id, language, option_code)
WHERE a.run_id = $run_id AND a.survey_id = $survey_id AND list_contains($others, b.run_id)
GROUP BY ALL
ORDER BY ALL;
