-- Purpose: the cells that a predictor has to answer, with their options but without their answers.
-- Grain: one row per distinct cell of the parts (a cell may stand in two parts).
-- Parameters: $split, $parts (list of part names). Reads: split_cell, response_option.
-- Example: $parts = ['validation', 'test'], $split = 'unseen-questions'
WITH target AS (
    SELECT DISTINCT survey_id, item_id, population_id
    FROM split_cell
    WHERE split = $split AND list_contains($parts, part)
)
SELECT
    t.survey_id,
    t.item_id,
    t.population_id,
    list(o.option_code ORDER BY o.option_code) AS option_code
FROM target AS t
JOIN response_option AS o
    ON o.survey_id = t.survey_id
    AND o.item_id = t.item_id
GROUP BY t.survey_id, t.item_id, t.population_id
ORDER BY t.survey_id, t.item_id, t.population_id;
