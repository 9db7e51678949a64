-- Purpose: how all populations of one kind answered one item, each counting the same.
-- Grain: one row per option, in code order. Parameters: $survey_id, $item_id, $kind (country or subgroup), $language.
-- Reads: response_distribution, population, option_text (English, then any language, where $language has no label).
-- The unweighted share stands in where no weighted one is known.
-- Example: $item_id = 'Q57', $kind = 'country', $language = 'en', $survey_id = 'wvs7'
SELECT
    d.option_code AS code,
    (
        SELECT o.label
        FROM option_text AS o
        WHERE o.survey_id = d.survey_id AND o.item_id = d.item_id AND o.option_code = d.option_code
        ORDER BY o.language = $language DESC, o.language = 'en' DESC, o.language
        LIMIT 1
    ) AS answer,
    avg(coalesce(d.share, d.share_unweighted)) AS share,
    min(coalesce(d.share, d.share_unweighted)) AS lowest,
    arg_min(d.population_id, coalesce(d.share, d.share_unweighted)) AS lowest_in,
    max(coalesce(d.share, d.share_unweighted)) AS highest,
    arg_max(d.population_id, coalesce(d.share, d.share_unweighted)) AS highest_in
FROM response_distribution AS d
JOIN population AS p USING (population_id)
WHERE d.survey_id = $survey_id AND d.item_id = $item_id AND p.kind = $kind
GROUP BY d.survey_id, d.item_id, d.option_code
ORDER BY d.option_code;
