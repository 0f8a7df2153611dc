"""The front door: what comes over gRPC becomes a value of the model, and the other way round."""
