-- Purpose: the names of countries and the codes that maps know them by.
-- Grain: one row per country.
-- Parameters: none. Reads: country.
SELECT iso3, name, lpad(wvs_code::VARCHAR, 3, '0') AS iso_numeric
FROM country
WHERE wvs_code IS NOT NULL
ORDER BY iso3;
