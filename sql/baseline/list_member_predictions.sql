-- Purpose: what a run predicted for given cells, for predictors that are made of other runs' predictions.
-- Grain: one row per wanted cell that the run has predicted, and language; probabilities in option-code order.
-- Parameters: $run_id. Frame: wanted (place, survey_id, item_id, population_id). Reads: prediction.
-- Example: $run_id = 'item-mean-1'
-- Example: wanted AS SELECT row_number() OVER () AS place, survey_id, item_id, population_id FROM cell LIMIT 5
SELECT w.place, p.language, list(p.probability ORDER BY p.option_code) AS probability
FROM wanted AS w
JOIN prediction AS p USING (survey_id, item_id, population_id)
WHERE p.run_id = $run_id
GROUP BY w.place, p.language
ORDER BY w.place, p.language;
