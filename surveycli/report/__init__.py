"""Show results: single figures, and one self-contained page about runs that opens in any browser, offline."""
