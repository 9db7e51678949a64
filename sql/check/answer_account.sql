-- Purpose: valid, missing and left-out answers to an item are all of those interviewed, and as many as in cell and
-- missing_count.
-- Grain: one row per survey, item and population whose account does not add up. Reads: answer_account, cell,
-- missing_count.
WITH missing AS (
    SELECT survey_id, item_id, population_id, sum(n_respondents) AS n
    FROM missing_count
    GROUP BY ALL
),
interviewed AS (
    SELECT survey_id, population_id, max(n_interviewed) AS n
    FROM answer_account
    GROUP BY ALL
)
SELECT a.survey_id, a.item_id, a.population_id, a.n_interviewed, a.n_valid, a.n_missing, a.n_left_out
FROM answer_account AS a
JOIN interviewed AS i USING (survey_id, population_id)
LEFT JOIN cell AS c USING (survey_id, item_id, population_id)
LEFT JOIN missing AS m USING (survey_id, item_id, population_id)
WHERE a.n_valid + a.n_missing + a.n_left_out <> a.n_interviewed
    OR a.n_interviewed <> i.n
    OR a.n_valid <> coalesce(c.n_respondents, a.n_valid)
    OR a.n_missing <> coalesce(m.n, 0)
ORDER BY ALL;
