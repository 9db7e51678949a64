-- Purpose: every metric of a score lies in the range that the table metric gives it, and a distance is the root of its divergence.
-- Grain: one row per score and metric that breaks this. Reads: score, metric.
WITH value AS (
    UNPIVOT (SELECT * FROM score)
    ON COLUMNS(* EXCLUDE (run_id, survey_id, item_id, population_id, language))
    INTO NAME metric VALUE value
)
SELECT v.run_id, v.survey_id, v.item_id, v.population_id, v.language, v.metric, v.value
FROM value AS v
JOIN metric AS m ON m.metric = v.metric
WHERE v.value < m.low - 1e-9 OR v.value > m.high + 1e-9
UNION ALL
SELECT run_id, survey_id, item_id, population_id, language, 'js_distance', js_distance
FROM score
WHERE abs(js_distance - sqrt(greatest(js_divergence_nats, 0))) > 1e-6
ORDER BY ALL;
