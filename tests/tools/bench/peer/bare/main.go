// Command bare is the limit without Python: for each CertificateRequest that waits it signs with a P-256 key, applies
// the status and writes the Event that tests/tools/bench/bare.py writes, by client-go's transport, so many at once as the
// manager works on for one issuer, and nothing else.
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"os"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	controller = "bare"
	apiVersion = "cert-manager.io/v1"
	kind       = "CertificateRequest"
	page       = "500"
)

type object = map[string]any

type request struct {
	Metadata struct {
		Name            string `json:"name"`
		Namespace       string `json:"namespace"`
		UID             string `json:"uid"`
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
	Spec struct {
		Request []byte `json:"request"`
	} `json:"spec"`
}

type pageOfRequests struct {
	Metadata struct {
		Continue string `json:"continue"`
	} `json:"metadata"`
	Items []request `json:"items"`
}

type bare struct {
	client      *rest.RESTClient
	key         crypto.Signer
	certificate *x509.Certificate
	certPEM     []byte
}

func (b *bare) waiting(ctx context.Context) []request {
	var found []request
	for token := ""; ; {
		call := b.client.Get().AbsPath("/apis/"+apiVersion+"/certificaterequests").Param("limit", page)
		if token != "" {
			call = call.Param("continue", token)
		}
		var part pageOfRequests
		check(json.Unmarshal(must(call.Do(ctx).Raw()), &part))
		found = append(found, part.Items...)
		if token = part.Metadata.Continue; token == "" {
			return found
		}
	}
}

func (b *bare) answer(ctx context.Context, r request) {
	meta := r.Metadata
	status := object{
		"conditions": []object{{
			"type": "Ready", "status": "True", "reason": "Issued", "message": "Signed",
			"lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
		}},
		"certificate": b.sign(r.Spec.Request),
		"ca":          b.certPEM,
	}
	applied := object{"apiVersion": apiVersion, "kind": kind, "status": status, "metadata": object{
		"name": meta.Name, "namespace": meta.Namespace, "resourceVersion": meta.ResourceVersion,
	}}
	path := fmt.Sprintf("/apis/%s/namespaces/%s/certificaterequests/%s/status", apiVersion, meta.Namespace, meta.Name)
	check(b.client.Patch(types.ApplyPatchType).AbsPath(path).Param("fieldManager", controller).Param("force", "true").
		Body(must(json.Marshal(applied))).Do(ctx).Error())
	path = fmt.Sprintf("/apis/events.k8s.io/v1/namespaces/%s/events", meta.Namespace)
	check(b.client.Post().AbsPath(path).SetHeader("Content-Type", "application/json").
		Body(must(json.Marshal(event(r)))).Do(ctx).Error())
}

func event(r request) object {
	meta := r.Metadata
	return object{
		"apiVersion": "events.k8s.io/v1",
		"kind":       "Event",
		"metadata":   object{"name": fmt.Sprintf("%s.%s", meta.Name, uuid.NewUUID()), "namespace": meta.Namespace},
		"eventTime":  time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"),
		"type":       "Normal", "reason": "Issued", "action": "Sign", "note": "Signed",
		"reportingController": controller,
		"reportingInstance":   "bench",
		"regarding": object{
			"apiVersion": apiVersion, "kind": kind,
			"namespace": meta.Namespace, "name": meta.Name, "uid": meta.UID,
		},
	}
}

// sign returns the certificate for a CSR in PEM, whose signature it checks, in PEM.
func (b *bare) sign(encoded []byte) []byte {
	block, _ := pem.Decode(encoded)
	csr := must(x509.ParseCertificateRequest(block.Bytes))
	check(csr.CheckSignature())
	template := &x509.Certificate{
		SerialNumber: must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))), Subject: csr.Subject,
		NotAfter: time.Now().AddDate(0, 3, 0), DNSNames: csr.DNSNames, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	return armored(must(x509.CreateCertificate(rand.Reader, template, b.certificate, csr.PublicKey, b.key)))
}

func armored(der []byte) []byte {
	var out bytes.Buffer
	check(pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return out.Bytes()
}

func connect() *rest.RESTClient {
	config := must(clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG")))
	config.QPS = -1 // no limit of the client's own
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	return must(rest.UnversionedRESTClientFor(config))
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	atOnce := flag.Int("at-once", 8, "how many requests are worked on at once")
	flag.Parse()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bare CA"}, NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	b := &bare{client: connect(), key: key, certificate: must(x509.ParseCertificate(der)), certPEM: armored(der)}
	ctx := context.Background()
	requests := make(chan request)
	var workers sync.WaitGroup
	for range *atOnce {
		workers.Go(func() {
			for r := range requests {
				b.answer(ctx, r)
			}
		})
	}
	for _, r := range b.waiting(ctx) {
		requests <- r
	}
	close(requests)
	workers.Wait()
	for { // until it is ended: what it has used up is asked when it rests
		time.Sleep(time.Hour)
	}
}
