-- Purpose: an item, by its id without regard to case, in the surveys that have it.
-- Grain: one row per survey. Parameters: $item_id, $survey_id (NULL: every survey), $language.
-- Reads: item, item_text (English, then any language, where $language has no wording).
-- Example: $item_id = 'Q57', $language = 'en', $survey_id = 'wvs7'
SELECT
    i.survey_id,
    i.item_id,
    i.scale,
    i.dimension,
    (
        SELECT t.wording
        FROM item_text AS t
        WHERE t.survey_id = i.survey_id AND t.item_id = i.item_id
        ORDER BY t.language = $language DESC, t.language = 'en' DESC, t.language
        LIMIT 1
    ) AS wording
FROM item AS i
WHERE lower(i.item_id) = lower($item_id) AND ($survey_id IS NULL OR i.survey_id = $survey_id)
ORDER BY i.survey_id = 'wvs7' DESC, i.survey_id;
