-- Purpose: the cells of a split as examples to train on: question, population, options, and what people answered.
-- Grain: one row per part and cell; options and target are in option-code order.
-- Parameters: $split, $language of the texts.
-- Reads: split_cell, item, item_text, response_option, option_text, population_text, cell_share.
-- Example: $language = 'en', $split = 'unseen-questions'
WITH option_list AS (
    SELECT
        o.survey_id,
        o.item_id,
        list(o.option_code ORDER BY o.option_code) AS option_codes,
        list(coalesce(t.label, o.option_code::VARCHAR) ORDER BY o.option_code) AS options
    FROM response_option AS o
    LEFT JOIN option_text AS t
        ON t.survey_id = o.survey_id
        AND t.item_id = o.item_id
        AND t.option_code = o.option_code
        AND t.language = $language
    GROUP BY o.survey_id, o.item_id
)
SELECT
    s.part,
    s.survey_id,
    s.item_id,
    s.population_id,
    q.wording AS question,
    n.description AS population,
    l.options,
    l.option_codes,
    coalesce(t.share, t.share_unweighted) AS target,
    t.n_respondents
FROM split_cell AS s
JOIN item AS i
    ON i.survey_id = s.survey_id
    AND i.item_id = s.item_id
JOIN option_list AS l
    ON l.survey_id = s.survey_id
    AND l.item_id = s.item_id
LEFT JOIN cell_share AS t
    ON t.survey_id = s.survey_id
    AND t.item_id = s.item_id
    AND t.population_id = s.population_id
LEFT JOIN item_text AS q
    ON q.survey_id = s.survey_id
    AND q.item_id = s.item_id
    AND q.language = $language
LEFT JOIN population_text AS n
    ON n.population_id = s.population_id
    AND n.language = $language
WHERE s.split = $split
ORDER BY s.part, s.survey_id, i.position, s.population_id;
