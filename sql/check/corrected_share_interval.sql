-- Purpose: corrected shares sum to 1, each within its interval and the interval within 0 and 1.
-- Grain: one row per run and cell that breaks this. Reads: corrected_share.
SELECT run_id, survey_id, item_id, population_id, sum(share) AS total
FROM corrected_share
GROUP BY ALL
HAVING abs(sum(share) - 1) > 1e-6 OR NOT bool_and(0 <= low AND low <= share + 1e-6 AND share <= high + 1e-6 AND high <= 1)
ORDER BY ALL;
