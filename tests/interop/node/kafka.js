// SPDX-License-Identifier: Apache-2.0

// An application of Fabric on a network that orders by Kafka (--sdk): it meets an orderer whose brokers are
// away, polls until they come, creates a channel and waits for it as the SDKs' samples do.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const {setTimeout: sleep} = require('node:timers/promises');
const {options, envelope, number, oldest, newest, seek, tap} = require('./common');
const {below, org1, org2, orderers, payloadOf, headerOf, blockAt, creation} = require('./config');
const {success, accepted} = require('./admin');
const sdk = require('./sdk');

const systemChannel = 'testchainid';
const booting = {status: 'SERVICE_UNAVAILABLE', info: 'backing Kafka cluster has not completed booting; try again later'};
const channels = ['first', 'second'];

// Ask until the answer is another one than "not now"; a new channel's topic has to be made, too.
async function until(ask) {
	for (let tries = 0; ; tries++) {
		const answer = await ask();
		if (answer.status !== 'SERVICE_UNAVAILABLE' || tries === 1200) return answer;
		await sleep(50);
	}
}

const create = (name) => sdk.create(name, creation(name), [org1.admin]);
const read = (name, signer) => below.deliver(seek(oldest, oldest, {header: {channel_id: name}, signer}));

async function brokersAreAway() {
	assert.deepEqual(await create('first'), booting);
	const {status} = await read(systemChannel, orderers.admin);
	assert.equal(status, 'SERVICE_UNAVAILABLE', 'blocks are not to be trusted to be the newest');
	fs.writeFileSync(options.ready, '');
}

async function brokersCome() {
	assert.deepEqual(await until(() => create('first')), success);
	assert.equal(await sdk.genesis('first', org1.user), '0');
}

async function anotherChannel() {
	assert.deepEqual(await until(() => create('second')), success);
	assert.equal(await sdk.genesis('second', org2.user), '0');
}

async function transactions() {
	for (const name of channels) {
		const message = envelope({header: {channel_id: name}, signer: org2.user});
		assert.deepEqual(await until(() => below.broadcast(message)), success);
		const block = await blockAt(name, number(1), org1.user);
		assert.equal(headerOf(payloadOf(block.data.data[0])).tx_id, message.txId, name);
	}
}

async function update() {
	const edit = ({groups: {Application: {policies}}}) => { policies.Auditors = policies.Readers; };
	await accepted('first', edit, [org1.admin, org2.admin]);
	assert.equal(await sdk.sequence('first', org1.user), '2');
}

// Every channel has a chain of its own topic.
async function ledgers() {
	for (const name of [systemChannel, ...channels]) {
		const block = await blockAt(name, newest, name === systemChannel ? orderers.admin : org1.user);
		assert.equal(`${block.header.number}`, name === 'second' ? '1' : '2', name);
	}
}

tap([
	['while the brokers are away, a channel is refused with 503', brokersAreAway],
	['it is created when they have come', brokersCome],
	['so is another', anotherChannel],
	['both take transactions, and cut blocks by time', transactions],
	['a configuration is updated', update],
	['every message stands in one block', ledgers],
]);
