"""Foshan (佛山, 440600): e-licences over SOAP (F1), certificates over the national exchange style (F2) and in sealed envelopes (F3)."""
