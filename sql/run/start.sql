-- Purpose: record a run as started.
-- Parameters: one per column. Writes: run.
-- Example: $status = 'running', $configuration = '{}', $folder = NULL, $kind = 'predictor', $model = NULL, $model_fingerprint = NULL,
--          $predictor = 'item-mean', $run_id = 'mine', $seed = 42, $shares = 'weighted', $split = 'unseen-questions',
--          $started_at = TIMESTAMP '2026-01-01', $versions = '{}'
INSERT INTO run BY NAME
SELECT
    $run_id AS run_id,
    $kind AS kind,
    $predictor AS predictor,
    $split AS split,
    $model AS model,
    $model_fingerprint AS model_fingerprint,
    $shares AS shares,
    $seed AS seed,
    $configuration::JSON AS configuration,
    $versions::JSON AS versions,
    $folder AS folder,
    $status AS status,
    $started_at AS started_at;
