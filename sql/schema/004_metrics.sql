-- Metrics as rows. `score` has a column for each, which opening a store for writing adds where it lacks one; the views
-- over it take whatever columns there are.

CREATE TABLE metric (
    metric VARCHAR PRIMARY KEY,
    formula VARCHAR NOT NULL,
    low DOUBLE,
    high DOUBLE,
    better VARCHAR NOT NULL CHECK (better IN ('lower', 'higher', 'neither')),
    proper BOOLEAN NOT NULL,
    needs_order BOOLEAN NOT NULL,
    undefined VARCHAR,
    mean VARCHAR NOT NULL
);
COMMENT ON TABLE metric IS 'One row per metric, a column of score: its formula, range (NULL: no bound), which direction is better, whether it is proper (the truth, and nothing else, has the best expected score, also against a sample of answers), whether it needs options that lie on one line, where it is NULL, and what its mean over cells is.';

ALTER TABLE score ADD COLUMN uniform_total_variation DOUBLE;
ALTER TABLE score ADD COLUMN simbench_s DOUBLE;
-- total_variation = (1 - skill) x that of the uniform prediction, which cannot be told from a skill of 1.
UPDATE score
SET
    uniform_total_variation = CASE WHEN skill_vs_uniform IS NULL THEN 0 ELSE total_variation / nullif(1 - skill_vs_uniform, 0) END,
    simbench_s = 100 * skill_vs_uniform;

-- As before, and beside it whether the population is a country or a part of one: no mean should be over both.
CREATE OR REPLACE VIEW scored_cell AS
WITH part_cell AS (
    SELECT
        split,
        part,
        survey_id,
        item_id,
        population_id,
        count(*) OVER (PARTITION BY split, survey_id, item_id, population_id) AS n_parts
    FROM split_cell
),
part_size AS (
    SELECT split, part, count(*) AS n_cells
    FROM split_cell
    GROUP BY split, part
),
distinct_cell AS (
    SELECT DISTINCT s.run_id, r.split, s.survey_id, s.item_id, s.population_id
    FROM score AS s
    JOIN run AS r USING (run_id)
),
placed AS (
    SELECT d.run_id, c.split, c.part, c.survey_id, c.item_id, c.population_id, c.n_parts
    FROM distinct_cell AS d
    JOIN part_cell AS c
        ON c.split = d.split
        AND c.survey_id = d.survey_id
        AND c.item_id = d.item_id
        AND c.population_id = d.population_id
),
meant_part AS (
    SELECT p.run_id, p.part
    FROM placed AS p
    JOIN part_size AS n
        ON n.split = p.split
        AND n.part = p.part
    GROUP BY p.run_id, p.part, n.n_cells
    HAVING count(*) = n.n_cells OR bool_or(p.n_parts = 1)
),
counted AS (
    SELECT p.run_id, p.part, p.survey_id, p.item_id, p.population_id
    FROM placed AS p
    JOIN meant_part AS m
        ON m.run_id = p.run_id
        AND m.part = p.part
)
SELECT
    s.run_id,
    r.predictor,
    r.split,
    CASE WHEN r.split IS NULL THEN 'all' ELSE coalesce(c.part, 'outside the split') END AS part,
    coalesce(p.kind, 'country') AS kind,
    s.* EXCLUDE (run_id)
FROM score AS s
JOIN run AS r USING (run_id)
LEFT JOIN population AS p USING (population_id)
LEFT JOIN counted AS c
    ON c.run_id = s.run_id
    AND c.survey_id = s.survey_id
    AND c.item_id = s.item_id
    AND c.population_id = s.population_id;
COMMENT ON VIEW scored_cell IS 'One row per run, part of its split, item, population and language: its scores. A cell of two parts has two rows, unless the run has predicted one of the parts only; part is "all" for a run without a split; kind is country or subgroup.';

CREATE OR REPLACE VIEW score_by_part AS
SELECT
    run_id,
    predictor,
    split,
    part,
    kind,
    language,
    count(*) AS n_cells,
    avg(COLUMNS(* EXCLUDE (run_id, predictor, split, part, kind, survey_id, item_id, population_id, language, kl_nats, skill_vs_uniform, simbench_s))),
    CASE WHEN count(kl_nats) = count(*) THEN avg(kl_nats) END AS kl_nats,
    1 - sum(total_variation) FILTER (uniform_total_variation IS NOT NULL) / nullif(sum(uniform_total_variation), 0) AS skill_vs_uniform,
    100 * (1 - sum(total_variation) FILTER (uniform_total_variation IS NOT NULL) / nullif(sum(uniform_total_variation), 0)) AS simbench_s,
    count(*) - count(COLUMNS(* EXCLUDE (run_id, predictor, split, part, kind, survey_id, item_id, population_id, language))) AS "undefined_\0"
FROM scored_cell
GROUP BY run_id, predictor, split, part, kind, language;
COMMENT ON VIEW score_by_part IS 'One row per run, part of its split, kind of population and language: mean of each metric over the cells scored there, and how many of them have no value of it (undefined_...). kl_nats is NULL where any cell has none, since its mean would reward what it leaves out; skill_vs_uniform and simbench_s are ratios of means.';
