-- Purpose: what a run predicted, to be corrected with a sample, and which of its cells are for choosing (validation).
-- Grain: one row per cell and language; probabilities in option-code order.
-- Parameters: $run_id. Reads: prediction, run, split_cell.
-- Example: $run_id = 'item-mean-1'
WITH validation AS (
    SELECT DISTINCT c.survey_id, c.item_id, c.population_id
    FROM split_cell AS c
    JOIN run AS r USING (split)
    WHERE r.run_id = $run_id AND c.part = 'validation'
)
SELECT
    p.survey_id,
    p.item_id,
    p.population_id,
    p.language,
    list(p.option_code ORDER BY p.option_code) AS option_code,
    list(p.probability ORDER BY p.option_code) AS probability,
    bool_or(v.item_id IS NOT NULL) AS is_validation
FROM prediction AS p
LEFT JOIN validation AS v USING (survey_id, item_id, population_id)
WHERE p.run_id = $run_id
GROUP BY p.survey_id, p.item_id, p.population_id, p.language
ORDER BY p.survey_id, p.item_id, p.population_id, p.language;
