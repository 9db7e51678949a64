-- Purpose: the demo's table: every predictor on every test part of its split, by the protocol's metrics.
-- Grain: one row per test part and run. Parameters: $split. Reads: score_by_part.
-- Example: $split = 'unseen-questions'
SELECT
    part,
    CASE run_id WHEN 'untrained' THEN 'tiny, before' WHEN 'finetuned' THEN 'tiny, fine-tuned' ELSE predictor END AS predictor,
    n_cells AS cells,
    paper_one_minus_jsd AS "1-JSD (paper)",
    paper_emd AS "EMD (paper)",
    js_divergence_nats AS "JSD (nats)",
    emd_ordinal AS "EMD, ordinal",
    total_variation AS "total var."
FROM score_by_part
WHERE split = $split AND part NOT IN ('train', 'validation', 'seen in training')
ORDER BY part, "1-JSD (paper)";
