-- Purpose: how many of the asked cells a run has predicted, and how many scores stand on these.
-- Grain: one row. Parameters: $run_id, $split, $parts (list), $languages (list).
-- Reads: split_cell, prediction_cell, score.
-- Example: $run_id = 'mine', $split = 'unseen-questions', $parts = ['test'], $languages = ['en']
WITH asked AS (
    SELECT DISTINCT survey_id, item_id, population_id, unnest($languages::VARCHAR[]) AS language
    FROM split_cell
    WHERE split = $split AND list_contains($parts::VARCHAR[], part)
)
SELECT
    (SELECT count(*) FROM prediction_cell SEMI JOIN asked USING (survey_id, item_id, population_id, language) WHERE run_id = $run_id) AS n_predicted,
    (SELECT count(*) FROM score SEMI JOIN asked USING (survey_id, item_id, population_id, language) WHERE run_id = $run_id) AS n_scored;
