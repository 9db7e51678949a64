-- Purpose: what each item says in the source language, and what there already is in the target language.
-- Grain: one row per item and option, in questionnaire and code order. NULL where a text is missing.
-- Parameters: $survey_id, $source, $target. Reads: item, response_option, item_text, option_text.
-- Example: $source = 'en', $survey_id = 'wvs7', $target = 'zh'
SELECT
    i.item_id,
    i.battery_id,
    s.wording AS source_wording,
    t.wording AS target_wording,
    t.origin AS wording_origin,
    t.origin_detail AS wording_detail,
    o.option_code,
    sl.label AS source_label,
    tl.label AS target_label,
    tl.origin AS label_origin
FROM item AS i
JOIN response_option AS o USING (survey_id, item_id)
LEFT JOIN item_text AS s ON s.survey_id = i.survey_id AND s.item_id = i.item_id AND s.language = $source
LEFT JOIN item_text AS t ON t.survey_id = i.survey_id AND t.item_id = i.item_id AND t.language = $target
LEFT JOIN option_text AS sl
    ON sl.survey_id = i.survey_id AND sl.item_id = i.item_id AND sl.option_code = o.option_code AND sl.language = $source
LEFT JOIN option_text AS tl
    ON tl.survey_id = i.survey_id AND tl.item_id = i.item_id AND tl.option_code = o.option_code AND tl.language = $target
WHERE i.survey_id = $survey_id
ORDER BY i.position, o.position;
