"""National cryptography (国密) at message level: SM2 keys, signatures and encryption, the digest SM3, the cipher SM4.

Laws: pure, but for the chance that SM2 and OpenSSL draw for themselves; whatever is malformed or does not fit ends as GuomiError, which
names no value; an SM2 operation takes about a millisecond without the interpreter's lock: call it in a thread, never on an event loop.
Standards: GB/T 32918 (SM2), GB/T 32905 (SM3), GB/T 32907 (SM4). Why by which library: docs/adr/0025.
"""
