"""What every test shares: Hypothesis judges what holds, not how long it took."""

from hypothesis import settings

# Inherits whatever profile is in force, such as Hypothesis's own for continuous integration.
settings.register_profile("kuacheng", settings(), deadline=None, database=None)
settings.load_profile("kuacheng")
