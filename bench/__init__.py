"""What an exchange costs, beside the least that it could: `make bench`, and bench/ledger.py for the evidence log alone."""
