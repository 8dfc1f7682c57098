// SPDX-License-Identifier: Apache-2.0

// What all clients share: the arguments, identities from MSP directories, envelopes in Fabric's own
// protobuf, and TAP on stdout.
'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const {parseArgs} = require('node:util');
const protos = require('fabric-protos');

const {HeaderType} = protos.common;
const {SeekBehavior} = protos.orderer.SeekInfo;

const {values: options} = parseArgs({
	options: {
		orderer: {type: 'string'}, // host:port
		ca: {type: 'string'}, // PEM of the server's TLS root; without it: plain
		cert: {type: 'string'}, // PEM of the client's TLS certificate: the orderer demands one
		key: {type: 'string'}, // PEM of its key
		msp: {type: 'string'}, // MSP directory of a member of the channel
		foreign: {type: 'string'}, // the same names under CAs that the channel does not know
		others: {type: 'string'}, // a crypto-config folder of such names
		participation: {type: 'string'}, // host:port of the channel participation API
		blocks: {type: 'string'}, // genesis blocks to join by
		relation: {type: 'string', default: 'other'}, // of the orderer to its channels; other: no etcdraft
		state: {type: 'string', default: 'nothing'}, // see participation.js
		ready: {type: 'string'}, // see kafka.js: a file, made when the brokers may come
		sdk: {type: 'string', default: 'fabric_client'}, // or fabric_common: which of them administers channels
		mspid: {type: 'string', default: 'Org1MSP'},
		channel: {type: 'string', default: 'mychannel'},
		golden: {type: 'string'}, // tests/golden
		label: {type: 'string', default: ''}, // put before each test's name
	},
});

const pem = (file) => file && fs.readFileSync(file, 'utf8');
const tls = {ca: pem(options.ca), cert: pem(options.cert), key: pem(options.key)};
const sha256 = (...parts) => crypto.createHash('sha256').update(Buffer.concat(parts)).digest();

// In mutual TLS a seek names the certificate that the connection was made with.
const binding = tls.cert && sha256(new crypto.X509Certificate(tls.cert).raw);

// ---- DER, as signatures and block headers need it ---------------------------------------------

function element(tag, body) {
	assert.ok(body.length < 256, 'a short DER element');
	const length = body.length < 128 ? [body.length] : [0x81, body.length];
	return Buffer.concat([Buffer.of(tag, ...length), body]);
}

function integer(n) {
	let hex = n.toString(16);
	hex = hex.length % 2 ? `0${hex}` : hex;
	return element(2, Buffer.from(parseInt(hex[0], 16) < 8 ? hex : `00${hex}`, 'hex'));
}

const octets = (bytes) => element(4, bytes);
const sequence = (...parts) => element(0x30, Buffer.concat(parts));

// ---- identities -------------------------------------------------------------------------------

const groupOrder = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

// A low-S signature, as every Fabric client makes it.
function sign(key, message) {
	const raw = crypto.sign('sha256', message, {key, dsaEncoding: 'ieee-p1363'});
	const number = (bytes) => BigInt(`0x${bytes.toString('hex')}`);
	const s = number(raw.subarray(32));
	return sequence(integer(number(raw.subarray(0, 32))), integer(s > groupOrder / 2n ? groupOrder - s : s));
}

function onlyFile(directory) {
	const names = fs.readdirSync(directory);
	assert.equal(names.length, 1, `files in ${directory}`);
	return fs.readFileSync(path.join(directory, names[0]), 'utf8');
}

function identity(directory, mspid = options.mspid) {
	const certificate = onlyFile(path.join(directory, 'signcerts'));
	const key = onlyFile(path.join(directory, 'keystore'));
	const creator = protos.msp.SerializedIdentity.encode({mspid, id_bytes: Buffer.from(certificate)}).finish();
	return {mspid, certificate, key, creator, sign: (message) => sign(key, message)};
}

const member = identity(options.msp);
const stranger = identity(options.foreign);

// ---- envelopes --------------------------------------------------------------------------------

function timestamp(milliseconds = Date.now()) {
	return {seconds: Math.floor(milliseconds / 1000), nanos: (milliseconds % 1000) * 1e6};
}

// An envelope; `header` overrides what the channel header would say, a null leaves it out.
// The transaction's id comes along unseen by the encoders, to find it again in a block.
function envelope({header = {}, data = Buffer.alloc(0), signer = member, forged = false} = {}) {
	const nonce = crypto.randomBytes(24);
	const txId = sha256(nonce, signer.creator).toString('hex');
	const channelHeader = {
		type: HeaderType.ENDORSER_TRANSACTION,
		channel_id: options.channel,
		tx_id: txId,
		timestamp: timestamp(),
		...header,
	};
	const payload = protos.common.Payload.encode({
		header: {
			channel_header: protos.common.ChannelHeader.encode(channelHeader).finish(),
			signature_header: protos.common.SignatureHeader.encode({creator: signer.creator, nonce}).finish(),
		},
		data,
	}).finish();
	const signature = signer.sign(forged ? Buffer.from('something else') : payload);
	return Object.defineProperty({payload, signature}, 'txId', {value: txId});
}

const oldest = {oldest: {}};
const newest = {newest: {}};
const number = (n) => ({specified: {number: n}});
const forever = number('18446744073709551615');

function seek(start, stop, {behavior = SeekBehavior.BLOCK_UNTIL_READY, header = {}, ...rest} = {}) {
	return envelope({
		header: {type: HeaderType.DELIVER_SEEK_INFO, tls_cert_hash: binding, ...header},
		data: protos.orderer.SeekInfo.encode({start, stop, behavior}).finish(),
		...rest,
	});
}

// ---- tests ------------------------------------------------------------------------------------

// A case that hears nothing for so long never will; nothing is said of how fast it must be.
const patience = 120_000;

function settled(work) {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(() => reject(new Error(`no answer after ${patience / 1000} s`)), patience);
		// An exception in one of a client's own callbacks fails the case it belongs to.
		process.removeAllListeners('uncaughtException').on('uncaughtException', reject);
		Promise.resolve().then(work).then(resolve, reject).finally(() => clearTimeout(timer));
	});
}

// Run [name, async function] pairs one after the other and end the process.
async function tap(cases) {
	let bad = 0;
	console.log(`1..${cases.length}`);
	for (const [i, [name, work]] of cases.entries()) {
		try {
			await settled(work);
			console.log(`ok ${i + 1} ${options.label}${name}`);
		} catch (error) {
			bad++;
			console.log(`not ok ${i + 1} ${options.label}${name}`);
			console.log(String(error.stack ?? error).replace(/^/gm, '# '));
		}
	}
	process.exit(bad ? 1 : 0);
}

module.exports = {
	options, tls, sha256, integer, octets, sequence, identity, member, stranger, timestamp, envelope,
	oldest, newest, number, forever, seek, tap, HeaderType, SeekBehavior,
};
