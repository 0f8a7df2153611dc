"""`python -m gateway.cli` is `kuacheng`."""

from gateway.cli.root import main

if __name__ == "__main__":
    main()
