-- Purpose: the questions whose answers differ most between countries, by the mean total variation to the mean country.
-- Grain: one row per survey and item, twenty in all. Reads: response_distribution, population, item_text.
WITH share AS (
    SELECT d.survey_id, d.item_id, d.population_id, d.option_code, coalesce(d.share, d.share_unweighted) AS share
    FROM response_distribution AS d
    JOIN population AS p USING (population_id)
    WHERE p.kind = 'country'
),
mean_country AS (
    SELECT survey_id, item_id, option_code, avg(share) AS mean_share
    FROM share
    GROUP BY ALL
),
distance AS (
    SELECT s.survey_id, s.item_id, s.population_id, 0.5 * sum(abs(s.share - m.mean_share)) AS total_variation
    FROM share AS s
    JOIN mean_country AS m USING (survey_id, item_id, option_code)
    GROUP BY ALL
)
SELECT d.item_id, avg(d.total_variation) AS mean_distance, count(*) AS n_countries, t.wording
FROM distance AS d
JOIN item_text AS t USING (survey_id, item_id)
WHERE t.language = 'en'
GROUP BY d.survey_id, d.item_id, t.wording
ORDER BY mean_distance DESC, d.item_id
LIMIT 20;
