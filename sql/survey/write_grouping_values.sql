-- Purpose: keep what the columns that a survey's populations are made of mean.
-- Grain: one row per survey, grouping and value. Parameters: $survey_id.
-- Reads: the frame incoming_grouping_value (columns of grouping_value but survey_id). Writes: grouping_value.
-- Example: $survey_id = 'wvs7'
-- Example: incoming_grouping_value AS SELECT 'q57' AS grouping, '1' AS value, 'Q57' AS item_id, 1 AS low_code, 1 AS
--          high_code, 'trust' AS label, 'yes' AS value_label
INSERT OR REPLACE INTO grouping_value BY NAME
SELECT $survey_id AS survey_id, grouping, value, item_id, low_code, high_code, label, value_label
FROM incoming_grouping_value;
