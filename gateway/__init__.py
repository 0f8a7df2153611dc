"""The gateway between two cities: identify, authorise, translate, record, ask, disclose."""
