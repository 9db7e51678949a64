-- Purpose: how one population answered one item.
-- Grain: one row per option, in code order. Parameters: $survey_id, $item_id, $population_id, $language.
-- Reads: response_distribution, option_text (English, then any language, where $language has no label).
-- Example: $item_id = 'Q57', $language = 'en', $population_id = 'KEN', $survey_id = 'wvs7'
SELECT
    d.option_code AS code,
    (
        SELECT o.label
        FROM option_text AS o
        WHERE o.survey_id = d.survey_id AND o.item_id = d.item_id AND o.option_code = d.option_code
        ORDER BY o.language = $language DESC, o.language = 'en' DESC, o.language
        LIMIT 1
    ) AS answer,
    d.n_respondents AS n,
    d.share,
    d.share_unweighted
FROM response_distribution AS d
WHERE d.survey_id = $survey_id AND d.item_id = $item_id AND d.population_id = $population_id
ORDER BY d.option_code;
