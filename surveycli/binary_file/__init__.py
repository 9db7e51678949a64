"""Binary files of strangers (SPSS, Stata, Parquet, XLSX), opened in a process of its own within bounds."""
