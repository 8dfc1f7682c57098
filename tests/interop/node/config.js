// SPDX-License-Identifier: Apache-2.0

// Channel configurations as administrators handle them: read one, compute the update to another, sign it.
'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const protos = require('fabric-protos');
const {identity, envelope, seek, newest, number, HeaderType, options} = require('./common');
const {Connection} = require('./stream');

const {common, msp} = protos;
const below = new Connection();

// ---- organisations ------------------------------------------------------------------------------

// An organisation of a crypto-config folder: who signs for it, and its MSP's certificates.
function organisation(folder, mspid, kind, domain, user = 'User1') {
	const home = path.join(folder, `${kind}Organizations`, domain);
	const member = (name) => identity(path.join(home, 'users', `${name}@${domain}`, 'msp'), mspid);
	const pems = (name) => fs.readdirSync(path.join(home, 'msp', name)).map((file) =>
		fs.readFileSync(path.join(home, 'msp', name, file)));
	return {mspid, admin: member('Admin'), user: member(user), roots: pems('cacerts'), tlsRoots: pems('tlscacerts')};
}

const crypto1 = path.join(options.golden, 'crypto-config');
const org1 = organisation(crypto1, 'Org1MSP', 'peer', 'org1.example.com');
const org2 = organisation(crypto1, 'Org2MSP', 'peer', 'org2.example.com');
const orderers = organisation(crypto1, 'OrdererMSP', 'orderer', 'example.com', 'Admin');
// Under CAs of their own: what Org1 becomes when it changes its CA, and somebody new.
const newOrg1 = organisation(options.others, 'Org1MSP', 'peer', 'org1.example.com');
const org3 = organisation(options.others, 'Org3MSP', 'peer', 'org2.example.com');

// ---- reading ------------------------------------------------------------------------------------

const payloadOf = (bytes) => common.Payload.decode(common.Envelope.decode(bytes).payload);
const headerOf = (payload) => common.ChannelHeader.decode(payload.header.channel_header);

// The block's place for the last configuration: in the metadata that is signed, and in its own.
function lastConfig(block) {
	const signed = common.Metadata.decode(block.metadata.metadata[0]).value;
	const own = common.Metadata.decode(block.metadata.metadata[1]).value;
	const index = common.LastConfig.decode(own).index.toString();
	if (block.header.number.toString() !== '0') {
		const {last_config: last} = common.OrdererBlockMetadata.decode(signed);
		assert.equal(last.index.toString(), index, 'the last configuration, in both places');
	}
	return index;
}

async function blockAt(name, position, signer) {
	const {status, blocks} = await below.deliver(seek(position, position, {header: {channel_id: name}, signer}));
	assert.equal(status, 'SUCCESS', `a block of ${name}`);
	return blocks[0];
}

function configIn(block) {
	assert.equal(block.data.data.length, 1, 'a configuration is alone in its block');
	const payload = payloadOf(block.data.data[0]);
	assert.equal(headerOf(payload).type, HeaderType.CONFIG);
	return common.ConfigEnvelope.decode(payload.data).config;
}

// The channel's configuration now, and how many blocks there are.
async function current(name, signer = org1.user) {
	const block = await blockAt(name, newest, signer);
	const config = configIn(await blockAt(name, number(lastConfig(block)), signer));
	return {config, height: Number(block.header.number) + 1};
}

// The first new configuration behind `height` blocks, waited for.
async function changed(name, height, signer = org1.user) {
	for (let at = height; ; at++) {
		const block = await blockAt(name, number(at), signer);
		if (lastConfig(block) === `${at}`) return configIn(block);
	}
}

const clone = (config) => common.Config.decode(common.Config.encode(config).finish());

// ---- computing an update ------------------------------------------------------------------------

const version = (element) => Number(element.version);
const content = {
	values: ({value, mod_policy}) => common.ConfigValue.encode({value, mod_policy}).finish(),
	policies: ({policy, mod_policy}) => common.ConfigPolicy.encode({policy, mod_policy}).finish(),
};
const kinds = ['groups', 'values', 'policies'];

// One member of a group in both configurations; true when the group's version has to grow.
function computeMember(kind, key, was, is, {read, write, same}) {
	if (!was || !is) {
		if (is) write[kind][key] = is;
		return true;
	}
	if (kind === 'groups') {
		const inner = computeGroup(was, is);
		if (inner) [read.groups[key], write.groups[key]] = [inner.read, inner.write];
		else same.groups[key] = {version: version(was)};
	} else if (content[kind](was).equals(content[kind](is))) {
		same[kind][key] = {version: version(was)};
	} else {
		write[kind][key] = {...is, version: version(was) + 1};
	}
	return false;
}

// The smallest read and write set from one group to another; null where there is no difference.
function computeGroup(from, to) {
	const empty = () => ({version: version(from), groups: {}, values: {}, policies: {}});
	const sets = {read: empty(), write: empty(), same: empty()};
	const {read, write, same} = sets;
	let grows = from.mod_policy !== to.mod_policy;
	for (const kind of kinds) {
		for (const key of new Set([...Object.keys(from[kind]), ...Object.keys(to[kind])])) {
			grows = computeMember(kind, key, from[kind][key], to[kind][key], sets) || grows;
		}
	}
	if (grows) {
		for (const kind of kinds) {
			Object.assign(read[kind], same[kind]);
			Object.assign(write[kind], same[kind]);
		}
		write.version++;
		write.mod_policy = to.mod_policy;
	}
	return grows || kinds.some((kind) => Object.keys(write[kind]).length) ? {read, write} : null;
}

const encodeUpdate = (update) => common.ConfigUpdate.encode(update).finish();

// The update that changes `config` as `edit` does, in bytes.
function update(name, config, edit) {
	const wanted = clone(config);
	edit(wanted.channel_group);
	const {read, write} = computeGroup(config.channel_group, wanted.channel_group);
	return encodeUpdate({channel_id: name, read_set: read, write_set: write});
}

// ---- creating -----------------------------------------------------------------------------------

const metaPolicy = (rule, name) => ({
	mod_policy: 'Admins',
	policy: {type: 3, value: common.ImplicitMetaPolicy.encode({rule, sub_policy: name}).finish()},
});
const capabilities = (...names) => ({
	mod_policy: 'Admins',
	value: common.Capabilities.encode({capabilities: Object.fromEntries(names.map((n) => [n, {}]))}).finish(),
});

// The request that creates a channel, as configtxgen writes it; `edit` changes its write set.
function creation(name, {consortium = 'SampleConsortium', orgs = ['Org1MSP', 'Org2MSP'], edit = () => {}} = {}) {
	const value = common.Consortium.encode({name: consortium}).finish();
	const groups = Object.fromEntries(orgs.map((org) => [org, {version: 0}]));
	const {ANY, MAJORITY} = common.ImplicitMetaPolicy.Rule;
	const write = {
		version: 0, policies: {}, values: {Consortium: {version: 0, value}},
		groups: {Application: {
			version: 1, groups, mod_policy: 'Admins', values: {Capabilities: capabilities('V1_4_2')},
			policies: {
				Readers: metaPolicy(ANY, 'Readers'), Writers: metaPolicy(ANY, 'Writers'),
				Admins: metaPolicy(MAJORITY, 'Admins'),
			},
		}},
	};
	const read = {version: 0, values: {Consortium: {version: 0}}, groups: {Application: {version: 0, groups}}};
	edit(write, read);
	return encodeUpdate({channel_id: name, read_set: read, write_set: write});
}

// ---- MSPs ---------------------------------------------------------------------------------------

// Change an organisation's MSP in its group.
function editMSP(group, edit) {
	const config = msp.MSPConfig.decode(group.values.MSP.value);
	const fabric = msp.FabricMSPConfig.decode(config.config);
	edit(fabric);
	config.config = msp.FabricMSPConfig.encode(fabric).finish();
	group.values.MSP.value = msp.MSPConfig.encode(config).finish();
}

// Roles by organisational unit, whichever of the MSP's CAs certified it.
function anyCA(fabric) {
	const {fabric_node_ous: ous} = fabric;
	for (const role of ['client', 'peer', 'admin', 'orderer']) {
		const {organizational_unit_identifier} = ous[`${role}_ou_identifier`];
		ous[`${role}_ou_identifier`] = {organizational_unit_identifier};
	}
}

// The group of a new organisation, made after one that is there.
function groupLike(model, org) {
	const group = common.ConfigGroup.decode(common.ConfigGroup.encode(model).finish());
	editMSP(group, (fabric) => {
		Object.assign(fabric, {name: org.mspid, root_certs: org.roots, tls_root_certs: org.tlsRoots});
		anyCA(fabric);
	});
	for (const {policy} of Object.values(group.policies)) {
		const rule = common.SignaturePolicyEnvelope.decode(policy.value);
		for (const principal of rule.identities) {
			const {role} = common.MSPRole.decode(principal.principal);
			principal.principal = common.MSPRole.encode({role, msp_identifier: org.mspid}).finish();
		}
		policy.value = common.SignaturePolicyEnvelope.encode(rule).finish();
	}
	for (const element of [...Object.values(group.values), ...Object.values(group.policies), group]) element.version = 0;
	return group;
}

// ---- signing ------------------------------------------------------------------------------------

function configSignature(signer, bytes) {
	const header = common.SignatureHeader.encode({creator: signer.creator, nonce: crypto.randomBytes(24)}).finish();
	return {signature_header: header, signature: signer.sign(Buffer.concat([header, bytes]))};
}

// A request: the update in bytes, signed by administrators, in an envelope of the sender's.
function updateEnvelope(name, bytes, signers, sender) {
	const signatures = signers.map((signer) => configSignature(signer, bytes));
	return envelope({
		header: {type: HeaderType.CONFIG_UPDATE, channel_id: name}, signer: sender,
		data: common.ConfigUpdateEnvelope.encode({config_update: bytes, signatures}).finish(),
	});
}

module.exports = {
	below, org1, org2, orderers, newOrg1, org3, payloadOf, headerOf, lastConfig, blockAt, configIn, current, changed,
	update, creation, capabilities, editMSP, anyCA, groupLike, updateEnvelope,
};
