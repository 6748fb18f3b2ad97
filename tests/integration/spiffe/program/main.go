// svid-verifier says what SPIFFE's reference implementation makes of certificates: a question of JSON on each line of
// stdin, an answer on each line of stdout.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// question is in PEM: a chain with its key, and the roots of the trust domain.
type question struct {
	Chain, Key, Roots, TrustDomain string
}

type answer struct {
	ID    string `json:"id"`
	Error string `json:"error"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			log.Fatal(err)
		}
		id, err := verify(asked)
		told := answer{ID: id.String()}
		if err != nil {
			told = answer{Error: err.Error()}
		}
		if err := answers.Encode(told); err != nil {
			log.Fatal(err)
		}
	}
}

func verify(asked question) (spiffeid.ID, error) {
	domain, err := spiffeid.TrustDomainFromString(asked.TrustDomain)
	if err != nil {
		return spiffeid.ID{}, err
	}
	bundle, err := x509bundle.Parse(domain, []byte(asked.Roots))
	if err != nil {
		return spiffeid.ID{}, err
	}
	svid, err := x509svid.Parse([]byte(asked.Chain), []byte(asked.Key))
	if err != nil {
		return spiffeid.ID{}, err
	}
	id, _, err := x509svid.Verify(svid.Certificates, bundle)
	return id, err
}
