"""Foshan (佛山, 440600): e-licences over SOAP (F1) and certificates over the national exchange style (F2)."""
