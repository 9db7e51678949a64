-- Purpose: the cells of a split with their human shares, as a model run needs them.
-- Grain: one row per part, survey, item and population; shares in option-code order, NULL where no one was asked.
-- Parameters: $split, $parts (NULL for all), $weighted (true: weighted shares where known, else unweighted ones).
-- Reads: split_cell, cell_share.
-- Example: $parts = ['validation', 'test'], $split = 'unseen-questions', $weighted = true
SELECT
    c.part,
    c.survey_id,
    c.item_id,
    c.population_id,
    CASE WHEN $weighted::BOOLEAN THEN coalesce(s.share, s.share_unweighted) ELSE s.share_unweighted END AS shares,
    s.n_respondents
FROM split_cell AS c
LEFT JOIN cell_share AS s USING (survey_id, item_id, population_id)
WHERE c.split = $split AND ($parts IS NULL OR list_contains($parts::VARCHAR[], c.part))
ORDER BY c.part, c.survey_id, c.item_id, c.population_id;
