-- Purpose: values of groupings that mean something else in another survey of the store: one population_id would stand
-- for two populations. Where neither is an answer to an item, the value says what it means, however the column is called.
-- Grain: one row per grouping, value and other survey. Parameters: $survey_id.
-- Reads: the frame incoming_grouping_value (columns of grouping_value but survey_id); grouping_value.
-- Example: $survey_id = 'wvs7'
-- Example: incoming_grouping_value AS SELECT 'q57' AS grouping, '1' AS value, 'Q57' AS item_id, 1 AS low_code, 1 AS
--          high_code, 'trust' AS label, 'yes' AS value_label
SELECT g.survey_id, g.grouping, g.value, g.label, g.value_label, i.label AS new_label, i.value_label AS new_value_label
FROM incoming_grouping_value AS i
JOIN grouping_value AS g USING (grouping, value)
WHERE g.survey_id <> $survey_id
    AND (g.label <> i.label OR g.value_label <> i.value_label)
    AND (g.item_id IS NOT NULL OR i.item_id IS NOT NULL)
ORDER BY ALL;
