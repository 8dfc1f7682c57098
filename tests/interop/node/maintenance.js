// SPDX-License-Identifier: Apache-2.0

// Maintenance mode, and the changes of consensus that it guards, by one of Fabric's SDKs (--sdk).
'use strict';

const assert = require('node:assert/strict');
const protos = require('fabric-protos');
const {tap} = require('./common');
const {org1, org2, orderers, creation, capabilities} = require('./config');
const {admins, denied, notApplied, create, accepted, sends, reads, refused} = require('./admin');
const sdk = require('./sdk');

const {ConsensusType} = protos.orderer;
const {STATE_NORMAL: normal, STATE_MAINTENANCE: maintenance} = ConsensusType.State;
const systemChannel = 'testchainid';
const ours = {signers: [orderers.admin], reader: orderers.admin};

// Edit the consensus type, and perhaps more.
const consensus = (changes, more = () => {}) => (group) => {
	const value = group.groups.Orderer.values.ConsensusType;
	value.value = ConsensusType.encode({...ConsensusType.decode(value.value), ...changes}).finish();
	more(group);
};

const changesTimeout = ({groups}) => {
	groups.Orderer.values.BatchTimeout.value = protos.orderer.BatchTimeout.encode({timeout: '1s'}).finish();
};
const changesApplication = ({groups}) => { groups.Application.values.Capabilities.value = capabilities('V1_3').value; };
const changesChannel = ({values}) => { values.OrdererAddresses.value = Buffer.from('0a0a7265616c6c793a373035', 'hex'); };
const changesOrg = ({groups}) => { groups.Orderer.groups.OrdererOrg.mod_policy = 'Writers'; };

const becomes = (name, edit) => accepted(name, edit, [orderers.admin], ours);
const inspected = (why) => 'config update for existing channel did not pass maintenance checks: ' +
	`config transaction inspection failed: ${why}`;
const stays = (name, edit, why, signers = [orderers.admin]) =>
	refused(name, edit, signers, {info: inspected(why), reader: orderers.admin});

const entering = (more) => consensus({state: maintenance}, more);

// ---- the way in and the way out -----------------------------------------------------------------

const bothChange = 'but ConsensusType.State is changing from STATE_NORMAL to STATE_MAINTENANCE';
const all = [orderers.admin, ...admins];

const before = [
	['(a channel)', () => create('upkeep')],
	['a type change needs maintenance mode', () => stays('upkeep', consensus({type: 'kafka'}),
		'attempted to change consensus type from solo to kafka, but current config ConsensusType.State is not in maintenance mode')],
	['entering changes no type', () => stays('upkeep', consensus({state: maintenance, type: 'kafka'}),
		`attempted to change ConsensusType.Type from solo to kafka, ${bothChange}`)],
	['entering changes no metadata', () => stays('upkeep', consensus({state: maintenance, metadata: Buffer.from('x')}),
		`attempted to change ConsensusType.Metadata, ${bothChange}`)],
	['entering changes no other value of the orderer', () => stays('upkeep', entering(changesTimeout),
		'config update contain more then just the ConsensusType value in the Orderer group')],
	['entering changes no other group', () => stays('upkeep', entering(changesApplication),
		'config update contains changes to more than one group', all)],
	['entering changes no value of the channel', () => stays('upkeep', entering(changesChannel),
		'config update contains changes to values in group Channel', all)],
	['entering changes no organisation', () => stays('upkeep', entering(changesOrg),
		'config update contains changes to groups within the Orderer group')],
	['a channel enters maintenance mode', () => becomes('upkeep', entering())],
];

const unavailable = {status: 'SERVICE_UNAVAILABLE', info: 'normal transactions are rejected: maintenance mode'};

const during = [
	['transactions are SERVICE_UNAVAILABLE', () => sends('upkeep', org1.user, unavailable.status, unavailable.info)],
	["the orderer's administrators are SERVICE_UNAVAILABLE, too",
		() => sends('upkeep', orderers.admin, unavailable.status, unavailable.info)],
	["peers are FORBIDDEN to read", () => reads('upkeep', org2.user, 'FORBIDDEN')],
	["the orderer's administrators read", () => reads('upkeep', orderers.admin)],
	["others' updates are FORBIDDEN", () => refused('upkeep', changesApplication, admins, {
		status: 'FORBIDDEN', reader: orderers.admin,
		info: `config update for existing channel did not pass initial checks: ${denied('Writers')}`,
	})],
	["others' updates, sent by the orderer's administrator, are accepted",
		() => accepted('upkeep', changesApplication, admins, {reader: orderers.admin, sender: orderers.admin})],
	['the batch time-out can be changed', () => becomes('upkeep', changesTimeout)],
	['a type that nobody knows is BAD_REQUEST', () => stays('upkeep', consensus({type: 'dice'}),
		'attempted to change consensus type from solo to dice, transition not supported: ')],
	['leaving changes no type', () => stays('upkeep', consensus({type: 'kafka', state: normal}),
		'attempted to change ConsensusType.Type from solo to kafka, but ConsensusType.State is changing from ' +
		'STATE_MAINTENANCE to STATE_NORMAL')],
	['etcdraft without fit metadata is BAD_REQUEST',
		() => stays('upkeep', consensus({type: 'etcdraft', metadata: Buffer.from('0aff', 'hex')}),
			'failed to unmarshal etcdraft metadata configuration: ')],
];

const after = [
	['a channel leaves maintenance mode', async () => {
		await becomes('upkeep', consensus({state: normal}));
		await reads('upkeep', org2.user);
		await sends('upkeep', org2.user);
	}],
];

// ---- the system channel and old capabilities -----------------------------------------------------

async function noCreation() {
	await becomes(systemChannel, entering());
	assert.deepEqual(await sdk.create('closed', creation('closed'), [org1.admin]), {
		status: 'SERVICE_UNAVAILABLE', info: 'channel creation is not permitted: maintenance mode',
	});
	await becomes(systemChannel, consensus({state: normal}));
	await create('open');
}

const withOrderer = (name, values) => creation(name, {edit: (write, read) => {
	read.groups.Orderer = {version: 0};
	write.groups.Orderer = {version: 0, values};
}});

// Orderer capability V1_1 knows no maintenance; V1_4_2 brings it to the same channel.
async function oldCapability() {
	await create('old', withOrderer('old', {Capabilities: {version: 1, ...capabilities('V1_1')}}),
		{signers: [org1.admin, orderers.admin]});
	await stays('old', entering(),
		'next config attempted to change ConsensusType.State to STATE_MAINTENANCE, but capability is disabled');
	await stays('old', consensus({type: 'kafka'}),
		'next config attempted to change ConsensusType.Type from solo to kafka, but capability is disabled');
	await becomes('old', ({groups}) => { groups.Orderer.values.Capabilities.value = capabilities('V1_4_2').value; });
	await becomes('old', entering());
	await sends('old', org1.user, unavailable.status, unavailable.info);
}

tap([
	...before, ...during, ...after,
	['no channel is created while the system channel is in maintenance mode', noCreation],
	['an old capability knows no maintenance, and a new one does', oldCapability],
]);
