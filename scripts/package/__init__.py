"""Wheel and sdist, as others get them: for ``make dist``."""
