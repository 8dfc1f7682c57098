// SPDX-License-Identifier: Apache-2.0

// What the tests of channel administration expect of the SDK's answers and of the chain after them.
'use strict';

const assert = require('node:assert/strict');
const {envelope, newest, seek} = require('./common');
const {below, org1, org2, current, changed, update, creation} = require('./config');
const sdk = require('./sdk');

const success = {status: 'SUCCESS', info: ''};
const admins = [org1.admin, org2.admin];

// ---- texts --------------------------------------------------------------------------------------

const unsatisfied = (count, needs, policy) => `implicit policy evaluation failed - ${count} sub-policies were ` +
	`satisfied, but this policy requires ${needs} of the '${policy}' sub-policies to be satisfied`;
const notAuthorized = (element, why) =>
	`error authorizing update: error validating DeltaSet: policy for ${element} not satisfied: ${why}`;
const notApplied = (name, why) => `error applying config update to existing channel '${name}': ${why}`;
const denied = (policy) => `${unsatisfied(0, 1, policy)}: permission denied`;

// ---- what is accepted ---------------------------------------------------------------------------

async function create(name, config = creation(name), {signers = [org1.admin], sender = signers[0], reader = org1.user} = {}) {
	assert.deepEqual(await sdk.create(name, config, signers, sender), success);
	assert.equal(await sdk.genesis(name, reader), '0');
}

// The group that the configuration has after this edit.
async function accepted(name, edit, signers, {reader = org1.user, sender = signers[0]} = {}) {
	const {config, height} = await current(name, reader);
	assert.deepEqual(await sdk.update(name, update(name, config, edit), signers, sender), success);
	const next = await changed(name, height, reader);
	assert.equal(`${next.sequence}`, `${Number(config.sequence) + 1}`);
	return next.channel_group;
}

async function sends(name, signer, status = 'SUCCESS', info = '') {
	assert.deepEqual(await below.broadcast(envelope({header: {channel_id: name}, signer})), {status, info});
}

async function reads(name, signer, status = 'SUCCESS') {
	assert.equal((await below.deliver(seek(newest, newest, {header: {channel_id: name}, signer}))).status, status);
}

// ---- what is refused ----------------------------------------------------------------------------

// A refusal leaves the channel's configuration as it was.  `info` is its text, or what its text begins with
// where a decoder's own words follow.
async function refusedBytes(name, bytes, signers, {status = 'BAD_REQUEST', info, sender = signers[0], reader = org1.user}) {
	const before = (await current(name, reader)).config;
	const answer = await sdk.update(name, bytes, signers, sender);
	if (info.endsWith(': ')) answer.info = answer.info.slice(0, info.length);
	assert.deepEqual(answer, {status, info});
	assert.deepEqual((await current(name, reader)).config, before);
}

async function refused(name, edit, signers, expected) {
	const {config} = await current(name, expected.reader);
	await refusedBytes(name, update(name, config, edit), signers, expected);
}

module.exports = {
	success, admins, unsatisfied, notAuthorized, notApplied, denied, create, accepted, sends, reads, refused, refusedBytes,
};
