-- Purpose: the response options of items, to put imported shares in their order.
-- Grain: one row per survey, item and option.
-- Parameters: none. Reads: response_option.
SELECT survey_id, item_id, option_code, position
FROM response_option
ORDER BY survey_id, item_id, position;
