"""Corrects predictions with the answers of a few real respondents, and says how much the prediction adds to them."""
