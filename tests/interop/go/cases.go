// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/orderer"
	"google.golang.org/grpc"
)

type testCase struct {
	name string
	f    func(r *run) error
}

const tx = common.HeaderType_ENDORSER_TRANSACTION

var cases = []testCase{
	{"a transaction is accepted and comes back once, in a hash-chained block", acceptedComesBack},
	{"200 pipelined messages are answered in order", pipelined},
	{"half-close right after sending still gets its answer, then OK", halfClose},
	{"a bad signature is FORBIDDEN", func(r *run) error {
		return r.wantRefused(r.envelope(spec{typ: tx, badSig: true}), common.Status_FORBIDDEN, ": permission denied")
	}},
	{"a stranger is FORBIDDEN", stranger},
	{"an unknown channel is NOT_FOUND", func(r *run) error {
		return r.wantRefused(r.envelope(spec{typ: tx, channel: "nosuch"}), common.Status_NOT_FOUND, "channel does not exist")
	}},
	{"a CONFIG message is BAD_REQUEST", func(r *run) error {
		return r.wantRefused(r.envelope(spec{typ: common.HeaderType_CONFIG}), common.Status_BAD_REQUEST,
			"message is of type that cannot be processed directly")
	}},
	{"an empty payload is BAD_REQUEST", func(r *run) error {
		return r.wantRefused(&common.Envelope{}, common.Status_BAD_REQUEST, "could not determine channel ID: header not set")
	}},
	{"a payload that is no message is BAD_REQUEST", func(r *run) error {
		return r.wantRefused(&common.Envelope{Payload: []byte("\xff\xff\xff")}, common.Status_BAD_REQUEST,
			"could not determine channel ID: error unmarshaling Payload: ")
	}},
	{"an oversize message is BAD_REQUEST", func(r *run) error {
		return r.wantRefused(r.transaction(make([]byte, 11<<20)), common.Status_BAD_REQUEST, "and exceeds maximum allowed 10485760 bytes")
	}},
	{"the whole chain is delivered and linked", wholeChain},
	{"two seeks on one stream", twoSeeks},
	{"newest to newest is one block", func(r *run) error {
		return r.wantSeek(r.seek(newest(), newest(), block), common.Status_SUCCESS, 1)
	}},
	{"stop oldest stops at the start", func(r *run) error {
		return r.wantSeek(r.seek(number(1), oldest(), block), common.Status_SUCCESS, 1)
	}},
	{"a start beyond the chain is NOT_FOUND, even when waiting", func(r *run) error {
		return r.wantSeek(r.seek(number(1<<40), number(maxUint64), block), common.Status_NOT_FOUND, 0)
	}},
	{"FAIL_IF_NOT_READY ends with NOT_FOUND at the tip", func(r *run) error {
		return r.wantSeek(r.seek(newest(), number(maxUint64), fail), common.Status_NOT_FOUND, 1)
	}},
	{"stop before start is BAD_REQUEST", func(r *run) error {
		return r.wantSeek(r.seek(number(1), number(0), block), common.Status_BAD_REQUEST, 0)
	}},
	{"no stop is BAD_REQUEST", func(r *run) error {
		return r.wantSeek(r.seek(oldest(), nil, block), common.Status_BAD_REQUEST, 0)
	}},
	{"no timestamp is BAD_REQUEST", func(r *run) error {
		return r.wantSeek(r.envelope(spec{noTime: true, data: seekTo(oldest(), oldest(), block), binding: r.binding}),
			common.Status_BAD_REQUEST, 0)
	}},
	{"a timestamp 20 minutes old is BAD_REQUEST", func(r *run) error {
		return r.wantSeek(r.envelope(spec{timestamp: time.Now().Add(-20 * time.Minute),
			data: seekTo(oldest(), oldest(), block), binding: r.binding}), common.Status_BAD_REQUEST, 0)
	}},
	{"Deliver of an unknown channel is NOT_FOUND", func(r *run) error {
		return r.wantSeek(r.envelope(spec{channel: "nosuch", data: seekTo(oldest(), oldest(), block), binding: r.binding}),
			common.Status_NOT_FOUND, 0)
	}},
	{"Deliver with a bad signature is FORBIDDEN", func(r *run) error {
		return r.wantSeek(r.envelope(spec{badSig: true, data: seekTo(oldest(), oldest(), block), binding: r.binding}),
			common.Status_FORBIDDEN, 0)
	}},
	{"Deliver of junk is BAD_REQUEST", func(r *run) error {
		return r.wantSeek(r.envelope(spec{data: []byte("\x0a\xff"), binding: r.binding}), common.Status_BAD_REQUEST, 0)
	}},
	{"a follower gets the next block when it is cut", follow},
	{"a cancelled follower leaves the server in order", cancelled},
}

var mutualCases = []testCase{
	{"no client certificate: no connection", noCertificate},
	{"no TLS binding is BAD_REQUEST", func(r *run) error {
		return r.wantSeek(r.envelope(spec{data: seekTo(oldest(), oldest(), block)}), common.Status_BAD_REQUEST, 0)
	}},
	{"a wrong TLS binding is BAD_REQUEST", func(r *run) error {
		return r.wantSeek(r.envelope(spec{data: seekTo(oldest(), oldest(), block), binding: make([]byte, 32)}),
			common.Status_BAD_REQUEST, 0)
	}},
}

func acceptedComesBack(r *run) error {
	env := r.transaction([]byte(fmt.Sprintf("tx %d", time.Now().UnixNano())))
	resp, err := r.broadcast(env)
	if err != nil {
		return err
	}
	if err := wantStatus(resp.Status, common.Status_SUCCESS); err != nil {
		return fmt.Errorf("%v (%s)", err, resp.Info)
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		blocks, _, err := r.deliver(r.seek(oldest(), newest(), block))
		if err != nil {
			return err
		}
		if n := holds(blocks, env); n == 1 {
			return checkChain(blocks)
		} else if n > 1 {
			return fmt.Errorf("ordered %d times", n)
		}
	}
	return fmt.Errorf("not in any block after 10 s")
}

func pipelined(r *run) error {
	const n = 200
	ctx, cancel := r.context()
	defer cancel()
	s, err := r.client.Broadcast(ctx)
	if err != nil {
		return err
	}
	for i := 0; i < n; i++ {
		if err := s.Send(r.transaction([]byte(fmt.Sprintf("pipelined %d", i)))); err != nil {
			return err
		}
	}
	if err := s.CloseSend(); err != nil {
		return err
	}
	for i := 0; i < n; i++ {
		resp, err := s.Recv()
		if err != nil {
			return fmt.Errorf("answer %d: %v", i, err)
		}
		if err := wantStatus(resp.Status, common.Status_SUCCESS); err != nil {
			return err
		}
	}
	if _, err := s.Recv(); err != io.EOF {
		return fmt.Errorf("the stream ended with %v, not OK", err)
	}
	return nil
}

func halfClose(r *run) error {
	ctx, cancel := r.context()
	defer cancel()
	s, err := r.client.Broadcast(ctx)
	if err != nil {
		return err
	}
	if err := s.Send(r.transaction([]byte("half-close"))); err != nil {
		return err
	}
	if err := s.CloseSend(); err != nil {
		return err
	}
	resp, err := s.Recv()
	if err != nil {
		return err
	}
	if err := wantStatus(resp.Status, common.Status_SUCCESS); err != nil {
		return err
	}
	if _, err := s.Recv(); err != io.EOF {
		return fmt.Errorf("the stream ended with %v, not OK", err)
	}
	d, err := r.client.Deliver(ctx)
	if err != nil {
		return err
	}
	if err := d.Send(r.seek(oldest(), oldest(), block)); err != nil {
		return err
	}
	if err := d.CloseSend(); err != nil {
		return err
	}
	for i := 0; i < 2; i++ {
		if _, err := d.Recv(); err != nil {
			return fmt.Errorf("Deliver, response %d: %v", i, err)
		}
	}
	if _, err := d.Recv(); err != io.EOF {
		return fmt.Errorf("Deliver ended with %v, not OK", err)
	}
	return nil
}

func stranger(r *run) error {
	if *flagForeign == "" {
		return fmt.Errorf("no -foreign identity given")
	}
	id, err := readIdentity(*flagForeign, *flagMSPID)
	if err != nil {
		return err
	}
	other := *r
	other.id = id
	return other.wantRefused(other.transaction([]byte("x")), common.Status_FORBIDDEN,
		"implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied: permission denied")
}

func wholeChain(r *run) error {
	blocks, status, err := r.deliver(r.seek(oldest(), newest(), block))
	if err != nil {
		return err
	}
	if err := wantStatus(status, common.Status_SUCCESS); err != nil {
		return err
	}
	return checkChain(blocks)
}

func twoSeeks(r *run) error {
	ctx, cancel := r.context()
	defer cancel()
	s, err := r.client.Deliver(ctx)
	if err != nil {
		return err
	}
	for i := 0; i < 2; i++ {
		blocks, status, err := collect(s, r.seek(newest(), newest(), block))
		if err != nil {
			return err
		}
		if status != common.Status_SUCCESS || len(blocks) != 1 {
			return fmt.Errorf("seek %d: %d blocks, %v", i, len(blocks), status)
		}
	}
	if err := s.CloseSend(); err != nil {
		return err
	}
	if _, err := s.Recv(); err != io.EOF {
		return fmt.Errorf("the stream ended with %v, not OK", err)
	}
	return nil
}

func follow(r *run) error {
	ctx, cancel := r.context()
	defer cancel()
	s, err := r.client.Deliver(ctx)
	if err != nil {
		return err
	}
	if err := s.Send(r.seek(newest(), number(maxUint64), block)); err != nil {
		return err
	}
	if _, err := s.Recv(); err != nil {
		return err
	}
	env := r.transaction([]byte("for the follower"))
	if _, err := r.broadcast(env); err != nil {
		return err
	}
	for {
		resp, err := s.Recv()
		if err != nil {
			return err
		}
		if holds([]*common.Block{resp.GetBlock()}, env) == 1 {
			return nil
		}
	}
}

func cancelled(r *run) error {
	ctx, cancel := context.WithCancel(context.Background())
	s, err := r.client.Deliver(ctx)
	if err != nil {
		cancel()
		return err
	}
	if err := s.Send(r.seek(newest(), number(maxUint64), block)); err != nil {
		cancel()
		return err
	}
	_, err = s.Recv()
	cancel()
	if err != nil {
		return err
	}
	return r.wantSeek(r.seek(newest(), newest(), block), common.Status_SUCCESS, 1)
}

func noCertificate(r *run) error {
	bare := &run{id: r.id, channel: r.channel}
	creds, err := bare.credentials(false)
	if err != nil {
		return err
	}
	conn, err := grpc.NewClient(*flagAddress, grpc.WithTransportCredentials(creds))
	if err != nil {
		return err
	}
	defer conn.Close()
	bare.client = orderer.NewAtomicBroadcastClient(conn)
	if _, _, err := bare.deliver(bare.seek(oldest(), oldest(), block)); err == nil {
		return fmt.Errorf("a client without a certificate was served")
	}
	return nil
}
