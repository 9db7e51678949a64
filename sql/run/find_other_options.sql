-- Purpose: staged predictions that have another number of options than their item has in the store.
-- Grain: one row per item. Reads: staged_prediction, staged_cell, item.
SELECT
    s.survey_id,
    s.item_id,
    any_value(len(s.probabilities)) AS n_predicted,
    any_value(i.n_options) AS n_options
FROM staged_prediction AS s
SEMI JOIN staged_cell USING (survey_id, item_id, population_id, language)
LEFT JOIN item AS i
    ON i.survey_id = s.survey_id
    AND i.item_id = s.item_id
WHERE i.n_options IS DISTINCT FROM len(s.probabilities)
GROUP BY s.survey_id, s.item_id
ORDER BY s.survey_id, s.item_id;
