// SPDX-License-Identifier: Apache-2.0

// AtomicBroadcast by grpc-js itself, below any SDK: streams that a test drives message by message,
// and what a chain must look like.
'use strict';

const assert = require('node:assert/strict');
const grpc = require('@grpc/grpc-js');
const protos = require('fabric-protos');
const {options, tls, sha256, integer, octets, sequence, seek, oldest, newest, forever} = require('./common');

const {Status} = protos.common;
const service = protos.services.orderer.AtomicBroadcast.service;
const unlimited = {'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1};

// One bidirectional call: next() is the next answer, or null after the last one.
class Stream {
	constructor(call) {
		this.call = call;
		this.answers = [];
		this.wanted = [];
		this.status = new Promise((resolve) => call.on('status', resolve));
		call.on('data', (answer) => this.put(answer));
		call.on('end', () => { this.ended = true; this.wanted.forEach((want) => want(null)); });
		call.on('error', () => {}); // its code is the status's
	}

	put(answer) {
		const want = this.wanted.shift();
		if (want) want(answer);
		else this.answers.push(answer);
	}

	send(message) { this.call.write(message); }
	closeSend() { this.call.end(); }
	cancel() { this.call.cancel(); }
	pause() { this.call.pause(); }
	resume() { this.call.resume(); }

	next() {
		if (this.answers.length) return Promise.resolve(this.answers.shift());
		if (this.ended) return Promise.resolve(null);
		return new Promise((resolve) => this.wanted.push(resolve));
	}

	// No further answer, and gRPC's own code at the end.
	async ends(code = grpc.status.OK) {
		const answer = await this.next();
		assert.equal(answer, null, 'another answer');
		const {code: got, details} = await this.status;
		assert.equal(grpc.status[got], grpc.status[code], details);
		return details;
	}
}

function credentials(withCertificate) {
	if (!tls.ca) return grpc.credentials.createInsecure();
	const own = withCertificate && tls.cert ? [Buffer.from(tls.key), Buffer.from(tls.cert)] : [];
	return grpc.credentials.createSsl(Buffer.from(tls.ca), ...own);
}

// A connection of its own. `channel` are grpc-js's channel options, `methods` replaces parts of the
// service's definition.
class Connection {
	constructor({withCertificate = true, channel = {}, methods = service} = {}) {
		const Client = grpc.makeGenericClientConstructor(methods, 'AtomicBroadcast');
		// grpc-js shares connections between clients with equal options unless told otherwise.
		this.client = new Client(options.orderer, credentials(withCertificate),
			{...unlimited, 'grpc.use_local_subchannel_pool': 1, ...channel});
	}

	open(method, callOptions = {}) { return new Stream(this.client[method](callOptions)); }
	close() { this.client.close(); }

	// One message on a Broadcast stream of its own; after anything but SUCCESS the server ends it.
	async broadcast(envelope) {
		const stream = this.open('Broadcast');
		stream.send(envelope);
		const answer = await stream.next();
		if (answer === null) await stream.ends();
		assert.notEqual(answer, null, 'the stream ended without an answer');
		if (answer.status === Status.SUCCESS) stream.closeSend();
		await stream.ends();
		return {status: Status[answer.status], info: answer.info};
	}

	// The blocks that a seek brings, and its status.
	async deliver(request) {
		const stream = this.open('Deliver');
		stream.send(request);
		const result = await collect(stream);
		if (result.status === 'SUCCESS') stream.closeSend();
		await stream.ends();
		return result;
	}

	async chain() {
		const {status, blocks} = await this.deliver(seek(oldest, newest));
		assert.equal(status, 'SUCCESS');
		checkChain(blocks);
		return blocks;
	}

	// Wait until all these transactions are in the chain, and return it.
	async ordered(txIds) {
		const missing = new Set(txIds);
		const stream = this.open('Deliver');
		const blocks = [];
		stream.send(seek(oldest, forever));
		while (missing.size) {
			const answer = await stream.next();
			assert.equal(answer?.Type, 'block', `waiting for ${missing.size} transactions`);
			blocks.push(answer.block);
			for (const txId of transactionIds(answer.block)) missing.delete(txId);
		}
		stream.cancel();
		await stream.status;
		checkChain(blocks);
		return blocks;
	}

	// The same transactions as the chain orders them.
	async orderOf(txIds) {
		const mine = new Set(txIds);
		return (await this.ordered(txIds)).flatMap(transactionIds).filter((txId) => mine.has(txId));
	}
}

// Read blocks up to the status that ends one seek.
async function collect(stream) {
	const blocks = [];
	for (;;) {
		const answer = await stream.next();
		if (answer === null) await stream.ends();
		assert.notEqual(answer, null, `the stream ended after ${blocks.length} blocks without a status`);
		if (answer.Type === 'status') return {status: Status[answer.status], blocks};
		assert.equal(answer.Type, 'block');
		blocks.push(answer.block);
	}
}

function transactionIds(block) {
	return block.data.data.map((bytes) => {
		const payload = protos.common.Payload.decode(protos.common.Envelope.decode(bytes).payload);
		return protos.common.ChannelHeader.decode(payload.header.channel_header).tx_id;
	});
}

function headerHash({number, previous_hash, data_hash}) {
	return sha256(sequence(integer(BigInt(number.toString())), octets(previous_hash), octets(data_hash)));
}

// Numbers from 0 on, each block's data under its header, each header under the next one.
function checkChain(blocks) {
	blocks.forEach(({header, data}, i) => {
		assert.equal(header.number.toString(), `${i}`);
		assert.deepEqual(header.data_hash, sha256(...data.data), `data hash of block ${i}`);
		const previous = i ? headerHash(blocks[i - 1].header) : Buffer.alloc(0);
		assert.deepEqual(header.previous_hash, previous, `previous hash of block ${i}`);
	});
}

module.exports = {Connection, collect, transactionIds, service, grpc, Status};
