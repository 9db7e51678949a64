"""Countries: which one a label, a code or a column names, and what it is called in any language."""
