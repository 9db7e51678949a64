-- Purpose: a language model before and after its fine-tuning, beside uniform and the item mean, by test part.
-- Grain: one row per test part. Parameters: $split, $before, $after (runs). Reads: score_by_part.
-- Example: $split = 'paper', $before = 'uniform-1', $after = 'item-mean-1'
SELECT
    part,
    max(n_cells) AS cells,
    round(max(paper_one_minus_jsd) FILTER (predictor = 'uniform'), 3) AS uniform,
    round(max(paper_one_minus_jsd) FILTER (run_id = $before), 3) AS "tiny, before",
    round(max(paper_one_minus_jsd) FILTER (run_id = $after), 3) AS "tiny, fine-tuned",
    round(max(paper_one_minus_jsd) FILTER (predictor = 'item-mean'), 3) AS "item mean"
FROM score_by_part
WHERE split = $split AND part NOT IN ('train', 'validation', 'seen in training')
GROUP BY part
ORDER BY part;
