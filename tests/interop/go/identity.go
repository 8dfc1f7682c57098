// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"

	"github.com/golang/protobuf/ptypes"
	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/msp"
	"github.com/hyperledger/fabric-protos-go/orderer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

type identity struct {
	key     *ecdsa.PrivateKey
	creator []byte
}

func onlyFile(dir string) ([]byte, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("%s: no file (%v)", dir, err)
	}
	return os.ReadFile(names[0])
}

func readIdentity(dir, mspid string) (*identity, error) {
	cert, err := onlyFile(filepath.Join(dir, "signcerts"))
	if err != nil {
		return nil, err
	}
	keyPEM, err := onlyFile(filepath.Join(dir, "keystore"))
	if err != nil {
		return nil, err
	}
	blk, _ := pem.Decode(keyPEM)
	if blk == nil {
		return nil, fmt.Errorf("%s: the key is not PEM", dir)
	}
	key, err := x509.ParsePKCS8PrivateKey(blk.Bytes)
	if err != nil {
		return nil, err
	}
	return &identity{key.(*ecdsa.PrivateKey), marshal(&msp.SerializedIdentity{Mspid: mspid, IdBytes: cert})}, nil
}

// A low-S signature, as every Fabric client makes it.
func (id *identity) sign(message []byte) []byte {
	digest := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, id.key, digest[:])
	if err != nil {
		panic(err)
	}
	n := elliptic.P256().Params().N
	if s.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		s.Sub(n, s)
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		panic(err)
	}
	return der
}

func (id *identity) payload(s spec) []byte {
	nonce := make([]byte, 24)
	if _, err := rand.Read(nonce); err != nil {
		panic(err)
	}
	ch := &common.ChannelHeader{Type: int32(s.typ), ChannelId: s.channel, TlsCertHash: s.binding}
	if !s.noTime {
		ts, err := ptypes.TimestampProto(s.timestamp)
		if err != nil {
			panic(err)
		}
		ch.Timestamp = ts
	}
	return marshal(&common.Payload{
		Header: &common.Header{
			ChannelHeader:   marshal(ch),
			SignatureHeader: marshal(&common.SignatureHeader{Creator: id.creator, Nonce: nonce}),
		},
		Data: s.data,
	})
}

func connect() (*run, error) {
	id, err := readIdentity(*flagMSP, *flagMSPID)
	if err != nil {
		return nil, err
	}
	r := &run{id: id, channel: *flagChannel}
	creds, err := r.credentials(true)
	if err != nil {
		return nil, err
	}
	r.conn, err = grpc.NewClient(*flagAddress, grpc.WithTransportCredentials(creds),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(100<<20), grpc.MaxCallSendMsgSize(200<<20)))
	if err != nil {
		return nil, err
	}
	r.client = orderer.NewAtomicBroadcastClient(r.conn)
	return r, nil
}

func (r *run) credentials(withCert bool) (credentials.TransportCredentials, error) {
	if *flagCA == "" {
		return insecure.NewCredentials(), nil
	}
	ca, err := os.ReadFile(*flagCA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s: no certificate", *flagCA)
	}
	conf := &tls.Config{RootCAs: pool}
	if *flagCert != "" && withCert {
		pair, err := tls.LoadX509KeyPair(*flagCert, *flagKey)
		if err != nil {
			return nil, err
		}
		conf.Certificates = []tls.Certificate{pair}
		if *flagMutual {
			sum := sha256.Sum256(pair.Certificate[0])
			r.binding = sum[:]
		}
	}
	return credentials.NewTLS(conf), nil
}
