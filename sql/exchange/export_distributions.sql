-- Purpose: what people answered, with the words, for other tools.
-- Grain: one row per survey, item, population and option.
-- Parameters: $survey_id (NULL: all), $language of the texts.
-- Reads: response_distribution, item, item_text, option_text, population_text, cell.
-- Example: $language = 'en', $survey_id = 'wvs7'
SELECT
    d.survey_id,
    d.item_id,
    i.dimension,
    q.wording,
    d.population_id,
    p.name AS population,
    d.option_code,
    o.label AS option,
    d.n_respondents,
    d.share,
    d.share_unweighted,
    c.n_effective,
    c.n_effective_unweighted
FROM response_distribution AS d
JOIN item AS i
    ON i.survey_id = d.survey_id
    AND i.item_id = d.item_id
LEFT JOIN cell AS c
    ON c.survey_id = d.survey_id
    AND c.item_id = d.item_id
    AND c.population_id = d.population_id
LEFT JOIN item_text AS q
    ON q.survey_id = d.survey_id
    AND q.item_id = d.item_id
    AND q.language = $language
LEFT JOIN option_text AS o
    ON o.survey_id = d.survey_id
    AND o.item_id = d.item_id
    AND o.option_code = d.option_code
    AND o.language = $language
LEFT JOIN population_text AS p
    ON p.population_id = d.population_id
    AND p.language = $language
WHERE $survey_id IS NULL OR d.survey_id = $survey_id
ORDER BY d.survey_id, i.position, d.population_id, d.option_code;
