-- Purpose: what runs predicted, beside people's shares, with the words, for other tools.
-- Grain: one row per run, survey, item, population, language of the prompt and option.
-- Parameters: $run_ids (list; NULL: all), $language of the texts.
-- Reads: prediction, prediction_cell, response_distribution, item, item_text, option_text, population_text.
-- Example: $language = 'en', $run_ids = ['item-mean-1', 'uniform-1']
SELECT
    p.run_id,
    p.survey_id,
    p.item_id,
    q.wording,
    p.population_id,
    n.name AS population,
    p.language,
    p.option_code,
    o.label AS option,
    p.probability,
    d.share AS human_share,
    d.share_unweighted AS human_share_unweighted,
    c.basis
FROM prediction AS p
JOIN prediction_cell AS c
    ON c.run_id = p.run_id
    AND c.survey_id = p.survey_id
    AND c.item_id = p.item_id
    AND c.population_id = p.population_id
    AND c.language = p.language
JOIN item AS i
    ON i.survey_id = p.survey_id
    AND i.item_id = p.item_id
LEFT JOIN response_distribution AS d
    ON d.survey_id = p.survey_id
    AND d.item_id = p.item_id
    AND d.population_id = p.population_id
    AND d.option_code = p.option_code
LEFT JOIN item_text AS q
    ON q.survey_id = p.survey_id
    AND q.item_id = p.item_id
    AND q.language = $language
LEFT JOIN option_text AS o
    ON o.survey_id = p.survey_id
    AND o.item_id = p.item_id
    AND o.option_code = p.option_code
    AND o.language = $language
LEFT JOIN population_text AS n
    ON n.population_id = p.population_id
    AND n.language = $language
WHERE $run_ids IS NULL OR list_contains($run_ids, p.run_id)
ORDER BY p.run_id, p.survey_id, i.position, p.population_id, p.language, p.option_code;
