-- Purpose: the corrected shares of a run with their intervals, beside the prediction and the sample.
-- Grain: one row per cell and option. Parameters: $run_id. Reads: corrected_share, option_text.
-- Example: $run_id = 'item-mean-1'
SELECT
    c.survey_id,
    c.item_id,
    c.population_id,
    c.option_code,
    t.label,
    c.predicted,
    c.sampled,
    c.share,
    c.low,
    c.high
FROM corrected_share AS c
LEFT JOIN option_text AS t
    ON t.survey_id = c.survey_id
    AND t.item_id = c.item_id
    AND t.option_code = c.option_code
    AND t.language = 'en'
WHERE c.run_id = $run_id
ORDER BY c.survey_id, c.item_id, c.population_id, c.option_code;
