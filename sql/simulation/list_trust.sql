-- Purpose: how far to trust the answers of a simulation.
-- Grain: one row per item, population and language. Parameters: $run_id. Reads: trust.
-- Example: $run_id = 'simulated-1'
SELECT
    item_id,
    population_id,
    language,
    radius,
    without_batteries AS held_in_new_batteries,
    without_regions AS held_in_new_regions,
    nearest_items ->> '$[0].item_id' AS nearest_item,
    similarity,
    error_at_distance,
    order_spread,
    run_spread,
    outside_mass,
    reliable
FROM trust
WHERE run_id = $run_id
ORDER BY ALL;
