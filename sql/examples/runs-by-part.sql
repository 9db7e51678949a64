-- Purpose: the mean score of every run by part of its split.
-- Grain: one row per run, part and language. Reads: score_by_part.
SELECT run_id, part, language, n_cells, paper_one_minus_jsd, total_variation
FROM score_by_part
ORDER BY part, paper_one_minus_jsd DESC;
