-- Purpose: what a run has predicted, part by part of each split that it was asked about, and how well.
-- Grain: one row per split and part. Parameters: $run_id.
-- Reads: prediction_part, placed_cell, prediction_cell, prediction_failure, score.
-- n_cells as the split has them today; n_seen of them the run was trained or chosen on. Predictions, failures and scores
-- count once per language; mean_paper_one_minus_jsd is over the cells that count as this part.
-- Example: $run_id = 'item-mean-1'
WITH cell AS (
    SELECT DISTINCT split, part_of_split AS part, part AS counts_as, survey_id, item_id, population_id
    FROM placed_cell
    WHERE run_id = $run_id
),
predicted AS (
    SELECT c.split, c.part, count(*) AS n_predicted
    FROM cell AS c
    JOIN prediction_cell AS p USING (survey_id, item_id, population_id)
    WHERE p.run_id = $run_id
    GROUP BY c.split, c.part
),
failed AS (
    SELECT c.split, c.part, count(*) AS n_failed
    FROM cell AS c
    JOIN prediction_failure AS f USING (survey_id, item_id, population_id)
    WHERE f.run_id = $run_id
    GROUP BY c.split, c.part
),
scored AS (
    SELECT
        c.split,
        c.part,
        count(*) AS n_scored,
        avg(s.paper_one_minus_jsd) FILTER (c.counts_as = c.part) AS mean_paper_one_minus_jsd
    FROM cell AS c
    JOIN score AS s USING (survey_id, item_id, population_id)
    WHERE s.run_id = $run_id
    GROUP BY c.split, c.part
),
size AS (
    SELECT split, part, count(*) AS n_cells, count(*) FILTER (counts_as <> part) AS n_seen
    FROM cell
    GROUP BY split, part
)
SELECT
    p.split,
    p.part,
    p.status,
    coalesce(z.n_cells, 0) AS n_cells,
    coalesce(d.n_predicted, 0) AS n_predicted,
    coalesce(f.n_failed, 0) AS n_failed,
    coalesce(z.n_seen, 0) AS n_seen,
    coalesce(s.n_scored, 0) AS n_scored,
    s.mean_paper_one_minus_jsd,
    p.finished_at,
    p.reason
FROM prediction_part AS p
LEFT JOIN size AS z USING (split, part)
LEFT JOIN predicted AS d USING (split, part)
LEFT JOIN failed AS f USING (split, part)
LEFT JOIN scored AS s USING (split, part)
WHERE p.run_id = $run_id
ORDER BY p.split, p.part <> 'train', p.part <> 'validation', p.part;
