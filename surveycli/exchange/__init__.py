"""Exchange with other tools: anybody's predictions in, tables of the store out."""
