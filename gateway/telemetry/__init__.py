"""What operators see: metrics and log lines. No personal data, by allow-list."""
