-- Purpose: the tables that hold rows.
-- Grain: one row per table. Reads: the catalog.
SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal ORDER BY ALL;
