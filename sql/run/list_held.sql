-- Purpose: the predictions of a run that the store holds of given cells.
-- Grain: one row per cell and language of `wanted` that has one; probabilities and their bounds in option-code order.
-- Parameters: $run_id. Frame: wanted (survey_id, item_id, population_id, language). Reads: prediction_cell, prediction.
-- Example: $run_id = 'mine'
-- Example: wanted AS SELECT survey_id, item_id, population_id, 'en' AS language FROM cell LIMIT 3
SELECT
    c.survey_id,
    c.item_id,
    c.population_id,
    c.language,
    list(p.probability ORDER BY p.option_code) AS probabilities,
    any_value(c.outside_mass) AS outside_mass,
    any_value(c.basis) AS basis,
    any_value(c.asked) AS asked,
    CASE WHEN count(p.probability_least) = count(*) THEN list(p.probability_least ORDER BY p.option_code) END AS least,
    CASE WHEN count(p.probability_most) = count(*) THEN list(p.probability_most ORDER BY p.option_code) END AS most
FROM prediction_cell AS c
SEMI JOIN wanted USING (survey_id, item_id, population_id, language)
JOIN prediction AS p
    ON p.run_id = c.run_id
    AND p.survey_id = c.survey_id
    AND p.item_id = c.item_id
    AND p.population_id = c.population_id
    AND p.language = c.language
WHERE c.run_id = $run_id
GROUP BY c.survey_id, c.item_id, c.population_id, c.language
ORDER BY c.survey_id, c.item_id, c.population_id, c.language;
