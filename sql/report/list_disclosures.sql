-- Purpose: what has to be said of runs before their figures are published.
-- Grain: one row per run, in the order asked for.
-- Parameters: $run_ids (list). Reads: run, training_cell, prediction_cell, prediction_failure, scoring.
-- Example: $run_ids = ['item-mean-1', 'uniform-1']
WITH trained AS (
    SELECT
        run_id,
        count(*) FILTER (part = 'train') AS n_train_cells,
        count(DISTINCT survey_id || '|' || item_id) FILTER (part = 'train') AS n_train_items,
        count(DISTINCT population_id) FILTER (part = 'train') AS n_train_populations,
        count(*) FILTER (part = 'validation') AS n_chosen_cells
    FROM training_cell
    GROUP BY run_id
),
predicted AS (
    SELECT
        run_id,
        count(*) AS n_predicted,
        count(DISTINCT survey_id || '|' || item_id) AS n_items,
        count(DISTINCT population_id) AS n_populations,
        string_agg(DISTINCT nullif(language, ''), ', ' ORDER BY nullif(language, '')) AS languages
    FROM prediction_cell
    GROUP BY run_id
),
failed AS (
    SELECT run_id, count(*) AS n_failed
    FROM prediction_failure
    GROUP BY run_id
),
looked AS (
    SELECT run_id, count(DISTINCT scored_at) AS n_scorings
    FROM scoring
    GROUP BY run_id
)
SELECT
    r.run_id,
    r.predictor,
    r.model,
    r.model_fingerprint,
    r.split,
    r.shares,
    r.seed,
    r.configuration::VARCHAR AS configuration,
    r.versions ->> 'surveycli' AS surveycli,
    strftime(r.started_at, '%Y-%m-%d') AS made_on,
    t.n_train_cells,
    t.n_train_items,
    t.n_train_populations,
    t.n_chosen_cells,
    p.n_predicted,
    p.n_items,
    p.n_populations,
    p.languages,
    coalesce(f.n_failed, 0) AS n_failed,
    coalesce(l.n_scorings, 0) AS n_scorings
FROM run AS r
LEFT JOIN trained AS t USING (run_id)
LEFT JOIN predicted AS p USING (run_id)
LEFT JOIN failed AS f USING (run_id)
LEFT JOIN looked AS l USING (run_id)
WHERE list_contains($run_ids, r.run_id)
ORDER BY list_position($run_ids, r.run_id);
