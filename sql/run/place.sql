-- Purpose: record where a run's folder lies, and the model that lies beside it.
-- Parameters: $run_id, $folder, $configuration (JSON; NULL leaves it as it is). Writes: run.
-- Example: $run_id = 'mine', $folder = '/data/survey.runs/mine', $configuration = NULL
UPDATE run
SET
    folder = $folder,
    configuration = coalesce($configuration::JSON, configuration),
    model = coalesce($configuration::JSON -> 'model' ->> 'name', model)
WHERE run_id = $run_id;
