"""`make bench`: the manager beside an issuer on issuer-lib, on one API server, in turns.

It measures and tells, it never fails a build: on a machine that does other things too, only ratios are claims.
"""
