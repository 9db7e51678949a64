-- Purpose: give a run another name, in every table and in the configuration of runs that build on it.
-- Parameters: $run_id, $name, $folder (where the run's folder lies from now on; NULL where it has none).
-- Writes: run, training_metric, prediction_cell, prediction, prediction_failure, score, prediction_part, training_cell,
-- training_text, correction, corrected_share, prediction_lock,
-- scoring, trust.
-- Example: $run_id = 'mine', $name = 'yours', $folder = NULL
UPDATE run
SET run_id = $name, folder = $folder
WHERE run_id = $run_id;
UPDATE run
SET configuration = json_merge_patch(configuration, json_object('trained_by', $name))
WHERE (configuration ->> 'trained_by') = $run_id;
UPDATE run
SET configuration = json_merge_patch(
    configuration,
    json_object('settings', json_object('of', list_transform(
        from_json(configuration -> 'settings' -> 'of', '["VARCHAR"]'),
        lambda member: CASE WHEN member = $run_id THEN $name ELSE member END
    )))
)
WHERE list_contains(from_json(configuration -> 'settings' -> 'of', '["VARCHAR"]'), $run_id);
UPDATE training_metric SET run_id = $name WHERE run_id = $run_id;
UPDATE prediction_cell SET run_id = $name WHERE run_id = $run_id;
UPDATE prediction SET run_id = $name WHERE run_id = $run_id;
UPDATE prediction_failure SET run_id = $name WHERE run_id = $run_id;
UPDATE score SET run_id = $name WHERE run_id = $run_id;
UPDATE prediction_part SET run_id = $name WHERE run_id = $run_id;
UPDATE training_cell SET run_id = $name WHERE run_id = $run_id;
UPDATE training_text SET run_id = $name WHERE run_id = $run_id;
UPDATE correction SET run_id = $name WHERE run_id = $run_id;
UPDATE corrected_share SET run_id = $name WHERE run_id = $run_id;
UPDATE prediction_lock SET run_id = $name WHERE run_id = $run_id;
UPDATE scoring SET run_id = $name WHERE run_id = $run_id;
UPDATE trust SET run_id = $name WHERE run_id = $run_id;
