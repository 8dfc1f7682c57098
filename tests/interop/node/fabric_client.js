// SPDX-License-Identifier: Apache-2.0

// fabric-client 1.4 on gRPC's C core: what an application of Fabric 1.4 asks of an orderer.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const Client = require('fabric-client');
const {
	options, tls, member, stranger, envelope, seek, oldest, newest, number, forever, tap, HeaderType,
	SeekBehavior,
} = require('./common');
const {Connection} = require('./stream');

const below = new Connection();
const goldenFile = (...names) => fs.readFileSync(path.join(options.golden, ...names));

function newOrderer({withCertificate = true} = {}) {
	const settings = tls.ca ? {pem: tls.ca, 'ssl-target-name-override': 'orderer.example.com'} : {};
	if (tls.cert && withCertificate) Object.assign(settings, {clientCert: tls.cert, clientKey: tls.key});
	return new Client().newOrderer(`${tls.ca ? 'grpcs' : 'grpc'}://${options.orderer}`, settings);
}

// A channel as one user sees it.
async function newChannel({mspid, certificate, key}, name = options.channel) {
	const client = new Client();
	client.setCryptoSuite(Client.newCryptoSuite());
	await client.createUser({
		username: 'someone', mspid, skipPersistence: true,
		cryptoContent: {privateKeyPEM: key, signedCertPEM: certificate},
	});
	if (tls.cert) client.setTlsClientCertAndKey(tls.cert, tls.key);
	const channel = client.newChannel(name);
	channel.addOrderer(newOrderer());
	return channel;
}

const orderer = newOrderer();
let channel; // as the member sees it

// ---- blocks and configuration -------------------------------------------------------------------

async function genesisBlock() {
	const block = await channel.getGenesisBlock();
	assert.equal(block.toBuffer().toString('hex'), goldenFile('blocks', 'mychannel.000.block').toString('hex'));
}

async function channelConfig() {
	const {config} = await channel.getChannelConfigFromOrderer();
	assert.equal(config.sequence.toString(), '4');
	const {groups} = config.channel_group.groups.map.Application.value;
	assert.deepEqual(Object.keys(groups.map).sort(), ['Org1MSP', 'Org2MSP']);
}

async function lastBlock() {
	const last = (await below.chain()).length - 1;
	const block = await orderer.sendDeliver(seek(oldest, newest));
	assert.ok(block.header.number.toNumber() >= last, `block ${block.header.number} of ${last}`);
}

async function rejected(request, status) {
	await assert.rejects(orderer.sendDeliver(request), {message: `Invalid results returned ::${status}`});
}

async function genesisRejected(signer, name, status) {
	const other = await newChannel(signer, name);
	await assert.rejects(other.getGenesisBlock(), {message: `Invalid results returned ::${status}`});
}

// ---- transactions -------------------------------------------------------------------------------

// A transaction on a proposal that no peer saw: an orderer looks at none of it.
function transaction() {
	const request = {chaincodeId: 'basic', fcn: 'CreateAsset', args: ['asset1', 'blue']};
	const {proposal, txId} = channel.generateUnsignedProposal(request, member.mspid, member.certificate, false);
	const payload = Buffer.from('no proposal response payload');
	const endorsement = {endorser: member.creator, signature: member.sign(payload)};
	return {
		txId,
		proposal: {header: proposal.getHeader().toBuffer(), payload: proposal.getPayload().toBuffer()},
		proposalResponses: [{response: {status: 200}, payload, endorsement}],
	};
}

async function sendTransaction() {
	const request = transaction();
	assert.deepEqual(await channel.sendTransaction(request), {status: 'SUCCESS', info: ''});
	await below.ordered([request.txId.getTransactionID()]);
}

async function manyAtOnce() {
	const sent = Array.from({length: 100}, () => envelope());
	const answers = await Promise.all(sent.map((message) => orderer.sendBroadcast(message)));
	for (const answer of answers) assert.deepEqual(answer, {status: 'SUCCESS', info: ''});
	const ids = sent.map(({txId}) => txId);
	assert.deepEqual((await below.orderOf(ids)).sort(), ids.sort());
}

async function refused(message, status, info) {
	const answer = await orderer.sendBroadcast(message);
	assert.equal(answer.status, status);
	assert.match(answer.info, info);
}

// ---- connections --------------------------------------------------------------------------------

async function reconnects() {
	for (let i = 0; i < 5; i++) {
		const other = newOrderer();
		assert.deepEqual(await other.sendBroadcast(envelope()), {status: 'SUCCESS', info: ''});
		other.close();
	}
}

async function withoutCertificate() {
	const bare = newOrderer({withCertificate: false});
	await assert.rejects(bare.sendBroadcast(envelope()), {message: 'SERVICE_UNAVAILABLE'});
	bare.close();
}

const cases = [
	['getGenesisBlock returns the recorded block, byte for byte', genesisBlock],
	['getChannelConfigFromOrderer finds the last configuration', channelConfig],
	['sendDeliver reads the whole chain', lastBlock],
	['sendTransaction is accepted and ordered', sendTransaction],
	['100 broadcasts at once, each reset after its answer, are ordered once', manyAtOnce],
	['a bad signature is FORBIDDEN',
		() => refused(envelope({forged: true}), 'FORBIDDEN', /^implicit policy .*: permission denied$/)],
	['a stranger is FORBIDDEN',
		() => refused(envelope({signer: stranger}), 'FORBIDDEN', /^implicit policy .*: permission denied$/)],
	['an unknown channel is NOT_FOUND',
		() => refused(envelope({header: {channel_id: 'nosuch'}}), 'NOT_FOUND', /^channel does not exist$/)],
	['an ORDERER_TRANSACTION is BAD_REQUEST',
		() => refused(envelope({header: {type: HeaderType.ORDERER_TRANSACTION}}), 'BAD_REQUEST',
			/^message is of type that cannot be processed directly$/)],
	['getGenesisBlock of an unknown channel: NOT_FOUND',
		() => genesisRejected(member, 'nosuch', 'NOT_FOUND')],
	['getGenesisBlock by a stranger: FORBIDDEN',
		() => genesisRejected(stranger, options.channel, 'FORBIDDEN')],
	['sendDeliver with a bad signature: FORBIDDEN',
		() => rejected(seek(oldest, oldest, {forged: true}), 'FORBIDDEN')],
	['sendDeliver beyond the tip: NOT_FOUND',
		() => rejected(seek(newest, forever, {behavior: SeekBehavior.FAIL_IF_NOT_READY}), 'NOT_FOUND')],
	['sendDeliver with stop before start: BAD_REQUEST',
		() => rejected(seek(number(1), number(0)), 'BAD_REQUEST')],
	['an orderer is connected to again and again', reconnects],
];

const mutualCases = [
	['without a client certificate the orderer is SERVICE_UNAVAILABLE', withoutCertificate],
	['sendDeliver without TLS binding: BAD_REQUEST',
		() => rejected(seek(oldest, oldest, {header: {tls_cert_hash: null}}), 'BAD_REQUEST')],
];

newChannel(member).then((made) => {
	channel = made;
	tap([...cases, ...(tls.cert ? mutualCases : [])]);
});
