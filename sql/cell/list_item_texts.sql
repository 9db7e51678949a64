-- Purpose: the items of a split as they are worded, and which of them the training part has.
-- Grain: one row per part and item that has a wording in the language, in the questionnaire's order.
-- Parameters: $split, $language. Reads: split_cell, item, item_text.
-- Example: $language = 'en', $split = 'unseen-questions'
SELECT
    c.part,
    c.survey_id,
    c.item_id,
    any_value(i.battery_id) AS battery_id,
    any_value(t.wording) AS wording,
    count(*) AS n_cells
FROM split_cell AS c
JOIN item AS i
    ON i.survey_id = c.survey_id
    AND i.item_id = c.item_id
JOIN item_text AS t
    ON t.survey_id = c.survey_id
    AND t.item_id = c.item_id
    AND t.language = $language
WHERE c.split = $split
GROUP BY c.part, c.survey_id, c.item_id
ORDER BY c.part, c.survey_id, any_value(i.position);
