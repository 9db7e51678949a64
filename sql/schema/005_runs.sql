-- What a run has learnt from, how each part of its predictions went, and runs that were prepared or interrupted.

CREATE TABLE run_next (
    run_id VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL CHECK (kind IN ('finetune', 'predictor')),
    predictor VARCHAR NOT NULL,
    split VARCHAR,
    model VARCHAR,
    model_fingerprint VARCHAR,
    shares VARCHAR NOT NULL CHECK (shares IN ('weighted', 'unweighted')),
    seed BIGINT NOT NULL,
    configuration JSON NOT NULL,
    versions JSON NOT NULL,
    folder VARCHAR,
    status VARCHAR NOT NULL CHECK (status IN ('prepared', 'running', 'interrupted', 'finished', 'failed')),
    reason VARCHAR,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP
);
INSERT INTO run_next BY NAME SELECT * FROM run;
DROP TABLE run;
ALTER TABLE run_next RENAME TO run;
COMMENT ON TABLE run IS 'One row per run: a fine-tuning or any other predictor, with its whole configuration, seed, package versions, model fingerprint, status and times. How its predictions went stands in prediction_part.';
COMMENT ON COLUMN run.status IS 'Of a fine-tuning: how the training went, whatever its predictions do. A process that is killed leaves running behind; `surveycli runs` tells it from one that is at work.';

-- A failed prediction used to mark the training failed. Only a training that came to its end has a fingerprint.
UPDATE run
SET status = 'finished', reason = NULL
WHERE kind = 'finetune' AND status = 'failed' AND model_fingerprint IS NOT NULL;

-- The next three tables lose their primary keys, whose indexes have to be held in memory: one run may have millions of
-- rows. The invariants prediction_twice and score_twice demand what they did.
CREATE TABLE prediction_cell_next (
    run_id VARCHAR NOT NULL,
    survey_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    population_id VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    outside_mass DOUBLE,
    basis VARCHAR NOT NULL
);
INSERT INTO prediction_cell_next BY NAME SELECT * FROM prediction_cell;
DROP TABLE prediction_cell;
ALTER TABLE prediction_cell_next RENAME TO prediction_cell;
COMMENT ON TABLE prediction_cell IS 'One row per run, item, population and language: the probability mass that fell outside the option letters (NULL for predictors without letters) and the rule that answered (basis; a baseline that fell back says so here).';

CREATE TABLE prediction_failure_next (
    run_id VARCHAR NOT NULL,
    survey_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    population_id VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    reply VARCHAR NOT NULL
);
INSERT INTO prediction_failure_next BY NAME SELECT * FROM prediction_failure;
DROP TABLE prediction_failure;
ALTER TABLE prediction_failure_next RENAME TO prediction_failure;
COMMENT ON TABLE prediction_failure IS 'One row per run, item, population and language that was asked and has no prediction: why, and the beginning of the model''s reply.';

CREATE TABLE score_next AS SELECT * FROM score;
DROP TABLE score;
ALTER TABLE score_next RENAME TO score;
ALTER TABLE score ALTER run_id SET NOT NULL;
ALTER TABLE score ALTER survey_id SET NOT NULL;
ALTER TABLE score ALTER item_id SET NOT NULL;
ALTER TABLE score ALTER population_id SET NOT NULL;
ALTER TABLE score ALTER language SET NOT NULL;
COMMENT ON TABLE score IS 'One row per run, item, population and language: how far the prediction is from the human distribution, by each metric.';
DELETE FROM metric; -- so that its columns are given their comments again

CREATE TABLE prediction_part (
    run_id VARCHAR NOT NULL,
    split VARCHAR NOT NULL,
    part VARCHAR NOT NULL,
    status VARCHAR NOT NULL CHECK (status IN ('prepared', 'running', 'interrupted', 'finished', 'failed')),
    reason VARCHAR,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    PRIMARY KEY (run_id, split, part)
);
COMMENT ON TABLE prediction_part IS 'One row per run, split and part that it was asked to predict: how that went the last time it was asked. A failure here changes neither the run''s status nor what it has predicted before.';

CREATE TABLE training_cell (
    run_id VARCHAR NOT NULL,
    part VARCHAR NOT NULL CHECK (part IN ('train', 'validation')),
    survey_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    population_id VARCHAR NOT NULL,
    answers VARCHAR
);
COMMENT ON TABLE training_cell IS 'One row per run and cell that it was trained on (part train) or chosen on (part validation: the best epoch, a temperature, a number of neighbours). It stays as it was, whatever becomes of the split; the view seen_cell says which cells of the store these are today.';
COMMENT ON COLUMN training_cell.answers IS 'Fingerprint of the shares that the run was shown, by which the cell is known again under another survey_id or item_id; NULL where it is not known.';

CREATE TABLE training_text (
    run_id VARCHAR NOT NULL,
    survey_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    text VARCHAR NOT NULL
);
COMMENT ON TABLE training_text IS 'One row per run, item of its training cells and language: fingerprint of wording and option labels as they were then, by which the item is known again under another survey_id or item_id.';

CREATE MACRO text_fingerprint(wording, labels) AS
    md5(lower(regexp_replace(wording || chr(10) || array_to_string(labels, chr(10)), '[ \t]+', ' ', 'g')));
COMMENT ON MACRO text_fingerprint IS 'Fingerprint of an item in one language: its wording and its option labels in code order, letter case and runs of blanks aside.';
CREATE MACRO answers_fingerprint(shares) AS
    md5(array_to_string(list_transform(shares, lambda share: printf('%.6f', share)), ' '));
COMMENT ON MACRO answers_fingerprint IS 'Fingerprint of a response distribution: its shares in option-code order, to six decimals.';

CREATE VIEW item_fingerprint AS
SELECT
    t.survey_id,
    t.item_id,
    t.language,
    text_fingerprint(any_value(t.wording), list(o.label ORDER BY o.option_code)) AS text
FROM item_text AS t
JOIN option_text AS o USING (survey_id, item_id, language)
GROUP BY t.survey_id, t.item_id, t.language;
COMMENT ON VIEW item_fingerprint IS 'One row per item and language: fingerprint of its wording and option labels.';

CREATE VIEW renamed_item AS
SELECT DISTINCT
    t.run_id,
    t.survey_id AS training_survey_id,
    t.item_id AS training_item_id,
    f.survey_id,
    f.item_id
FROM training_text AS t
JOIN item_fingerprint AS f USING (language, text)
WHERE (f.survey_id, f.item_id) <> (t.survey_id, t.item_id);
COMMENT ON VIEW renamed_item IS 'One row per run, item of its training cells and other item of the store that has the same wording and labels in some language.';

-- Only cells of renamed items are compared by their answers, which most stores have none of.
CREATE VIEW seen_cell AS
WITH other AS (
    SELECT
        d.survey_id,
        d.item_id,
        d.population_id,
        answers_fingerprint(list(d.share ORDER BY d.option_code)) AS weighted,
        answers_fingerprint(list(d.share_unweighted ORDER BY d.option_code)) AS unweighted
    FROM response_distribution AS d
    SEMI JOIN renamed_item USING (survey_id, item_id)
    GROUP BY d.survey_id, d.item_id, d.population_id
),
renamed AS (
    SELECT t.run_id, min(t.part) AS part, o.survey_id, o.item_id, o.population_id
    FROM renamed_item AS r
    JOIN training_cell AS t
        ON t.run_id = r.run_id
        AND t.survey_id = r.training_survey_id
        AND t.item_id = r.training_item_id
    JOIN other AS o
        ON o.survey_id = r.survey_id
        AND o.item_id = r.item_id
        AND o.population_id = t.population_id
        AND t.answers IN (o.weighted, o.unweighted)
    GROUP BY t.run_id, o.survey_id, o.item_id, o.population_id
)
SELECT run_id, part, survey_id, item_id, population_id FROM training_cell
UNION ALL
SELECT run_id, part, survey_id, item_id, population_id
FROM renamed
ANTI JOIN training_cell USING (run_id, survey_id, item_id, population_id);
COMMENT ON VIEW seen_cell IS 'One row per run and cell that it was trained on (part train) or chosen on (part validation), by its names of today: by the same ids, or the same answers of the same population to an item of the same wording and labels.';

CREATE VIEW seen_item AS
SELECT run_id, survey_id, item_id FROM training_text
UNION
SELECT run_id, survey_id, item_id FROM training_cell
UNION
SELECT run_id, survey_id, item_id FROM renamed_item;
COMMENT ON VIEW seen_item IS 'One row per run and item that some cell it was trained or chosen on asks, by its names of today.';

CREATE VIEW seen_population AS
SELECT DISTINCT run_id, population_id FROM training_cell;
COMMENT ON VIEW seen_population IS 'One row per run and population that some cell it was trained or chosen on is of.';

CREATE VIEW unknown_training AS
SELECT run_id
FROM run
ANTI JOIN training_cell USING (run_id)
WHERE (kind = 'finetune' AND status = 'finished')
    OR (configuration ->> 'trained_by') IS NOT NULL
    OR (predictor <> 'uniform' AND try_cast((configuration ->> 'n_train_cells') AS BIGINT) > 0);
COMMENT ON VIEW unknown_training IS 'One row per run that has learnt from cells of which the store does not know any more which they were: one of an older surveycli whose split was made anew and whose run folder is gone.';

-- Where a cell counts. One that the run has seen is no test of it, whatever the split says today.
CREATE VIEW placed_cell AS
WITH asked AS (
    SELECT run_id, split, part FROM prediction_part
    UNION ALL
    SELECT DISTINCT r.run_id, r.split, c.part
    FROM run AS r
    JOIN split_cell AS c USING (split)
    ANTI JOIN prediction_part AS p ON p.run_id = r.run_id
),
placed AS (
    SELECT a.run_id, a.split, a.part, c.survey_id, c.item_id, c.population_id, k.part AS seen_in
    FROM asked AS a
    JOIN split_cell AS c USING (split, part)
    LEFT JOIN seen_cell AS k
        ON k.run_id = a.run_id
        AND k.survey_id = c.survey_id
        AND k.item_id = c.item_id
        AND k.population_id = c.population_id
)
SELECT run_id, split, part, survey_id, item_id, population_id, part AS part_of_split
FROM placed
WHERE seen_in IS NULL OR part = 'train' OR (part = 'validation' AND seen_in = 'validation')
UNION ALL
SELECT run_id, split, 'seen in training', survey_id, item_id, population_id, min(part)
FROM placed
WHERE seen_in IS NOT NULL AND part <> 'train' AND (part <> 'validation' OR seen_in <> 'validation')
GROUP BY run_id, split, survey_id, item_id, population_id;
COMMENT ON VIEW placed_cell IS 'One row per run, split and part that it was asked to predict, and cell of that part: part_of_split as the split has it, part as it counts. A cell that the run was trained on or chosen on counts as "seen in training", unless the split calls it train or validation too. A run without rows in prediction_part counts in every part of its split.';

CREATE OR REPLACE VIEW scored_cell AS
SELECT
    s.run_id,
    r.predictor,
    coalesce(c.split, r.split) AS split,
    CASE
        WHEN c.part IS NOT NULL THEN c.part
        WHEN k.part IS NOT NULL THEN 'seen in training'
        WHEN r.split IS NULL THEN 'all'
        ELSE 'outside the split'
    END AS part,
    coalesce(p.kind, 'country') AS kind,
    s.* EXCLUDE (run_id)
FROM score AS s
JOIN run AS r USING (run_id)
LEFT JOIN population AS p USING (population_id)
LEFT JOIN placed_cell AS c
    ON c.run_id = s.run_id
    AND c.survey_id = s.survey_id
    AND c.item_id = s.item_id
    AND c.population_id = s.population_id
LEFT JOIN seen_cell AS k
    ON k.run_id = s.run_id
    AND k.survey_id = s.survey_id
    AND k.item_id = s.item_id
    AND k.population_id = s.population_id;
COMMENT ON VIEW scored_cell IS 'One row per run, split, part, item, population and language: its scores. A cell of two parts that were both asked for has two rows. part is "seen in training" for a cell that the run was trained or chosen on (see placed_cell), "outside the split" for one of no part that was asked for, "all" for a run without a split. kind is country or subgroup.';

-- What older stores can still say. The parts that a run was asked for: those of which it has all cells, or one that
-- stands in no other part.
INSERT INTO prediction_part BY NAME
WITH part_cell AS (
    SELECT *, count(*) OVER (PARTITION BY split, survey_id, item_id, population_id) AS n_parts FROM split_cell
),
predicted AS (
    SELECT DISTINCT p.run_id, r.split, p.survey_id, p.item_id, p.population_id
    FROM prediction_cell AS p
    JOIN run AS r USING (run_id)
),
part_size AS (
    SELECT split, part, count(*) AS n_cells FROM split_cell GROUP BY split, part
)
SELECT
    p.run_id,
    p.split,
    c.part,
    'finished' AS status,
    any_value(r.started_at) AS started_at,
    any_value(coalesce(r.finished_at, r.started_at)) AS finished_at
FROM predicted AS p
JOIN part_cell AS c USING (split, survey_id, item_id, population_id)
JOIN part_size AS n
    ON n.split = p.split
    AND n.part = c.part
JOIN run AS r ON r.run_id = p.run_id
GROUP BY p.run_id, p.split, c.part
HAVING count(*) = any_value(n.n_cells) OR bool_or(c.n_parts = 1);

-- What a run learnt from, where its split is still the one that it began with: the training part, and the validation
-- part where something was chosen on it. Trainings on other splits are filled in from their run folders.
INSERT INTO training_cell BY NAME
WITH learner AS (
    SELECT
        r.run_id,
        r.split,
        r.shares,
        r.kind = 'finetune' OR r.predictor = 'knn' OR json_type(r.configuration, 'temperature') = 'NULL' AS chose,
        r.kind = 'finetune' OR (json_exists(r.configuration, 'n_train_cells') AND r.predictor <> 'uniform') AS learnt
    FROM run AS r
    JOIN split AS s USING (split)
    WHERE s.created_at <= r.started_at
),
answered AS (
    SELECT
        survey_id,
        item_id,
        population_id,
        list(share ORDER BY option_code) AS weighted,
        list(share_unweighted ORDER BY option_code) AS unweighted,
        count(share) = count(*) AS has_weighted
    FROM response_distribution
    GROUP BY survey_id, item_id, population_id
)
SELECT
    l.run_id,
    c.part,
    c.survey_id,
    c.item_id,
    c.population_id,
    answers_fingerprint(CASE WHEN l.shares = 'weighted' AND a.has_weighted THEN a.weighted ELSE a.unweighted END) AS answers
FROM learner AS l
JOIN split_cell AS c USING (split)
JOIN answered AS a
    ON a.survey_id = c.survey_id
    AND a.item_id = c.item_id
    AND a.population_id = c.population_id
WHERE (c.part = 'train' AND l.learnt) OR (c.part = 'validation' AND l.chose);

-- Other ways of asking a fine-tuned model have seen what its training has.
INSERT INTO training_cell BY NAME
SELECT r.run_id, t.part, t.survey_id, t.item_id, t.population_id, t.answers
FROM run AS r
JOIN training_cell AS t ON t.run_id = (r.configuration ->> 'trained_by')
ANTI JOIN training_cell AS own
    ON own.run_id = r.run_id
    AND own.survey_id = t.survey_id
    AND own.item_id = t.item_id
    AND own.population_id = t.population_id;

INSERT INTO training_text BY NAME
SELECT DISTINCT c.run_id, f.survey_id, f.item_id, f.language, f.text
FROM training_cell AS c
JOIN item_fingerprint AS f USING (survey_id, item_id);
