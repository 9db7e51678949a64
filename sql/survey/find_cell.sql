-- Purpose: how many answered an item in a population, and what became of the others (their share where no count is known).
-- Grain: one row, none where there is no such cell. Parameters: $survey_id, $item_id, $population_id.
-- Reads: cell, missing_count.
-- Example: $item_id = 'Q57', $population_id = 'KEN', $survey_id = 'wvs7'
SELECT
    c.n_respondents,
    c.n_effective,
    (
        SELECT string_agg(
            coalesce(m.n_respondents::VARCHAR, printf('%.1f %%', 100 * m.share)) || ' '
            || replace(replace(m.status, 'dont', 'don''t'), '_', ' '),
            ', ' ORDER BY m.n_respondents DESC, m.share DESC, m.status
        )
        FROM missing_count AS m
        WHERE m.survey_id = c.survey_id AND m.item_id = c.item_id AND m.population_id = c.population_id
    ) AS missing
FROM cell AS c
WHERE c.survey_id = $survey_id AND c.item_id = $item_id AND c.population_id = $population_id;
