-- Purpose: the wording and options of a split's items in the languages asked for; only items that have both whole.
-- Grain: one row per survey, item and language. Parameters: $split, $languages.
-- Reads: split_cell, item, item_text, response_option, option_text.
-- Example: $languages = ['en', 'zh'], $split = 'unseen-questions'
WITH asked AS (SELECT DISTINCT survey_id, item_id FROM split_cell WHERE split = $split)
SELECT
    i.survey_id,
    i.item_id,
    t.language,
    t.wording,
    i.scale,
    coalesce(i.battery_id, i.item_id) AS battery,
    list(o.option_code ORDER BY o.option_code) AS option_code,
    list(o.label ORDER BY o.option_code) AS option_label
FROM asked
JOIN item AS i USING (survey_id, item_id)
JOIN item_text AS t USING (survey_id, item_id)
JOIN option_text AS o
    ON o.survey_id = i.survey_id AND o.item_id = i.item_id AND o.language = t.language
WHERE list_contains($languages::VARCHAR[], t.language)
GROUP BY ALL
HAVING count(*) = max(i.n_options)
ORDER BY i.survey_id, i.item_id, t.language;
