// SPDX-License-Identifier: Apache-2.0

// A client nobody here wrote the transport of: google.golang.org/grpc with Fabric's own Go messages
// against a running orderer.  TAP on stdout.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/asn1"
	"flag"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/golang/protobuf/proto"
	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/orderer"
	"google.golang.org/grpc"
)

var (
	flagAddress = flag.String("orderer", "127.0.0.1:7050", "host:port")
	flagCA      = flag.String("ca", "", "PEM of the server's TLS root; empty: plain")
	flagCert    = flag.String("cert", "", "PEM of the client's TLS certificate")
	flagKey     = flag.String("key", "", "PEM of its key")
	flagMutual  = flag.Bool("mutual", false, "the orderer requires client certificates")
	flagMSP     = flag.String("msp", "", "MSP directory of a member of the channel")
	flagMSPID   = flag.String("mspid", "Org1MSP", "its MSP id")
	flagForeign = flag.String("foreign", "", "MSP directory of a stranger")
	flagChannel = flag.String("channel", "mychannel", "channel")
	flagCreate  = flag.Bool("create", false, "ask for channels, as an administrator, instead")
)

// A run is one connection and the identity that signs.
type run struct {
	conn    *grpc.ClientConn
	client  orderer.AtomicBroadcastClient
	id      *identity
	channel string
	binding []byte // SHA-256 of our TLS certificate, in mutual TLS
}

func (r *run) context() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 30*time.Second)
}

// ---- building -------------------------------------------------------------------------------

type spec struct {
	typ       common.HeaderType
	channel   string
	timestamp time.Time
	noTime    bool
	data      []byte
	binding   []byte
	badSig    bool
}

func (r *run) envelope(s spec) *common.Envelope {
	if s.channel == "" {
		s.channel = r.channel
	}
	if s.timestamp.IsZero() {
		s.timestamp = time.Now()
	}
	payload := r.id.payload(s)
	sig := r.id.sign(payload)
	if s.badSig {
		sig = r.id.sign([]byte("something else"))
	}
	return &common.Envelope{Payload: payload, Signature: sig}
}

func (r *run) transaction(data []byte) *common.Envelope {
	return r.envelope(spec{typ: common.HeaderType_ENDORSER_TRANSACTION, data: data})
}

func seekTo(start, stop *orderer.SeekPosition, behavior orderer.SeekInfo_SeekBehavior) []byte {
	return marshal(&orderer.SeekInfo{Start: start, Stop: stop, Behavior: behavior})
}

func oldest() *orderer.SeekPosition {
	return &orderer.SeekPosition{Type: &orderer.SeekPosition_Oldest{Oldest: &orderer.SeekOldest{}}}
}

func newest() *orderer.SeekPosition {
	return &orderer.SeekPosition{Type: &orderer.SeekPosition_Newest{Newest: &orderer.SeekNewest{}}}
}

func number(n uint64) *orderer.SeekPosition {
	return &orderer.SeekPosition{Type: &orderer.SeekPosition_Specified{Specified: &orderer.SeekSpecified{Number: n}}}
}

func (r *run) seek(start, stop *orderer.SeekPosition, behavior orderer.SeekInfo_SeekBehavior) *common.Envelope {
	return r.envelope(spec{typ: common.HeaderType_DELIVER_SEEK_INFO, data: seekTo(start, stop, behavior), binding: r.binding})
}

const (
	block = orderer.SeekInfo_BLOCK_UNTIL_READY
	fail  = orderer.SeekInfo_FAIL_IF_NOT_READY
)

// ---- asking -----------------------------------------------------------------------------------

// One Broadcast stream, one message, one answer, then the end of the stream.
func (r *run) broadcast(env *common.Envelope) (*orderer.BroadcastResponse, error) {
	ctx, cancel := r.context()
	defer cancel()
	s, err := r.client.Broadcast(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.Send(env); err != nil {
		return nil, err
	}
	resp, err := s.Recv()
	if err != nil {
		return nil, err
	}
	if resp.Status != common.Status_SUCCESS {
		if _, err := s.Recv(); err != io.EOF {
			return resp, fmt.Errorf("after %v the stream ended with %v, not OK", resp.Status, err)
		}
	} else if err := s.CloseSend(); err != nil {
		return resp, err
	}
	return resp, nil
}

// Send a seek on an open stream and collect what it delivers, up to its status.
func collect(s orderer.AtomicBroadcast_DeliverClient, env *common.Envelope) ([]*common.Block, common.Status, error) {
	var blocks []*common.Block
	if err := s.Send(env); err != nil {
		return nil, 0, err
	}
	for {
		resp, err := s.Recv()
		if err != nil {
			return blocks, 0, err
		}
		switch t := resp.Type.(type) {
		case *orderer.DeliverResponse_Block:
			blocks = append(blocks, t.Block)
		case *orderer.DeliverResponse_Status:
			return blocks, t.Status, nil
		default:
			return blocks, 0, fmt.Errorf("a response with neither block nor status")
		}
	}
}

func (r *run) deliver(env *common.Envelope) ([]*common.Block, common.Status, error) {
	ctx, cancel := r.context()
	defer cancel()
	s, err := r.client.Deliver(ctx)
	if err != nil {
		return nil, 0, err
	}
	blocks, status, err := collect(s, env)
	if err == nil && status != common.Status_SUCCESS {
		if _, end := s.Recv(); end != io.EOF {
			err = fmt.Errorf("after %v the stream ended with %v, not OK", status, end)
		}
	}
	return blocks, status, err
}

// ---- expecting ----------------------------------------------------------------------------------

func wantStatus(got, want common.Status) error {
	if got != want {
		return fmt.Errorf("status %v, want %v", got, want)
	}
	return nil
}

func (r *run) wantRefused(env *common.Envelope, want common.Status, info string) error {
	resp, err := r.broadcast(env)
	if err != nil {
		return err
	}
	if err := wantStatus(resp.Status, want); err != nil {
		return fmt.Errorf("%v (%s)", err, resp.Info)
	}
	if !strings.Contains(resp.Info, info) {
		return fmt.Errorf("info %q, want %q in it", resp.Info, info)
	}
	return nil
}

func (r *run) wantSeek(env *common.Envelope, want common.Status, blocks int) error {
	got, status, err := r.deliver(env)
	if err != nil {
		return err
	}
	if err := wantStatus(status, want); err != nil {
		return err
	}
	if len(got) != blocks {
		return fmt.Errorf("%d blocks, want %d", len(got), blocks)
	}
	return nil
}

func headerHash(h *common.BlockHeader) []byte {
	der, err := asn1.Marshal(struct {
		Number       *big.Int
		PreviousHash []byte
		DataHash     []byte
	}{new(big.Int).SetUint64(h.Number), h.PreviousHash, h.DataHash})
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(der)
	return sum[:]
}

func checkChain(blocks []*common.Block) error {
	for i, b := range blocks {
		sum := sha256.Sum256(bytes.Join(b.Data.Data, nil))
		if !bytes.Equal(sum[:], b.Header.DataHash) {
			return fmt.Errorf("block %d: data hash %x, want %x", i, b.Header.DataHash, sum)
		}
		if b.Header.Number != uint64(i) {
			return fmt.Errorf("block %d has number %d", i, b.Header.Number)
		}
		if i > 0 && !bytes.Equal(b.Header.PreviousHash, headerHash(blocks[i-1].Header)) {
			return fmt.Errorf("block %d: previous hash %x, want %x", i, b.Header.PreviousHash,
				headerHash(blocks[i-1].Header))
		}
	}
	return nil
}

func holds(blocks []*common.Block, env *common.Envelope) int {
	n, raw := 0, marshal(env)
	for _, b := range blocks {
		for _, d := range b.Data.Data {
			if bytes.Equal(d, raw) {
				n++
			}
		}
	}
	return n
}

func marshal(m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

// ---- the tests: see cases.go ----------------------------------------------------------------------

func main() {
	flag.Parse()
	r, err := connect()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer r.conn.Close()
	bad := 0
	list := cases
	if *flagCreate {
		list = creationTests()
	}
	if *flagMutual {
		list = append(list, mutualCases...)
	}
	fmt.Printf("1..%d\n", len(list))
	for i, c := range list {
		if err := c.f(r); err != nil {
			bad++
			fmt.Printf("not ok %d %s\n# %v\n", i+1, c.name, err)
		} else {
			fmt.Printf("ok %d %s\n", i+1, c.name)
		}
	}
	if bad > 0 {
		os.Exit(1)
	}
}

const maxUint64 = math.MaxUint64
