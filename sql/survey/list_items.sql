-- Purpose: the items of the store's surveys, or those whose id, wording, options or dimension contain a word.
-- Grain: one row per survey and item, in questionnaire order.
-- Parameters: $survey_id (NULL: every survey), $language, $search (NULL: every item; case does not matter).
-- Reads: item, item_text, option_text, cell.
-- Example: $language = 'en', $search = 'trust', $survey_id = 'wvs7'
SELECT
    i.survey_id AS survey,
    i.item_id AS item,
    t.wording,
    i.n_options AS options,
    i.dimension,
    (
        SELECT count(*) FROM cell AS c WHERE c.survey_id = i.survey_id AND c.item_id = i.item_id
    ) AS populations
FROM item AS i
JOIN item_text AS t ON t.survey_id = i.survey_id AND t.item_id = i.item_id AND t.language = $language
WHERE ($survey_id IS NULL OR i.survey_id = $survey_id)
    AND (
        $search IS NULL
        OR lower(i.item_id) = lower($search)
        OR contains(lower(t.wording), lower($search))
        OR contains(lower(coalesce(i.dimension, '')), lower($search))
        OR EXISTS (
            SELECT 1
            FROM option_text AS o
            WHERE o.survey_id = i.survey_id
                AND o.item_id = i.item_id
                AND o.language = $language
                AND contains(lower(o.label), lower($search))
        )
    )
ORDER BY i.survey_id, i.position;
