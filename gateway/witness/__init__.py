"""A witness: watches logs of others grow, and says so under its own key only where each tree extends the last."""
