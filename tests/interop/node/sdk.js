// SPDX-License-Identifier: Apache-2.0

// What channel administration takes from an SDK, once for each of Fabric's two.  fabric-client 1.4 has
// createChannel and updateChannel; with fabric-common 2.2 an application signs the request itself and
// hands it to a committer.  Both answer with {status, info}.
'use strict';

const {setTimeout: sleep} = require('node:timers/promises');
const OldClient = require('fabric-client');
const {Client, User} = require('fabric-common');
const protos = require('fabric-protos');
const {options, tls, oldest, seek} = require('./common');
const {below, updateEnvelope} = require('./config');

const url = `${tls.ca ? 'grpcs' : 'grpc'}://${options.orderer}`;
const settings = tls.ca ? {pem: tls.ca, 'ssl-target-name-override': 'orderer.example.com'} : {};

// ---- fabric-client 1.4 --------------------------------------------------------------------------

const oldClients = new Map();

async function oldClient(signer) {
	if (oldClients.has(signer)) return oldClients.get(signer);
	const {mspid, certificate, key} = signer;
	const client = new OldClient();
	client.setCryptoSuite(OldClient.newCryptoSuite());
	await client.createUser({
		username: 'someone', mspid, skipPersistence: true,
		cryptoContent: {privateKeyPEM: key, signedCertPEM: certificate},
	});
	client.setAdminSigningIdentity(key, certificate, mspid);
	oldClients.set(signer, client);
	return client;
}

async function oldChannel(name, signer) {
	const client = await oldClient(signer);
	const known = client.getChannel(name, false);
	if (known) return known;
	const channel = client.newChannel(name);
	channel.addOrderer(client.newOrderer(url, settings));
	return channel;
}

async function oldRequest(name, config, signers, sender) {
	const client = await oldClient(sender);
	const clients = await Promise.all(signers.map(oldClient));
	return {
		name, config, orderer: client.newOrderer(url, settings),
		signatures: clients.map((signer) => signer.signChannelConfig(config)),
		txId: client.newTransactionID(true),
	};
}

// Ask until it is there, through the statuses that say "not yet".
async function polled(ask, notYet) {
	for (let tries = 0; ; tries++) {
		try {
			return await ask();
		} catch (error) {
			if (tries === 400 || !notYet.test(error.message)) throw error;
			await sleep(25);
		}
	}
}

const fabricClient = {
	async create(name, config, signers, sender = signers[0]) {
		return (await oldClient(sender)).createChannel(await oldRequest(name, config, signers, sender));
	},

	async update(name, config, signers, sender = signers[0]) {
		return (await oldClient(sender)).updateChannel(await oldRequest(name, config, signers, sender));
	},

	async genesis(name, signer) {
		const channel = await oldChannel(name, signer);
		const block = await polled(() => channel.getGenesisBlock(), /::(NOT_FOUND|SERVICE_UNAVAILABLE)$/);
		return block.header.number.toString();
	},

	async sequence(name, signer) {
		const {config} = await (await oldChannel(name, signer)).getChannelConfigFromOrderer();
		return config.sequence.toString();
	},
};

// ---- fabric-common 2.2 --------------------------------------------------------------------------

const client = new Client('interop');
const committer = client.newCommitter('orderer.example.com', 'OrdererMSP');
const endpoint = () => client.newEndpoint({url, requestTimeout: 60_000, ...settings});

// The block of an event service that talks to the orderer.
async function blockEvent(name, start, {mspid, certificate, key}) {
	const eventer = client.newEventer('orderer.example.com');
	eventer.serviceClass = protos.services.orderer.AtomicBroadcast;
	eventer.setEndpoint(endpoint());
	const service = client.newChannel(name).newEventService('orderer.example.com');
	const context = client.newIdentityContext(User.createUser('someone', null, mspid, certificate, key));
	service.build(context, {blockType: 'full', startBlock: start, endBlock: start});
	service.sign(context);
	try {
		return await new Promise((resolve, reject) => {
			service.registerBlockListener((error, event) => (error ? reject(error) : resolve(event.block)));
			service.send({targets: [eventer]}).catch(reject);
		});
	} finally {
		service.close();
		eventer.disconnect();
	}
}

async function committed(name, config, signers, sender = signers[0]) {
	if (!committer.endpoint) await committer.connect(endpoint());
	const {status, info} = await committer.sendBroadcast(updateEnvelope(name, config, signers, sender));
	return {status, info};
}

const fabricCommon = {
	create: committed,
	update: committed,

	// An event service stumbles over NOT_FOUND before its first block, so it comes after the polling.
	async genesis(name, signer) {
		await polled(async () => {
			const {status} = await below.deliver(seek(oldest, oldest, {header: {channel_id: name}, signer}));
			if (status !== 'SUCCESS') throw new Error(status);
		}, /^(NOT_FOUND|SERVICE_UNAVAILABLE)$/);
		const block = await blockEvent(name, 0, signer);
		return block.header.number.toString();
	},

	// The SDK does not look for a configuration; its applications read a config block's events.
	async sequence(name, signer) {
		const block = await blockEvent(name, 'newest', signer);
		return block.data.data[0].payload.data.config.sequence.toString();
	},
};

module.exports = {fabric_client: fabricClient, fabric_common: fabricCommon}[options.sdk];
