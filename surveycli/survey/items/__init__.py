"""Items: wordings and response options, from codebooks or labels, and the answers to them."""
