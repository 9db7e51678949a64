-- Purpose: what the columns that populations were made of are called in a language.
-- Grain: one row per grouping and value. Parameters: $language.
-- Reads: grouping_value, item_text, option_text (English, then any language, where $language has no words).
-- high_label is NULL where the value stands for one answer alone; a band's ends carry their codes.
-- Example: $language = 'en'
WITH meaning AS (
    SELECT DISTINCT ON (grouping, value) *
    FROM grouping_value
    ORDER BY grouping, value, survey_id
),
worded AS (
    SELECT
        *,
        (
            SELECT t.wording
            FROM item_text AS t
            WHERE t.survey_id = m.survey_id AND t.item_id = m.item_id
            ORDER BY t.language = $language DESC, t.language = 'en' DESC, t.language
            LIMIT 1
        ) AS wording,
        (
            SELECT o.label
            FROM option_text AS o
            WHERE o.survey_id = m.survey_id AND o.item_id = m.item_id AND o.option_code = m.low_code
            ORDER BY o.language = $language DESC, o.language = 'en' DESC, o.language
            LIMIT 1
        ) AS low_text,
        (
            SELECT o.label
            FROM option_text AS o
            WHERE o.survey_id = m.survey_id AND o.item_id = m.item_id AND o.option_code = m.high_code
            ORDER BY o.language = $language DESC, o.language = 'en' DESC, o.language
            LIMIT 1
        ) AS high_text
    FROM meaning AS m
)
SELECT
    grouping,
    value,
    item_id IS NOT NULL AS is_answer,
    coalesce(wording, label) AS label,
    CASE
        WHEN low_text IS NULL THEN value_label
        WHEN low_code = high_code OR low_text = low_code::VARCHAR THEN low_text
        ELSE low_code || ' (' || low_text || ')'
    END AS low_label,
    CASE
        WHEN low_code = high_code OR high_text IS NULL THEN NULL
        WHEN high_text = high_code::VARCHAR THEN high_text
        ELSE high_code || ' (' || high_text || ')'
    END AS high_label
FROM worded
ORDER BY grouping, value;
