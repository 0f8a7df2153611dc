"""kuacheng.v1 as made by protoc."""
