-- Purpose: the finished runs that asked the same predictor or weights on the same split, in whatever setting.
-- Grain: one row per such run that has predictions, the run itself among them, oldest first. Parameters: $run_id. Reads: run, prediction_cell.
-- Example: $run_id = 'mine-1'
WITH known AS (
    SELECT
        run_id,
        split,
        model,
        started_at,
        -- Of a model what counts is whose weights were asked; a statistical predictor has settings of its own.
        CASE
            WHEN model IS NULL THEN predictor || coalesce(configuration->>'settings', '')
            ELSE coalesce(configuration->>'trained_by', CASE WHEN kind = 'finetune' THEN run_id END, model_fingerprint, model)
        END AS asked
    FROM run
    WHERE status = 'finished'
        AND coalesce(configuration->>'elicitation', '') != 'control'
)
SELECT o.run_id
FROM known AS k
JOIN known AS o
    ON o.split IS NOT DISTINCT FROM k.split
    AND o.asked = k.asked
    AND (o.model IS NULL) = (k.model IS NULL)
WHERE k.run_id = $run_id
    AND EXISTS (SELECT 1 FROM prediction_cell AS c WHERE c.run_id = o.run_id)
ORDER BY o.started_at, o.run_id;
