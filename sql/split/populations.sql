-- Purpose: the populations of a survey, with their country, its region and, where it is known, how many were interviewed.
-- Grain: one row per population with a cell. n_interviewed counts missing answers too; it is NULL where the survey
-- came without them.
-- Parameters: $survey_id. Reads: cell, missing_count, population, country.
-- Example: $survey_id = 'wvs7'
WITH missing AS (
    SELECT item_id, population_id, sum(n_respondents) AS n_missing
    FROM missing_count
    WHERE survey_id = $survey_id
    GROUP BY ALL
),
counted AS (
    SELECT
        c.population_id,
        CASE WHEN count(m.n_missing) > 0 THEN max(c.n_respondents + coalesce(m.n_missing, 0)) END AS n_interviewed
    FROM cell AS c
    LEFT JOIN missing AS m USING (item_id, population_id)
    WHERE c.survey_id = $survey_id
    GROUP BY c.population_id
)
SELECT
    counted.population_id,
    coalesce(p.kind, 'country') AS kind,
    coalesce(p.iso3, counted.population_id) AS country,
    coalesce(k.un_region, '') AS un_region,
    counted.n_interviewed::BIGINT AS n_interviewed
FROM counted
LEFT JOIN population AS p USING (population_id)
LEFT JOIN country AS k ON k.iso3 = p.iso3
ORDER BY counted.population_id;
