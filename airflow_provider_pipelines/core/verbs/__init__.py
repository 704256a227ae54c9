"""The way of a verb: look, act once, wait by a goal."""
