"""Fine-tune a language model so that its option probabilities match the human distribution."""
