"""PKI as code: who may sign for whom, what a certificate says, how a key is kept, and what is wrong with one.

Laws: no private key in the repository, in a repr or in a message; the present moment is passed in, never read here;
every key that is made here is ECDSA P-256 (FIPS 186-5).
"""
