"""What every simulated city stands on: synthetic people and companies, a server frame, faults and a tape.

Laws: nothing here knows the gateway; nothing here is used by the gateway at run time.
"""
