// SPDX-License-Identifier: Apache-2.0

// The channel participation API as any HTTP client sees it: join, list, remove, and every refusal.
// --blocks is a folder with the genesis blocks of channels alpha and beta; --state says what the orderer
// has besides: nothing, a system channel ("system"), or the API switched off ("disabled").
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const {setTimeout: sleep} = require('node:timers/promises');
const protos = require('fabric-protos');
const {options, envelope, number, tap} = require('./common');
const {Connection, transactionIds} = require('./stream');
const {blockAt, configIn, org1} = require('./config');

const below = new Connection();
const root = '/participation/v1/channels';
const blockOf = (name) => fs.readFileSync(path.join(options.blocks, `${name}.block`));
const golden = (...names) => fs.readFileSync(path.join(options.golden, 'blocks', ...names));

// ---- asking -------------------------------------------------------------------------------------

async function ask(method, target, init = {}) {
	const answer = await fetch(`http://${options.participation}${target}`, {method, redirect: 'manual', ...init});
	const text = await answer.text();
	const type = answer.headers.get('content-type');
	return {status: answer.status, headers: answer.headers, body: type === 'application/json' ? JSON.parse(text) : text};
}

// Parts are [name, bytes, file name]; a part without a file name is a field.
function form(...parts) {
	const data = new FormData();
	for (const [name, bytes, file] of parts) {
		if (file) data.append(name, new Blob([bytes]), file);
		else data.append(name, bytes);
	}
	return {body: data};
}

const post = (init) => ask('POST', root, init);
const join = (bytes) => post(form(['config-block', bytes, 'config.block']));
const info = (name, height) => ({
	name, url: `${root}/${name}`, consensusRelation: options.relation, status: 'active', height,
});

async function refused(answer, status, error, allow = null) {
	const {status: got, body, headers} = await answer;
	assert.deepEqual([got, body], [status, {error}]);
	assert.equal(headers.get('allow'), allow);
}

async function refusedLike(answer, status, error) {
	const {status: got, body} = await answer;
	assert.equal(got, status);
	assert.match(body.error, error);
}

async function lists(expected, system = null) {
	const {status, body, headers} = await ask('GET', root);
	assert.deepEqual([status, headers.get('cache-control')], [200, 'no-store']);
	const entry = (name) => ({name, url: `${root}/${name}`});
	body.channels?.sort((a, b) => a.name.localeCompare(b.name));
	assert.deepEqual(body, {
		systemChannel: system && entry(system), channels: expected.length ? expected.map(entry) : null,
	});
}

// ---- a channel's life ---------------------------------------------------------------------------

async function joins(name) {
	const {status, body, headers} = await join(blockOf(name));
	assert.deepEqual([status, body], [201, info(name, 1)]);
	assert.equal(headers.get('location'), `${root}/${name}`);
}

async function listsOne(name, height) {
	const {status, body, headers} = await ask('GET', `${root}/${name}`);
	assert.deepEqual([status, body, headers.get('cache-control')], [200, info(name, height), 'no-store']);
}

async function orders(name) {
	const message = envelope({header: {channel_id: name}});
	assert.deepEqual(await below.broadcast(message), {status: 'SUCCESS', info: ''});
	const block = await blockAt(name, number(1), org1.user);
	assert.deepEqual(transactionIds(block), [message.txId]);
	const genesis = await blockAt(name, number(0), org1.user);
	assert.deepEqual(configIn(genesis), configIn(protos.common.Block.decode(blockOf(name))));
	await listsOne(name, 2);
}

// A channel may take its time to go, and is inactive then.
async function gone(name) {
	for (let tries = 0; ; tries++) {
		const {status, body} = await ask('GET', `${root}/${name}`);
		if (status === 404) return assert.deepEqual(body, {error: 'channel does not exist'});
		assert.deepEqual([status, body.status], [200, 'inactive']);
		assert.ok(tries < 400, 'still there');
		await sleep(25);
	}
}

async function removes(name) {
	assert.equal((await ask('DELETE', `${root}/${name}`)).status, 204);
	await gone(name);
	assert.deepEqual(await below.broadcast(envelope({header: {channel_id: name}})), {
		status: 'BAD_REQUEST',
		info: 'channel creation request not allowed because the orderer system channel is not defined',
	});
}

async function redirects() {
	const {status, headers} = await ask('GET', '/participation/v1/');
	assert.deepEqual([status, headers.get('location')], [302, root]);
}

const life = [
	['the API leads to its list', redirects],
	['no channel is listed', () => lists([])],
	['a channel that is not there is 404', () => refused(ask('GET', `${root}/alpha`), 404, 'channel does not exist')],
	['a channel is joined by its genesis block', () => joins('alpha')],
	['the channel is listed', () => lists(['alpha'])],
	['the channel tells of itself', () => listsOne('alpha', 1)],
	['the channel orders transactions', () => orders('alpha')],
	['a second channel is joined', () => joins('beta')],
	['both are listed', () => lists(['alpha', 'beta'])],
];

const ending = [
	['a channel is removed', () => removes('alpha')],
	['the other is still listed', () => lists(['beta'])],
	['a channel that is not there cannot be removed',
		() => refused(ask('DELETE', `${root}/alpha`), 404, 'cannot remove: channel does not exist')],
	['a channel that was removed is joined again', () => joins('alpha')],
	['it orders transactions again', () => orders('alpha')],
];

// ---- refusals -----------------------------------------------------------------------------------

const plain = (type, body = 'x') => post({headers: {'Content-Type': type}, body});

const refusals = [
	['a channel that is there cannot be joined',
		() => refused(join(blockOf('alpha')), 405, 'cannot join: channel already exists', 'GET, DELETE')],
	['a name that is none is 400',
		() => refused(ask('GET', `${root}/Capital`), 400, "invalid channel ID: 'Capital' contains illegal characters")],
	['a body that is no form is 400',
		() => refused(plain('application/json', '{}'), 400, 'unsupported Content-Type: [application/json]')],
	['a content type that is none is 400',
		() => refusedLike(plain('multipart/form-data; boundary'), 400, /^cannot parse Mime media type: /)],
	['a form without a boundary is 400',
		() => refusedLike(plain('multipart/form-data'), 400, /^cannot read form from request body: /)],
	['a form without the block is 400',
		() => refused(post(form(['another', 'x', 'x.block'])), 400, 'form does not contains part key: config-block')],
	['a form with the block as a field is 400',
		() => refused(post(form(['config-block', 'x'])), 400, 'form does not contains part key: config-block')],
	['a form with two blocks is 400', () => refused(post(form(['config-block', blockOf('beta'), 'a.block'],
		['config-block', blockOf('beta'), 'b.block'])), 400, 'form contains too many parts')],
	['a form with something else besides is 400', () => refused(post(form(['config-block', blockOf('beta'), 'a.block'],
		['more', 'x', 'b.block'])), 400, 'form contains too many parts')],
	['bytes that are no block are 400', () => refusedLike(join(Buffer.from('0aff', 'hex')), 400,
		/^cannot unmarshal file part config-block into a block: /)],
	['no bytes at all are 400', () => refusedLike(join(Buffer.alloc(0)), 400, /block header is missing|^invalid join block/)],
	['a block of transactions is 400', () => refused(join(golden('mychannel.004.block')), 400,
		'invalid join block: block is not a config block')],
	['a request larger than allowed is 400', () => refused(join(Buffer.alloc(2 << 20)), 400,
		'cannot read form from request body: http: request body too large')],
	['a system channel is 403', () => refused(join(golden('genesis.etcdraft.block')), 403,
		'cannot join: application channels already exist')],
	['another method on the list is 405', () => refused(ask('PUT', root), 405, 'invalid request method: PUT', 'GET, POST')],
	['another method on a channel is 405',
		() => refused(ask('POST', `${root}/alpha`), 405, 'invalid request method: POST', 'GET, DELETE')],
	['who cannot read JSON is 406', () => refused(ask('GET', root, {headers: {Accept: 'text/html'}}), 406,
		'response Content-Type is application/json only')],
	['a path that is nothing is 404', async () => assert.equal((await ask('GET', '/participation/v2/channels')).status, 404)],
];

const besideSystem = [
	['the system channel is listed', () => lists([], 'testchainid')],
	['nothing can be joined', () => refused(join(blockOf('alpha')), 405, 'cannot join: system channel exists', 'GET')],
	['nothing can be removed',
		() => refused(ask('DELETE', `${root}/alpha`), 405, 'cannot remove: system channel exists', 'GET')],
];

const disabled = 'channel participation API is disabled';
const switchedOff = [
	['a list is 503', () => refused(ask('GET', root), 503, disabled)],
	['a join is 503', () => refused(join(blockOf('alpha')), 503, disabled)],
	['a removal is 503', () => refused(ask('DELETE', `${root}/alpha`), 503, disabled)],
];

tap({nothing: [...life, ...refusals, ...ending], system: besideSystem, disabled: switchedOff}[options.state]);
