// SPDX-License-Identifier: Apache-2.0

// fabric-common, the low level of Fabric's Node SDK 2.2: commits by Committer.sendBroadcast, which opens
// a stream for each message, and block events from the orderer's Deliver.
'use strict';

const assert = require('node:assert/strict');
const {Client, User} = require('fabric-common');
const protos = require('fabric-protos');
const {options, tls, member, stranger, envelope, tap, HeaderType} = require('./common');
const {Connection} = require('./stream');

const below = new Connection();

function user({mspid, certificate, key}) {
	return User.createUser('someone', null, mspid, certificate, key);
}

function newClient() {
	const client = new Client('interop');
	if (tls.cert) client.setTlsClientCertAndKey(tls.cert, tls.key);
	return client;
}

function endpoint(client, more = {}) {
	const settings = tls.ca ? {pem: tls.ca, 'ssl-target-name-override': 'orderer.example.com'} : {};
	return client.newEndpoint({
		url: `${tls.ca ? 'grpcs' : 'grpc'}://${options.orderer}`, requestTimeout: 60_000, ...settings, ...more,
	});
}

const client = newClient();
const channel = client.newChannel(options.channel);
const committer = client.newCommitter('orderer.example.com', 'OrdererMSP');
committer.setEndpoint(endpoint(client));

// ---- a transaction as an application sends it --------------------------------------------------

// What a peer would answer to a proposal; an orderer looks at none of it.
const endorser = {
	async endorse() {
		const extension = protos.protos.ChaincodeAction.encode({
			results: Buffer.alloc(0), response: {status: 200}, chaincode_id: {name: 'basic', version: '1'},
		}).finish();
		const payload = protos.protos.ProposalResponsePayload.encode({
			proposal_hash: Buffer.alloc(32), extension,
		}).finish();
		return [{
			response: {status: 200, message: ''}, payload,
			endorsement: {endorser: member.creator, signature: member.sign(payload)},
		}];
	},
};

async function endorsed(signer) {
	const context = client.newIdentityContext(user(signer));
	const endorsement = channel.newEndorsement('basic');
	endorsement.build(context, {fcn: 'CreateAsset', args: ['asset1', 'blue']});
	endorsement.sign(context);
	await endorsement.send({handler: endorser});
	const commit = endorsement.newCommit();
	commit.build(context);
	commit.sign(context);
	return {commit, txId: context.transactionId};
}

async function committed() {
	const {commit, txId} = await endorsed(member);
	assert.equal((await commit.send({targets: [committer]})).status, 'SUCCESS');
	return txId;
}

// ---- block events ------------------------------------------------------------------------------

// An event service whose eventer talks to the orderer; events() is what its block listener is told,
// up to the error that ends every listener.
class Events {
	constructor(range, {signer = member, forged = false, from = client} = {}) {
		this.events = [];
		this.wanted = [];
		const eventer = from.newEventer('orderer.example.com');
		eventer.serviceClass = protos.services.orderer.AtomicBroadcast;
		eventer.setEndpoint(endpoint(from));
		this.service = from.newChannel(options.channel).newEventService('orderer.example.com');
		const context = from.newIdentityContext(user(signer));
		this.service.build(context, {blockType: 'full', ...range});
		this.service.sign(forged ? context.sign(Buffer.from('something else')) : context);
		this.service.registerBlockListener((error, event) => this.put({error, event}));
		this.started = this.service.send({targets: [eventer]});
		this.started.catch((error) => this.put({error}));
	}

	put(item) {
		const want = this.wanted.shift();
		if (want) want(item);
		else this.events.push(item);
	}

	next() {
		if (this.events.length) return Promise.resolve(this.events.shift());
		return new Promise((resolve) => this.wanted.push(resolve));
	}

	async block() {
		const {error, event} = await this.next();
		if (error) throw error;
		return event.block;
	}

	async ends(message) {
		const {error, event} = await this.next();
		assert.equal(event, undefined);
		assert.match(error.message, message);
	}
}

const headers = (block) => block.data.data.map(({payload}) => payload.header.channel_header);

async function height() {
	return (await below.chain()).length;
}

// ---- cases -------------------------------------------------------------------------------------

async function commitBecomesEvent() {
	const events = new Events({startBlock: await height()});
	const txId = await committed();
	for (;;) {
		const found = headers(await events.block()).find(({tx_id}) => tx_id === txId);
		if (!found) continue;
		assert.deepEqual([found.typeString, found.channel_id], ['ENDORSER_TRANSACTION', options.channel]);
		break;
	}
	events.service.close();
	await events.ends(/shutdown by "close\(\)" call/);
}

async function manyAtOnce() {
	const sent = Array.from({length: 200}, () => envelope());
	const answers = await Promise.all(sent.map((message) => committer.sendBroadcast(message)));
	for (const answer of answers) assert.deepEqual([answer.status, answer.info], ['SUCCESS', '']);
	const ids = sent.map(({txId}) => txId);
	assert.deepEqual((await below.orderOf(ids)).sort(), ids.sort());
}

async function replay() {
	const events = new Events({startBlock: 0, endBlock: 3});
	for (const type of ['CONFIG', 'CONFIG', 'CONFIG', 'CONFIG']) {
		const block = await events.block();
		assert.deepEqual(headers(block).map(({typeString}) => typeString), [type], `block ${block.header.number}`);
	}
	await events.ends(/^Shutdown due to end block number has been seen: 3$/);
}

async function upToTheNewest() {
	await below.ordered([await committed()]);
	const last = await height() - 1;
	const events = new Events({startBlock: last, endBlock: 'newest'});
	assert.equal((await events.block()).header.number.toString(), `${last}`);
	await events.ends(new RegExp(`^Newest block received:${last} status:200$`));
}

async function endBeyondTheChain() {
	await below.ordered([await committed()]);
	const last = await height() - 1;
	const events = new Events({startBlock: last, endBlock: 1_000_000});
	assert.equal((await events.block()).header.number.toString(), `${last}`);
	await events.ends(new RegExp(`^End block of 1000000 does not exist. Last block received ${last}$`));
}

async function closedWhileFollowing() {
	const start = await height();
	const services = Array.from({length: 20}, () => new Events({startBlock: start}));
	const txId = await committed();
	await Promise.all(services.map(async (events) => {
		while (!headers(await events.block()).some(({tx_id}) => tx_id === txId));
		events.service.close();
	}));
	await committed();
}

async function refused(message, status, info) {
	const answer = await committer.sendBroadcast(message);
	assert.equal(answer.status, status);
	assert.match(answer.info, info);
}

// The SDK reconnects with a new gRPC client.
async function reconnects() {
	const other = client.newCommitter('again');
	for (let i = 0; i < 5; i++) {
		await other.connect(endpoint(client));
		assert.equal((await other.sendBroadcast(envelope())).status, 'SUCCESS');
		other.disconnect();
	}
}

async function strangersCommit() {
	const {commit} = await endorsed(stranger);
	const {status, info} = await commit.send({targets: [committer]});
	assert.equal(status, 'FORBIDDEN');
	assert.match(info, /permission denied$/);
}

// TLS 1.2 refuses the handshake; in TLS 1.3 the client has its connection, and loses it.
async function withoutCertificate() {
	const bare = new Client('no certificate');
	const other = bare.newCommitter('orderer.example.com');
	other.setEndpoint(endpoint(bare, {'grpc-wait-for-ready-timeout': 1000}));
	await assert.rejects(async () => {
		await other.connect();
		await other.sendBroadcast(envelope());
	}, ({message}) => !/TIMEOUT/.test(message));
}

// The connection has a certificate, the seek does not name it.
async function withoutBinding() {
	const careless = newClient();
	careless.getClientCertHash = () => undefined;
	await new Events({startBlock: 0, endBlock: 0}, {from: careless}).ends(/status:400$/);
}

const cases = [
	['a commit is accepted and its block event arrives', commitBecomesEvent],
	['200 broadcasts at once, each on a stream of its own, are ordered once', manyAtOnce],
	['block events replay the recorded blocks', replay],
	['block events end at the newest block', upToTheNewest],
	['an end block beyond the chain ends with NOT_FOUND', endBeyondTheChain],
	['20 event services get the block and close', closedWhileFollowing],
	['a committer reconnects', reconnects],
	['a commit of a stranger is FORBIDDEN', strangersCommit],
	['a broadcast with a bad signature is FORBIDDEN',
		() => refused(envelope({forged: true}), 'FORBIDDEN', /^implicit policy .*: permission denied$/)],
	['a broadcast to an unknown channel is NOT_FOUND',
		() => refused(envelope({header: {channel_id: 'nosuch'}}), 'NOT_FOUND', /^channel does not exist$/)],
	['a broadcast of a CONFIG is BAD_REQUEST',
		() => refused(envelope({header: {type: HeaderType.CONFIG}}), 'BAD_REQUEST',
			/^message is of type that cannot be processed directly$/)],
	['a broadcast of nothing is BAD_REQUEST',
		() => refused({payload: Buffer.alloc(0), signature: Buffer.alloc(0)}, 'BAD_REQUEST',
			/^could not determine channel ID: header not set$/)],
	['events for a bad signature end with FORBIDDEN',
		() => new Events({startBlock: 0, endBlock: 0}, {forged: true}).ends(/status message. status:403$/)],
	['events for a stranger end with FORBIDDEN',
		() => new Events({startBlock: 0, endBlock: 0}, {signer: stranger}).ends(/status message. status:403$/)],
];

const mutualCases = [
	['without a client certificate there is no connection', withoutCertificate],
	['events without TLS binding end with BAD_REQUEST', withoutBinding],
];

committer.connect().then(() => tap([...cases, ...(tls.cert ? mutualCases : [])]));
