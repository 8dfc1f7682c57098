// SPDX-License-Identifier: Apache-2.0

// grpc-js without an SDK: what load generators and gateways do with their streams.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const protos = require('fabric-protos');
const {
	options, tls, stranger, timestamp, envelope, oldest, newest, number, forever, seek, tap,
	HeaderType, SeekBehavior,
} = require('./common');
const {Connection, collect, transactionIds, service, grpc, Status} = require('./stream');

const connection = new Connection();

const absoluteMaxBytes = 99 << 20; // as the recorded channel's configuration says
const denied = 'implicit policy evaluation failed - 0 sub-policies were satisfied, ' +
	"but this policy requires 1 of the 'Writers' sub-policies to be satisfied: permission denied";

async function refused(message, status, info) {
	const answer = await connection.broadcast(message);
	assert.equal(answer.status, status);
	assert.ok(answer.info.includes(info), `info is "${answer.info}", not "${info}"`);
}

async function delivers(request, status, count) {
	const {status: got, blocks} = await connection.deliver(request);
	assert.deepEqual([got, blocks.length], [status, count]);
	return blocks;
}

const isSuccess = (answer) => assert.deepEqual([Status[answer?.status], answer?.info], ['SUCCESS', '']);

async function pipelined() {
	const sent = Array.from({length: 500}, () => envelope());
	const stream = connection.open('Broadcast');
	for (const message of sent) stream.send(message);
	for (let i = 0; i < sent.length; i++) isSuccess(await stream.next());
	stream.closeSend();
	await stream.ends();
	const ids = sent.map(({txId}) => txId);
	assert.deepEqual(await connection.orderOf(ids), ids);
}

// The first message that is refused ends the stream: what came before it is answered, what the client
// had already sent behind it is neither answered nor ordered.
async function refusedInTheMiddle() {
	const before = Array.from({length: 20}, () => envelope());
	const behind = Array.from({length: 20}, () => envelope());
	const stream = connection.open('Broadcast');
	for (const message of [...before, envelope({forged: true}), ...behind]) stream.send(message);
	for (let i = 0; i < before.length; i++) isSuccess(await stream.next());
	assert.equal(Status[(await stream.next()).status], 'FORBIDDEN');
	await stream.ends();

	const last = envelope();
	isSuccess(await answerOf(last));
	const ordered = (await connection.ordered([last.txId])).flatMap(transactionIds);
	assert.equal(before.filter(({txId}) => ordered.includes(txId)).length, before.length);
	assert.equal(behind.filter(({txId}) => ordered.includes(txId)).length, 0);
}

async function answerOf(message) {
	const stream = connection.open('Broadcast');
	stream.send(message);
	const answer = await stream.next();
	stream.cancel();
	return answer;
}

async function halfClosedBroadcast() {
	const stream = connection.open('Broadcast');
	for (let i = 0; i < 10; i++) stream.send(envelope());
	stream.closeSend();
	for (let i = 0; i < 10; i++) isSuccess(await stream.next());
	await stream.ends();
}

async function halfClosedDeliver() {
	const stream = connection.open('Deliver');
	stream.send(seek(oldest, number(9)));
	stream.send(seek(newest, newest));
	stream.closeSend();
	for (const count of [10, 1]) {
		const {status, blocks} = await collect(stream);
		assert.deepEqual([status, blocks.length], ['SUCCESS', count]);
	}
	await stream.ends();
}

// A gateway's stream: never half-closed, reset as soon as the answer is there.
async function resetAfterTheAnswer() {
	const sent = Array.from({length: 50}, () => envelope());
	const answers = await Promise.all(sent.map(answerOf));
	answers.forEach(isSuccess);
	await connection.ordered(sent.map(({txId}) => txId));
}

// A cancelled stream says nothing of the messages it carried; the connection lives on.
async function resetBeforeTheAnswer() {
	for (let i = 0; i < 50; i++) {
		const stream = connection.open('Broadcast');
		stream.send(envelope());
		stream.cancel();
		await stream.ends(grpc.status.CANCELLED);
	}
	isSuccess(await answerOf(envelope()));
}

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const inHex = ({header, data, metadata}) => [
	header.number.toString(), hex(header.previous_hash), hex(header.data_hash),
	data.data.map(hex), metadata.metadata.map(hex),
];

async function recordedChain() {
	const blocks = await connection.chain();
	const directory = path.join(options.golden, 'blocks');
	const recorded = fs.readdirSync(directory).filter((name) => /^mychannel\.\d{3}\.block$/.test(name)).sort();
	assert.equal(recorded.length, 50);
	recorded.forEach((name, i) => {
		const block = protos.common.Block.decode(fs.readFileSync(path.join(directory, name)));
		assert.deepEqual(inHex(blocks[i]), inHex(block), name);
	});
}

async function followers() {
	const streams = Array.from({length: 100}, () => connection.open('Deliver'));
	for (const stream of streams) stream.send(seek(newest, forever));
	await Promise.all(streams.map((stream) => stream.next()));
	const message = envelope();
	isSuccess(await answerOf(message));
	await Promise.all(streams.map(async (stream) => {
		for (let found = false; !found;) {
			const answer = await stream.next();
			assert.equal(answer?.Type, 'block');
			found = transactionIds(answer.block).includes(message.txId);
		}
		stream.cancel();
		await stream.ends(grpc.status.CANCELLED);
	}));
}

// The chain is larger than a stream's window, so the server must hold the rest back for this reader
// and still serve everyone else on the connection.
async function slowReader() {
	const slow = connection.open('Deliver');
	slow.pause();
	slow.send(seek(oldest, newest));
	const blocks = await connection.chain();
	isSuccess(await answerOf(envelope()));
	slow.resume();
	const result = await collect(slow);
	assert.equal(result.status, 'SUCCESS');
	assert.ok(result.blocks.length >= blocks.length, `${result.blocks.length} of ${blocks.length} blocks`);
	slow.closeSend();
	await slow.ends();
}

// Bytes instead of messages, a method that nobody serves: the service's definition, changed.
function altered(changes) {
	return {...service, Broadcast: {...service.Broadcast, ...changes}};
}

async function endsWith(code, setting, message, details) {
	const other = new Connection(setting);
	const stream = other.open('Broadcast');
	stream.send(message);
	const text = await stream.ends(code);
	assert.match(text, details);
	other.close();
	isSuccess(await answerOf(envelope()));
}

// Whichever side sees it first: the client by its own clock, or the server's error for an abandoned wait.
async function deadline() {
	const stream = connection.open('Deliver', {deadline: Date.now() + 500});
	stream.send(seek(newest, forever));
	let blocks = 0;
	while (await stream.next()) blocks++;
	assert.ok(blocks > 0);
	const {code} = await stream.status;
	assert.match(grpc.status[code], /^(DEADLINE_EXCEEDED|UNKNOWN)$/);
	await delivers(seek(newest, newest), 'SUCCESS', 1);
}

async function withoutCertificate() {
	const other = new Connection({withCertificate: false});
	const stream = other.open('Deliver');
	stream.send(seek(newest, newest));
	assert.equal(await stream.next(), null, 'an answer');
	assert.notEqual((await stream.status).code, grpc.status.OK);
	other.close();
}

const asBytes = altered({requestSerialize: (bytes) => bytes});
const nobody = altered({path: '/orderer.AtomicBroadcast/Nobody'});
const gzip = {'grpc.default_compression_algorithm': 2};

const broadcastCases = [
	['500 pipelined messages are answered, and ordered as they were sent', pipelined],
	['a refused message ends its stream with OK, and nothing behind it is ordered', refusedInTheMiddle],
	['half-close right after 10 messages: 10 answers, then OK', halfClosedBroadcast],
	['streams reset after their answer are ordered all the same', resetAfterTheAnswer],
	['streams reset before their answer leave the connection in order', resetBeforeTheAnswer],
	['a bad signature is FORBIDDEN', () => refused(envelope({forged: true}), 'FORBIDDEN', denied)],
	['a stranger is FORBIDDEN', () => refused(envelope({signer: stranger}), 'FORBIDDEN', denied)],
	['an unknown channel is NOT_FOUND',
		() => refused(envelope({header: {channel_id: 'nosuch'}}), 'NOT_FOUND', 'channel does not exist')],
	['a CONFIG message is BAD_REQUEST',
		() => refused(envelope({header: {type: HeaderType.CONFIG}}), 'BAD_REQUEST',
			'message is of type that cannot be processed directly')],
	['an empty envelope is BAD_REQUEST',
		() => refused({}, 'BAD_REQUEST', 'could not determine channel ID: header not set')],
	['a payload that is no message is BAD_REQUEST',
		() => refused({payload: Buffer.from('ffffff', 'hex')}, 'BAD_REQUEST',
			'could not determine channel ID: error unmarshal')],
	['an oversize message is BAD_REQUEST',
		() => refused(envelope({data: Buffer.alloc(absoluteMaxBytes)}), 'BAD_REQUEST',
			`bytes and exceeds maximum allowed ${absoluteMaxBytes} bytes`)],
];

const deliverCases = [
	['the whole chain is delivered, linked, and as recorded', recordedChain],
	['half-close right after two seeks: both are served, then OK', halfClosedDeliver],
	['100 followers on one connection get the next block', followers],
	['a reader that pauses holds up nobody', slowReader],
	['stop oldest stops at the start', () => delivers(seek(number(5), oldest), 'SUCCESS', 1)],
	['a start beyond the chain is NOT_FOUND, even when waiting',
		() => delivers(seek(number(1 << 30), forever), 'NOT_FOUND', 0)],
	['FAIL_IF_NOT_READY ends with NOT_FOUND at the tip',
		() => delivers(seek(newest, forever, {behavior: SeekBehavior.FAIL_IF_NOT_READY}), 'NOT_FOUND', 1)],
	['stop before start is BAD_REQUEST', () => delivers(seek(number(1), number(0)), 'BAD_REQUEST', 0)],
	['no stop is BAD_REQUEST', () => delivers(seek(oldest, null), 'BAD_REQUEST', 0)],
	['no timestamp is BAD_REQUEST',
		() => delivers(seek(oldest, oldest, {header: {timestamp: null}}), 'BAD_REQUEST', 0)],
	['a timestamp 20 minutes old is BAD_REQUEST',
		() => delivers(seek(oldest, oldest, {header: {timestamp: timestamp(Date.now() - 20 * 60_000)}}),
			'BAD_REQUEST', 0)],
	['an unknown channel is NOT_FOUND',
		() => delivers(seek(oldest, oldest, {header: {channel_id: 'nosuch'}}), 'NOT_FOUND', 0)],
	['a seek with a bad signature is FORBIDDEN',
		() => delivers(seek(oldest, oldest, {forged: true}), 'FORBIDDEN', 0)],
	['a seek of a stranger is FORBIDDEN',
		() => delivers(seek(oldest, oldest, {signer: stranger}), 'FORBIDDEN', 0)],
	['an empty envelope is BAD_REQUEST', () => delivers({}, 'BAD_REQUEST', 0)],
];

const grpcCases = [
	['bytes that are no envelope end with INTERNAL',
		() => endsWith(grpc.status.INTERNAL, {methods: asBytes}, Buffer.from('0aff', 'hex'), /./)],
	['a gzip message ends with UNIMPLEMENTED',
		() => endsWith(grpc.status.UNIMPLEMENTED, {channel: gzip}, envelope({data: Buffer.alloc(1000)}), /gzip/)],
	['a method that nobody serves ends with UNIMPLEMENTED',
		() => endsWith(grpc.status.UNIMPLEMENTED, {methods: nobody}, envelope(), /Nobody/)],
	['more than 100 MiB end with RESOURCE_EXHAUSTED',
		() => endsWith(grpc.status.RESOURCE_EXHAUSTED, {methods: asBytes}, Buffer.alloc((100 << 20) + 1),
			/104857600/)],
	["a follower's deadline passes", deadline],
];

const mutualCases = [
	['without a client certificate there is no connection', withoutCertificate],
	['a seek without TLS binding is BAD_REQUEST',
		() => delivers(seek(oldest, oldest, {header: {tls_cert_hash: null}}), 'BAD_REQUEST', 0)],
	['a seek with a wrong TLS binding is BAD_REQUEST',
		() => delivers(seek(oldest, oldest, {header: {tls_cert_hash: Buffer.alloc(32)}}), 'BAD_REQUEST', 0)],
];

tap([...broadcastCases, ...deliverCases, ...grpcCases, ...(tls.cert ? mutualCases : [])]);
