-- Purpose: keep with a run's configuration what was chosen on cells that it did not learn from.
-- Parameters: $run_id, $chosen (a JSON object, merged into the configuration). Writes: run.
-- Example: $run_id = 'item-mean-1', $chosen = '{"chosen_on_validation": {"weight": 0.5}}'
UPDATE run
SET configuration = json_merge_patch(configuration, $chosen::JSON)
WHERE run_id = $run_id;
