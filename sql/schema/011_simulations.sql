-- Questions that nobody was asked, and how far to trust what a run says of them.

CREATE TABLE trust (
    run_id VARCHAR NOT NULL,
    survey_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    population_id VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    kind_of_cell VARCHAR NOT NULL,
    nominal DOUBLE NOT NULL,
    radius DOUBLE,
    without_batteries DOUBLE,
    without_regions DOUBLE,
    nearest_items JSON NOT NULL,
    similarity DOUBLE,
    error_at_distance DOUBLE,
    order_spread DOUBLE,
    run_spread DOUBLE,
    outside_mass DOUBLE,
    reliable BOOLEAN NOT NULL,
    reason VARCHAR NOT NULL
);
COMMENT ON TABLE trust IS 'One row per run, item, population and language of a question that nobody was asked: how far to trust the prediction.';
COMMENT ON COLUMN trust.radius IS 'Total variation that 90% (nominal) of the run''s validation cells of this kind stay within; NULL where validation has none.';
COMMENT ON COLUMN trust.without_batteries IS 'Share of validation cells within the radius when it is made without their battery; without_regions likewise without their region.';
COMMENT ON COLUMN trust.nearest_items IS 'The training items worded most alike: [{"item_id": ..., "similarity": ..., "wording": ...}]; empty where training has no item in the language.';
COMMENT ON COLUMN trust.error_at_distance IS 'Mean total variation of the run on the validation items that are as unlike any training item.';
COMMENT ON COLUMN trust.order_spread IS 'Largest total variation between the prediction and one with the options in another order; run_spread likewise between runs that differ in their seed.';
COMMENT ON COLUMN trust.reliable IS 'False where nothing measured speaks for the prediction; reason says why.';

CREATE VIEW simulated_answer AS
WITH first_language AS (
    SELECT survey_id, item_id, min(language) AS language FROM item_text GROUP BY survey_id, item_id
)
SELECT
    t.run_id,
    t.survey_id,
    i.position,
    t.item_id,
    x.wording,
    t.population_id,
    coalesce(n.name, t.population_id) AS population,
    t.language,
    p.option_code,
    o.label,
    p.probability,
    t.radius,
    t.reliable,
    t.reason
FROM trust AS t
JOIN prediction AS p USING (run_id, survey_id, item_id, population_id, language)
JOIN item AS i
    ON i.survey_id = t.survey_id
    AND i.item_id = t.item_id
LEFT JOIN first_language AS l
    ON l.survey_id = t.survey_id
    AND l.item_id = t.item_id
LEFT JOIN item_text AS x
    ON x.survey_id = t.survey_id
    AND x.item_id = t.item_id
    AND x.language = coalesce(nullif(t.language, ''), l.language)
LEFT JOIN option_text AS o
    ON o.survey_id = t.survey_id
    AND o.item_id = t.item_id
    AND o.option_code = p.option_code
    AND o.language = coalesce(nullif(t.language, ''), l.language)
LEFT JOIN population_text AS n
    ON n.population_id = t.population_id
    AND n.language = coalesce(nullif(t.language, ''), l.language);
COMMENT ON VIEW simulated_answer IS 'One row per run, item, population, language and option of a question that nobody was asked: its words, the predicted share, the radius within which the truth should be, and whether anything measured speaks for it.';
