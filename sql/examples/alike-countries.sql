-- Purpose: for each country the three that answer most like it, by the mean total variation over all questions.
-- Grain: one row per country and neighbour. Reads: response_distribution, population, country.
WITH share AS (
    SELECT p.iso3, d.survey_id, d.item_id, d.option_code, coalesce(d.share, d.share_unweighted) AS share
    FROM response_distribution AS d
    JOIN population AS p USING (population_id)
    WHERE p.kind = 'country'
),
distance AS (
    SELECT a.iso3, b.iso3 AS other, 0.5 * sum(abs(a.share - b.share)) / count(DISTINCT (a.survey_id, a.item_id)) AS mean_distance
    FROM share AS a
    JOIN share AS b USING (survey_id, item_id, option_code)
    WHERE a.iso3 <> b.iso3
    GROUP BY ALL
)
SELECT c.name AS country, o.name AS neighbour, d.mean_distance
FROM distance AS d
JOIN country AS c USING (iso3)
JOIN country AS o ON o.iso3 = d.other
QUALIFY row_number() OVER (PARTITION BY d.iso3 ORDER BY d.mean_distance) <= 3
ORDER BY country, mean_distance;
