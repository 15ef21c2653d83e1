// SPDX-License-Identifier: Apache-2.0

// Verifies a certificate with crypto/x509, which shares no code with OpenSSL:
// verify ROOT INTERMEDIATES LEAF HOST TIME [CRL]. Prints "ok", or the reason for a refusal.
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strconv"
	"time"
)

func main() {
	if err := verify(os.Args[1:]); err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
	fmt.Println("ok")
}

func verify(args []string) error {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	rootCerts, err := certificates(args[0])
	if err != nil {
		return err
	}
	for _, c := range rootCerts {
		roots.AddCert(c)
	}
	middle, err := certificates(args[1])
	if err != nil {
		return err
	}
	for _, c := range middle {
		intermediates.AddCert(c)
	}
	leaf, err := certificates(args[2])
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(args[4], 10, 64)
	if err != nil {
		return err
	}
	at := time.Unix(seconds, 0)
	if _, err := leaf[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, DNSName: args[3], CurrentTime: at,
	}); err != nil {
		return err
	}
	if len(args) > 5 {
		return revoked(args[5], rootCerts[0], middle, at)
	}
	return nil
}

func revoked(path string, root *x509.Certificate, middle []*x509.Certificate, at time.Time) error {
	der, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return err
	}
	if err := list.CheckSignatureFrom(root); err != nil {
		return err
	}
	if at.After(list.NextUpdate) {
		return fmt.Errorf("the list is stale")
	}
	for _, entry := range list.RevokedCertificates {
		for _, c := range middle {
			if entry.SerialNumber.Cmp(c.SerialNumber) == 0 {
				return fmt.Errorf("an intermediary is revoked")
			}
		}
	}
	return nil
}

func certificates(path string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var found []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		found = append(found, c)
	}
	return found, nil
}
