"""Files on disk, of any kind, as tables of cells under named and labelled columns."""
