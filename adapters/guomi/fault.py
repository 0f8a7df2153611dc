"""What is wrong with a key, a signature or a ciphertext."""


class GuomiError(ValueError):
    """It is malformed, or does not fit. The message names the rule that it breaks, and no value."""
