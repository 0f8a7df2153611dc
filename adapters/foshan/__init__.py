"""Foshan (佛山, 440600): e-licences over SOAP (F1), certificates over REST (F2), in envelopes (F3) and through tables (F4)."""
