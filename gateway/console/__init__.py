"""The console: pages that tell in a browser how the gateway and both cities stand, and let an auditor look up an exchange. docs/console.md.

Laws: a program of its own, so it shares neither the gateway's loop nor its memory; it reads, and writes nothing but the entry that says
who searched the log.
"""
