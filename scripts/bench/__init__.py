"""Measures what the design promises: always side by side with a released peer, in one run; the ratios count."""
