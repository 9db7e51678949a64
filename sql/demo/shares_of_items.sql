-- Purpose: the unweighted shares of some items in all countries, for respondents to be invented from.
-- Grain: one row per population and item, codes and shares as lists in code order. Parameters: $every (1: all items, 6:
-- every sixth). Reads: response_distribution, item.
-- Example: $every = 6
SELECT
    population_id,
    item_id,
    list(option_code ORDER BY option_code) AS code,
    list(share_unweighted ORDER BY option_code) AS share
FROM response_distribution
JOIN item USING (survey_id, item_id)
WHERE position % $every::INTEGER = 0
GROUP BY ALL
ORDER BY ALL;
