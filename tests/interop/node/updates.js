// SPDX-License-Identifier: Apache-2.0

// Channels reconfigured by one of Fabric's SDKs (--sdk), each case on a channel of its own: what becomes
// of good updates, and each refusal's text.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const protos = require('fabric-protos');
const {options, stranger, envelope, number, tap} = require('./common');
const {
	below, org1, org2, orderers, newOrg1, org3, payloadOf, blockAt, current, changed, update, capabilities, editMSP,
	anyCA, groupLike,
} = require('./config');
const {
	success, admins, unsatisfied, notAuthorized, notApplied, denied, create, accepted, sends, reads, refused, refusedBytes,
} = require('./admin');
const sdk = require('./sdk');

const {common} = protos;

async function sendsAndReads(name, signer) {
	await sends(name, signer);
	await reads(name, signer);
}

async function locked(name, signer) {
	await sends(name, signer, 'FORBIDDEN', denied('Writers'));
	await reads(name, signer, 'FORBIDDEN');
}

const notAllowed = (name, element, count, needs) =>
	notApplied(name, notAuthorized(element, unsatisfied(count, needs, 'Admins')));

// ---- edits --------------------------------------------------------------------------------------

const applications = (group) => group.groups.Application.groups;
const orderer = (group) => group.groups.Orderer.values;

function setBatchSize(group, changes) {
	const {BatchSize} = protos.orderer;
	const value = orderer(group).BatchSize;
	value.value = BatchSize.encode({...BatchSize.decode(value.value), ...changes}).finish();
}

const batchOf = (count) => (group) => setBatchSize(group, {max_message_count: count});

function addAnchor(group, org, host, port) {
	const value = protos.protos.AnchorPeers.encode({anchor_peers: [{host, port}]}).finish();
	applications(group)[org].values.AnchorPeers = {value, mod_policy: 'Admins'};
}

const rename = (org, mspid) => (group) => editMSP(org(group), (fabric) => { fabric.name = mspid; });

// ---- updates that are accepted ------------------------------------------------------------------

// As configtxgen wrote it, for the channel that it is for.
async function anchorPeers() {
	await create('mychannel');
	const golden = (org) => {
		const bytes = fs.readFileSync(path.join(options.golden, 'tx', `mychannel.${org}anchors.tx`));
		return common.ConfigUpdateEnvelope.decode(payloadOf(bytes).data).config_update;
	};
	await refusedBytes('mychannel', golden('Org1MSP'), [org2.admin], {info: notApplied('mychannel', 'error authorizing ' +
		'update: error validating DeltaSet: policy for [Group]  /Channel/Application/Org1MSP not satisfied: ' +
		'signature set did not satisfy policy')});
	const {height} = await current('mychannel');
	assert.deepEqual(await sdk.update('mychannel', golden('Org1MSP'), [org1.admin]), success);
	const {channel_group: group, sequence} = await changed('mychannel', height);
	assert.equal(`${sequence}`, '2');
	assert.equal(await sdk.sequence('mychannel', org1.user), '2');
	const {anchor_peers: anchors} = protos.protos.AnchorPeers.decode(applications(group).Org1MSP.values.AnchorPeers.value);
	assert.deepEqual(anchors.map(({host, port}) => `${host}:${port}`), ['peer0.org1.example.com:7051']);
	await refusedBytes('mychannel', golden('Org1MSP'), [org1.admin], {info: notApplied('mychannel', 'error authorizing ' +
		'update: error validating ReadSet: proposed update requires that key [Group]  /Channel/Application/Org1MSP ' +
		'be at version 0, but it is currently at version 1')});
	assert.deepEqual(await sdk.update('mychannel', golden('Org2MSP'), [org2.admin]), success);
	await changed('mychannel', height + 1);
}

// The next message is cut by the new size.
async function batchSize() {
	await create('batch');
	await accepted('batch', batchOf(1), [orderers.admin]);
	const {height} = await current('batch');
	for (let i = 0; i < 3; i++) await sends('batch', org1.user);
	for (let i = 0; i < 3; i++) {
		const block = await blockAt('batch', number(height + i), org1.user);
		assert.equal(block.data.data.length, 1);
	}
	await accepted('batch', batchOf(5), [orderers.admin]);
	for (let i = 0; i < 5; i++) await sends('batch', org1.user);
	const block = await blockAt('batch', number(height + 4), org1.user);
	assert.equal(block.data.data.length, 5);
}

async function organisations() {
	await create('orgs');
	await locked('orgs', org3.user);
	const add = (group) => { applications(group).Org3MSP = groupLike(applications(group).Org2MSP, org3); };
	await refused('orgs', add, [org1.admin], {info: notAllowed('orgs', '[Group]  /Channel/Application', 1, 2)});
	const added = await accepted('orgs', add, admins);
	assert.equal(`${applications(added).Org3MSP.version}`, '0');
	await sendsAndReads('orgs', org3.user);
	await accepted('orgs', (group) => addAnchor(group, 'Org3MSP', 'peer0.org3.example.com', 7051), [org3.admin]);
	await accepted('orgs', (group) => { delete applications(group).Org3MSP; }, [org3.admin, org1.admin]);
	await locked('orgs', org3.user);
	await sendsAndReads('orgs', org2.user);
}

async function rotateCA() {
	await create('rotate');
	await locked('rotate', newOrg1.user);
	const roots = (...of) => (group) => editMSP(applications(group).Org1MSP, (fabric) => {
		anyCA(fabric);
		Object.assign(fabric, {root_certs: of.flatMap((org) => org.roots), tls_root_certs: of.flatMap((org) => org.tlsRoots)});
	});
	await accepted('rotate', roots(org1, newOrg1), [org1.admin]);
	await sendsAndReads('rotate', org1.user);
	await sendsAndReads('rotate', newOrg1.user);
	await accepted('rotate', roots(newOrg1), [newOrg1.admin], {reader: newOrg1.user});
	await sendsAndReads('rotate', newOrg1.user);
	await locked('rotate', org1.user);
}

async function newCapability() {
	await create('capable');
	const group = await accepted('capable', ({groups}) => {
		groups.Application.values.Capabilities.value = capabilities('V1_4_2', 'V2_0').value;
	}, admins);
	const {value} = group.groups.Application.values.Capabilities;
	assert.deepEqual(Object.keys(common.Capabilities.decode(value).capabilities).sort(), ['V1_4_2', 'V2_0']);
}

// ---- refusals -----------------------------------------------------------------------------------

const refusal = (edit, signers, why) => refused('refusals', edit, signers, {info: notApplied('refusals', why)});
const notOrderer = (why) => 'initializing channelconfig failed: could not create channel Orderer sub-group config: ' + why;
const unsupported = (level, lower) => `config update is not compatible: config requires unsupported ${lower} capabilities: ` +
	`${level} capability V9_9 is required but not supported: ${level} capability V9_9 is required but not supported`;

const setTimeout = (timeout) => (group) => {
	orderer(group).BatchTimeout.value = protos.orderer.BatchTimeout.encode({timeout}).finish();
};

// An update made for the configuration before this one.
async function stale() {
	const {config, height} = await current('refusals');
	const late = update('refusals', config, batchOf(7));
	await accepted('refusals', batchOf(6), [orderers.admin]);
	await refusedBytes('refusals', late, [orderers.admin], {info: notApplied('refusals', 'error authorizing update: ' +
		'error validating DeltaSet: attempt to set key [Value]  /Channel/Orderer/BatchSize to version 1, but key is ' +
		'at version 1')});
	assert.equal((await current('refusals')).height, height + 1);
}

// Once the orderer may not write, nothing can be ordered that it has to sign.
async function muted() {
	await create('muted');
	const {ANY} = common.ImplicitMetaPolicy.Rule;
	await accepted('muted', ({policies}) => {
		policies.Writers.policy.value = common.ImplicitMetaPolicy.encode({sub_policy: 'Admins', rule: ANY}).finish();
	}, [orderers.admin, ...admins]);
	await refused('muted', batchOf(3), [orderers.admin], {status: 'FORBIDDEN',
		info: `config update for existing channel did not pass final checks: ${denied('Admins')}`});
}

const all = [orderers.admin, ...admins];
const setPolicy = (group) => { group.groups.Application.mod_policy = 'Writers'; };
const notBoth = notAuthorized('[Group]  /Channel/Application', unsatisfied(1, 2, 'Admins'));

const unauthorized = [
	['signed by one of two organisations: BAD_REQUEST', () => refusal(setPolicy, [org1.admin], notBoth)],
	['signed by one administrator twice: BAD_REQUEST', () => refusal(setPolicy, [org1.admin, org1.admin], notBoth)],
	['signed by the wrong organisations: BAD_REQUEST',
		() => refusal(batchOf(3), admins, notAuthorized('[Value]  /Channel/Orderer/BatchSize', unsatisfied(0, 1, 'Admins')))],
	['sent by a stranger: FORBIDDEN',
		() => refused('refusals', batchOf(3), [orderers.admin], {
			status: 'FORBIDDEN', sender: stranger,
			info: `config update for existing channel did not pass initial checks: ${denied('Writers')}`,
		})],
	['an orderer that may not write refuses as FORBIDDEN', muted],
];

const unfit = [
	['an update of the past is BAD_REQUEST', stale],
	["another channel's update is BAD_REQUEST", async () => {
		const {config} = await current('refusals');
		await refusedBytes('refusals', update('another', config, batchOf(3)), [orderers.admin], {info: notApplied('refusals',
			"error authorizing update: ConfigUpdate for channel 'another' but envelope for channel 'refusals'")});
	}],
	['an update of nothing is BAD_REQUEST',
		() => refusedBytes('refusals', common.ConfigUpdate.encode({channel_id: 'refusals', read_set: {}, write_set: {}}).finish(),
			[orderers.admin], {info: notApplied('refusals',
				'error authorizing update: error validating DeltaSet: delta set was empty -- update would have no effect')})],
	['a key with an underscore is BAD_REQUEST',
		() => refusal((group) => { orderer(group).Batch_Size = {mod_policy: 'Admins'}; }, all,
			'error authorizing update: error mapping WriteSet: Illegal characters in key: ')],
	['an element without mod_policy is BAD_REQUEST',
		() => refusal((group) => { orderer(group).BatchSize.mod_policy = ''; }, all, 'error authorizing update: error ' +
			'validating DeltaSet: invalid mod_policy for element [Value]  /Channel/Orderer/BatchSize: mod_policy not set')],
];

const invalid = [
	['an unknown channel capability is BAD_REQUEST',
		() => refusal((group) => { group.values.Capabilities.value = capabilities('V1_4_3', 'V9_9').value; }, all,
			unsupported('Channel', 'channel'))],
	['an unknown orderer capability is BAD_REQUEST',
		() => refusal((group) => { orderer(group).Capabilities.value = capabilities('V9_9').value; }, all,
			unsupported('Orderer', 'orderer'))],
	['a batch of no messages is BAD_REQUEST',
		() => refusal(batchOf(0), all,
			notOrderer('Attempted to set the batch size max message count to an invalid value: 0'))],
	['a preferred size above the absolute is BAD_REQUEST',
		() => refusal((group) => setBatchSize(group, {absolute_max_bytes: 1000, preferred_max_bytes: 1001}), all,
			notOrderer('Attempted to set the batch size preferred max bytes (1001) greater than the absolute max bytes (1000).'))],
	['a batch time-out in the past is BAD_REQUEST',
		() => refusal(setTimeout('-2s'), all,
			notOrderer('Attempted to set the batch timeout to a non-positive value: -2s'))],
	['an unknown value is BAD_REQUEST',
		() => refusal((group) => { orderer(group).Colour = {mod_policy: 'Admins', value: Buffer.from('blue')}; }, all,
			notOrderer('failed to deserialize values: Unexpected key Colour'))],
	['an application organisation keeps its MSP id',
		() => refusal(rename((group) => applications(group).Org1MSP, 'Other'), all,
			'application org Org1MSP attempted to change MSP ID from Org1MSP to Other')],
	['an orderer organisation keeps its MSP id',
		() => refusal(rename((group) => group.groups.Orderer.groups.OrdererOrg, 'Other'), all,
			'orderer org OrdererOrg attempted to change MSP ID from OrdererMSP to Other')],
	['the applications cannot go',
		() => refusal((group) => { delete group.groups.Application; }, all,
			'current config has application section, but new config does not')],
	['consortiums cannot come',
		() => refusal((group) => {
			group.groups.Consortiums = {mod_policy: 'Admins', groups: {}, values: {}, policies: {}};
		}, all, 'current config has no consortiums section, but new config does')],
];

const cases = [
	['anchor peers, as configtxgen wrote them, once', anchorPeers],
	['a new batch size takes effect', batchSize],
	['an organisation comes and goes', organisations],
	["an organisation changes its CA", rotateCA],
	['a new capability', newCapability],
	['(a channel for the refusals)', () => create('refusals')],
	...unauthorized, ...unfit, ...invalid,
];

tap(cases);
