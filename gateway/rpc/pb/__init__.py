"""Python made from proto/kuacheng/v1 by `python -m gateway.rpc.pb`; never edited by hand."""
