// Command x509-reader prints what Go's crypto/x509 and cert-manager's pki package read in certificate signing requests,
// and whether Go's crypto/x509 can read a certificate, so that tests can compare that with what the issuer reads.
//
// Standard input has one question a line: "csr" or "certificate", a space, and base64 of the input (PEM of a request, DER
// of a certificate). Standard output has one line of JSON for each: a reading.
package main

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// reading is empty for a certificate that can be read. Byte slices become base64 in JSON.
type reading struct {
	Error       string               `json:"error"`
	Subject     []attribute          `json:"subject"`
	PublicKey   []byte               `json:"publicKey"`
	DNSNames    []string             `json:"dnsNames"`
	Emails      []string             `json:"emails"`
	IPs         [][]byte             `json:"ips"`
	URIs        []string             `json:"uris"`
	KeyUsage    *int                 `json:"keyUsage"`
	Purposes    []string             `json:"purposes"`
	IsCA        *bool                `json:"isCA"`
	PathLength  *int                 `json:"pathLength"`
	Extensions  map[string]extension `json:"extensions"`
	SignatureOK bool                 `json:"signatureOK"`
}

// attribute is one of the subject's; Value is null where Go reads no string of it.
type attribute struct {
	OID   string  `json:"oid"`
	Value *[]byte `json:"value"`
}

type extension struct {
	Critical bool   `json:"critical"`
	Value    []byte `json:"value"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		kind, text, _ := bytes.Cut(in.Bytes(), []byte(" "))
		read, err := answer(string(kind), string(text))
		if err != nil {
			read = reading{Error: err.Error()}
		}
		if err := out.Encode(read); err != nil {
			panic(err)
		}
	}
}

func answer(kind, text string) (reading, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return reading{}, err
	}
	switch kind {
	case "csr":
		return readRequest(data)
	case "certificate":
		_, err = x509.ParseCertificate(data)
		return reading{}, err
	}
	return reading{}, fmt.Errorf("unknown kind %q", kind)
}

func readRequest(pem []byte) (reading, error) {
	csr, err := pki.DecodeX509CertificateRequestBytes(pem)
	if err != nil {
		return reading{}, err
	}
	read := reading{
		PublicKey:   csr.RawSubjectPublicKeyInfo,
		DNSNames:    csr.DNSNames,
		Emails:      csr.EmailAddresses,
		Extensions:  map[string]extension{},
		SignatureOK: csr.CheckSignature() == nil,
	}
	for _, found := range csr.Subject.Names {
		each := attribute{OID: found.Type.String()}
		if text, ok := found.Value.(string); ok {
			value := []byte(text)
			each.Value = &value
		}
		read.Subject = append(read.Subject, each)
	}
	for _, ip := range csr.IPAddresses {
		read.IPs = append(read.IPs, ip)
	}
	for _, uri := range csr.URIs {
		read.URIs = append(read.URIs, uri.String())
	}
	for _, found := range csr.Extensions {
		read.Extensions[found.Id.String()] = extension{found.Critical, found.Value}
		if err := read.add(found.Id.String(), found.Value); err != nil {
			return reading{}, err
		}
	}
	return read, nil
}

// add reads the extensions that cert-manager's CA issuer compares with a CertificateRequest.
func (read *reading) add(oid string, value []byte) error {
	switch oid {
	case "2.5.29.19":
		isCA, length, err := pki.UnmarshalBasicConstraints(value)
		read.IsCA, read.PathLength = &isCA, length
		return err
	case "2.5.29.15":
		usage, err := pki.UnmarshalKeyUsage(value)
		bits := int(usage)
		read.KeyUsage = &bits
		return err
	case "2.5.29.37":
		if _, _, err := pki.UnmarshalExtKeyUsage(value); err != nil {
			return err
		}
		var found []asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(value, &found); err != nil {
			return err
		}
		read.Purposes = []string{}
		for _, each := range found {
			read.Purposes = append(read.Purposes, each.String())
		}
	}
	return nil
}
