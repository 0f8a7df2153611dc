"""What stands between the gateway and a system that misbehaves: a queue that ends, a breaker, a budget for asking again."""
