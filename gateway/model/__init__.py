"""The nouns of the gateway: frozen values, standard library only."""
