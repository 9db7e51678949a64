-- Purpose: the items that a run was trained on, told from those that it was only chosen on.
-- Grain: one row per item. Parameters: $run_id. Reads: seen_cell.
-- Example: $run_id = 'answers-gp-1'
SELECT DISTINCT survey_id, item_id FROM seen_cell WHERE run_id = $run_id AND part = 'train' ORDER BY ALL;
