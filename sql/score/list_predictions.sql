-- Purpose: what a run predicted, to be held against the human distributions.
-- Grain: one row per item, population and language; lists are in option-code order.
-- Parameters: $run_id. Reads: prediction, item.
-- Example: $run_id = 'item-mean-1'
SELECT
    p.survey_id,
    p.item_id,
    p.population_id,
    p.language,
    any_value(i.scale) AS scale,
    list(p.option_code ORDER BY p.option_code) AS option_code,
    list(p.probability ORDER BY p.option_code) AS probability
FROM prediction AS p
LEFT JOIN item AS i
    ON i.survey_id = p.survey_id
    AND i.item_id = p.item_id
WHERE p.run_id = $run_id
GROUP BY p.survey_id, p.item_id, p.population_id, p.language
ORDER BY p.survey_id, p.item_id, p.population_id, p.language;
