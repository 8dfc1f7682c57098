// SPDX-License-Identifier: Apache-2.0

// Channels created through the system channel 'testchainid' of tests/golden/blocks/genesis.solo.block,
// by one of Fabric's SDKs (--sdk): what becomes of good requests, and each refusal's text.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const protos = require('fabric-protos');
const {options, stranger, envelope, number, oldest, newest, seek, tap, HeaderType} = require('./common');
const {
	below, org1, org2, orderers, payloadOf, headerOf, blockAt, configIn, current, creation, capabilities,
} = require('./config');
const {success, unsatisfied, notAuthorized, create, accepted, sends} = require('./admin');
const sdk = require('./sdk');

const {common} = protos;
const systemChannel = 'testchainid';
const goldenFile = (...names) => fs.readFileSync(path.join(options.golden, ...names));

async function refused(name, config, signers, info) {
	assert.deepEqual(await sdk.create(name, config, signers), {status: 'BAD_REQUEST', info});
	const {status: found} = await below.deliver(seek(oldest, oldest, {header: {channel_id: name}}));
	assert.equal(found, 'NOT_FOUND', 'no channel came of it');
}

const notApplied = (name, why) => `error validating channel creation transaction for new channel '${name}', ` +
	`could not succesfully apply update to template configuration: ${why}`;
// ---- channels that come to be -------------------------------------------------------------------

const configUpdateIn = (bytes) => common.ConfigUpdateEnvelope.decode(payloadOf(bytes).data).config_update;
const asJSON = (config) => common.Config.toObject(config, {longs: String, bytes: 'base64'});

// The request that Fabric's own orderer was once sent: the channel begins with the same configuration.
async function recorded() {
	await create('mychannel', configUpdateIn(goldenFile('tx', 'mychannel.tx')));
	assert.equal(await sdk.sequence('mychannel', org1.user), '1');
	const block = await blockAt('mychannel', number(0), org1.user);
	assert.equal(block.header.previous_hash.length, 0);
	const fabrics = common.Block.decode(goldenFile('blocks', 'mychannel.000.block'));
	assert.deepEqual(asJSON(configIn(block)), asJSON(configIn(fabrics)));
	const header = headerOf(payloadOf(block.data.data[0]));
	const {version, channel_id: name, tx_id: txId, epoch, timestamp} = header;
	assert.deepEqual([version, name, txId, `${epoch}`, timestamp.nanos], [0, 'mychannel', '', '0', 0]);
}

// The new channel's first message is what the system channel ordered, byte for byte.
async function wrapped() {
	const block = await blockAt(systemChannel, newest, orderers.admin);
	assert.equal(block.data.data.length, 1);
	const payload = payloadOf(block.data.data[0]);
	assert.equal(headerOf(payload).type, HeaderType.ORDERER_TRANSACTION);
	assert.equal(headerOf(payload).channel_id, systemChannel);
	const genesis = await blockAt('mychannel', number(0), org1.user);
	assert.equal(payload.data.toString('hex'), genesis.data.data[0].toString('hex'));
}

async function ordersTransactions() {
	const message = envelope({header: {channel_id: 'mychannel'}, signer: org2.user});
	assert.deepEqual(await below.broadcast(message), success);
	const block = await blockAt('mychannel', number(1), org2.user);
	assert.equal(headerOf(payloadOf(block.data.data[0])).tx_id, message.txId);
}

async function oneMember() {
	await create('onlyorg2', creation('onlyorg2', {orgs: ['Org2MSP']}), {signers: [org2.admin], reader: org2.user});
	const {config} = await current('onlyorg2', org2.user);
	assert.deepEqual(Object.keys(config.channel_group.groups.Application.groups), ['Org2MSP']);
}

// A request that changes a value of the orderer's, too.
const withOrderer = (name, values) => creation(name, {edit: (write, read) => {
	read.groups.Orderer = {version: 0};
	write.groups.Orderer = {version: 0, values};
}});

async function ownBatchSize() {
	const {config: {channel_group: system}} = await current(systemChannel, orderers.admin);
	const theirs = system.groups.Orderer.values.BatchSize;
	const size = protos.orderer.BatchSize.decode(theirs.value);
	size.max_message_count = 2;
	const value = protos.orderer.BatchSize.encode(size).finish();
	const config = withOrderer('smallbatch', {BatchSize: {...theirs, version: 1, value}});
	await refused('smallbatch', config, [org1.admin], notApplied('smallbatch',
		notAuthorized('[Value]  /Channel/Orderer/BatchSize', unsatisfied(0, 1, 'Admins'))));
	await create('smallbatch', config, {signers: [org1.admin, orderers.admin]});
	const {config: {channel_group: made}} = await current('smallbatch');
	assert.deepEqual(made.groups.Orderer.values.BatchSize.value, value);
}

// ---- refusals -----------------------------------------------------------------------------------

const creationPolicy = notAuthorized('[Group]  /Channel/Application', unsatisfied(0, 1, 'Admins'));

async function twice() {
	const {status, info} = await sdk.create('mychannel', creation('mychannel'), [org1.admin]);
	assert.deepEqual([status, info], ['BAD_REQUEST', "error applying config update to existing channel 'mychannel': " +
		'error authorizing update: error validating ReadSet: proposed update requires that key [Group]  ' +
		'/Channel/Application be at version 0, but it is currently at version 1']);
}

// At once, on streams of their own: at least one is accepted, and there is one channel, in order.
async function race() {
	const requests = Array.from({length: 8}, () => sdk.create('raced', creation('raced'), [org1.admin]));
	const answers = await Promise.all(requests);
	assert.ok(answers.some(({status}) => status === 'SUCCESS'));
	for (const {status} of answers) assert.match(status, /^(SUCCESS|BAD_REQUEST|SERVICE_UNAVAILABLE)$/);
	assert.equal(await sdk.genesis('raced', org1.user), '0');
	const message = envelope({header: {channel_id: 'raced'}});
	assert.deepEqual(await below.broadcast(message), success);
	const block = await blockAt('raced', number(1), org1.user);
	assert.equal(headerOf(payloadOf(block.data.data[0])).tx_id, message.txId);
	await create('afterrace');
}

// The system channel counts too, and is allowed for.
async function maxChannels() {
	const limit = (count) => accepted(systemChannel, ({groups: {Orderer}}) => {
		const value = protos.orderer.ChannelRestrictions.encode({max_count: count}).finish();
		Orderer.values.ChannelRestrictions = {mod_policy: 'Admins', value};
	}, [orderers.admin], {reader: orderers.admin});
	await limit(1);
	await refused('toomany', creation('toomany'), [org1.admin],
		'channel creation would exceed maximimum number of channels: 1');
	await limit(0);
	await create('nottoomany');
}

const cases = [
	['createChannel makes the channel that Fabric made', recorded],
	['the system channel ordered its first message', wrapped],
	['the new channel orders transactions', ordersTransactions],
	['a channel of one member', oneMember],
	["a channel with a batch size of its own needs the orderer's administrators", ownBatchSize],
	["the request's sender may be a stranger",
		() => create('bystranger', creation('bystranger'), {sender: stranger})],
	['a name that is taken is BAD_REQUEST', twice],
	['not signed by an administrator: BAD_REQUEST',
		() => refused('byuser', creation('byuser'), [org1.user], notApplied('byuser', creationPolicy))],
	['signed by a stranger: BAD_REQUEST',
		() => refused('unknown', creation('unknown'), [stranger], notApplied('unknown', creationPolicy))],
	['an unknown consortium is BAD_REQUEST',
		() => refused('nocons', creation('nocons', {consortium: 'Nobody'}), [org1.admin],
			'Unknown consortium name: Nobody')],
	['a member of another consortium is BAD_REQUEST',
		() => refused('member', creation('member', {orgs: ['Org1MSP', 'Org3MSP']}), [org1.admin],
			'Attempted to include a member which is not in the consortium')],
	['no members at all is BAD_REQUEST',
		() => refused('nomember', creation('nomember', {orgs: []}), [org1.admin],
			'Proposed configuration has no application group members, but consortium contains members')],
	["another channel's request is BAD_REQUEST",
		() => refused('thisone', creation('thatone'), [org1.admin],
			"Failing initial channel config creation: mismatched channel IDs: 'thatone' != 'thisone'")],
	['a capability that nobody knows is BAD_REQUEST',
		() => refused('future', withOrderer('future', {Capabilities: {version: 1, ...capabilities('V9_9')}}),
			[org1.admin, orderers.admin], 'config update is not compatible: Orderer ' +
			'capability V9_9 is required but not supported')],
	['more channels than allowed: BAD_REQUEST', maxChannels],
	['eight requests for one name at once make one channel', race],
];

tap(cases);
