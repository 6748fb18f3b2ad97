module example.com/tests/svid-verifier

go 1.26.0

require github.com/spiffe/go-spiffe/v2 v2.8.1
