-- Missing answers of respondents' files have their share, too.

COMMENT ON COLUMN missing_count.share IS 'Their share among all answers, missing ones included, 0 to 1: published, or counted (unweighted) where n_respondents is known.';

UPDATE missing_count
SET share = missing_count.n_respondents / counted.n_answers
FROM (
    SELECT survey_id, item_id, population_id, sum(n) AS n_answers
    FROM (
        SELECT survey_id, item_id, population_id, n_respondents AS n FROM missing_count
        UNION ALL
        SELECT survey_id, item_id, population_id, n_respondents AS n FROM cell
    )
    GROUP BY survey_id, item_id, population_id
) AS counted
WHERE missing_count.share IS NULL
    AND missing_count.n_respondents IS NOT NULL
    AND counted.survey_id = missing_count.survey_id
    AND counted.item_id = missing_count.item_id
    AND counted.population_id = missing_count.population_id;
