-- Purpose: record a split under its name; with cells of an earlier split of that name removed.
-- Parameters: $split, $recipe, $seed, $parameters (JSON), $created_at. Writes: split, split_cell.
-- Example: $created_at = TIMESTAMP '2026-01-01', $parameters = '{}', $recipe = 'custom', $seed = 42, $split = 'mine'
DELETE FROM split_cell WHERE split = $split;
INSERT OR REPLACE INTO split BY NAME
SELECT
    $split AS split,
    $recipe AS recipe,
    $seed AS seed,
    $parameters::JSON AS parameters,
    $created_at AS created_at;
