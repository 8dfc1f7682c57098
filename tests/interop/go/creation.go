// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/hyperledger/fabric-protos-go/common"
)

// Requests to the system channel, most of which no SDK would make, and what each is told.
type creationCase struct {
	name     string
	channel  string                               // in the header; "spoiled" where it is empty
	update   func(u *common.ConfigUpdate)         // spoils what is signed
	envelope func(e *common.ConfigUpdateEnvelope) // spoils it afterwards
	data     []byte                               // instead of all that
	info     string                               // the beginning of what the refusal says
}

const (
	template     = "error validating channel creation transaction for new channel 'spoiled', could not succesfully apply update to template configuration: error authorizing update: "
	readSet      = template + "error validating ReadSet: "
	deltaSet     = template + "error validating DeltaSet: "
	notSatisfied = deltaSet + "policy for [Group]  /Channel/Application not satisfied: implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Admins' sub-policies to be satisfied"
	existing     = "error applying config update to existing channel 'made': "
	badChannelID = "initializing configtx manager failed: bad channel ID: "
	application  = "Application"
	notAMessage  = "\x0a\xff"
)

var creationCases = []creationCase{
	{name: "data that is no ConfigUpdateEnvelope", data: []byte(notAMessage),
		info: "Failing initial channel config creation because of config update envelope unmarshaling error: "},
	{name: "no data at all", data: []byte{},
		info: "Failing initial channel config creation: mismatched channel IDs: '' != 'spoiled'"},
	{name: "bytes that are no ConfigUpdate",
		envelope: func(e *common.ConfigUpdateEnvelope) { e.ConfigUpdate = []byte(notAMessage) },
		info:     "Failing initial channel config creation because of config update unmarshaling error: "},
	{name: "a request for another channel",
		update: func(u *common.ConfigUpdate) { u.ChannelId = "another" },
		info:   "Failing initial channel config creation: mismatched channel IDs: 'another' != 'spoiled'"},
	{name: "no write set",
		update: func(u *common.ConfigUpdate) { u.WriteSet = nil },
		info:   "Config update has an empty writeset"},
	{name: "an empty write set",
		update: func(u *common.ConfigUpdate) { u.WriteSet = &common.ConfigGroup{} },
		info:   "Config update has missing application group"},
	{name: "no applications",
		update: func(u *common.ConfigUpdate) { delete(u.WriteSet.Groups, application) },
		info:   "Config update has missing application group"},
	{name: "applications of version 0",
		update: func(u *common.ConfigUpdate) { u.WriteSet.Groups[application].Version = 0 },
		info:   "Config update for channel creation does not set application group version to 1, was 0"},
	{name: "applications of version 2",
		update: func(u *common.ConfigUpdate) { u.WriteSet.Groups[application].Version = 2 },
		info:   "Config update for channel creation does not set application group version to 1, was 2"},
	{name: "no consortium",
		update: func(u *common.ConfigUpdate) { delete(u.WriteSet.Values, "Consortium") },
		info:   "Consortium config value missing"},
	{name: "a consortium that is no message",
		update: func(u *common.ConfigUpdate) { u.WriteSet.Values["Consortium"].Value = []byte(notAMessage) },
		info:   "Error reading unmarshaling consortium name: "},
	{name: "a consortium without a name",
		update: func(u *common.ConfigUpdate) { u.WriteSet.Values["Consortium"].Value = nil },
		info:   "Unknown consortium name: "},
	{name: "a read set of something that is not there",
		update: func(u *common.ConfigUpdate) { u.ReadSet.Groups["Nothing"] = &common.ConfigGroup{} },
		info:   readSet + "existing config does not contain element for [Group]  /Channel/Nothing but was in the read set"},
	{name: "a read set of the future",
		update: func(u *common.ConfigUpdate) { u.ReadSet.Version = 7 },
		info:   readSet + "proposed update requires that key [Group]  /Channel be at version 7, but it is currently at version 0"},
	{name: "a new element of version 1",
		update: func(u *common.ConfigUpdate) { u.WriteSet.Groups[application].Values["Capabilities"].Version = 1 },
		info: deltaSet + "attempted to set key [Value]  /Channel/Application/Capabilities to version 1, " +
			"but key does not exist"},
	{name: "an element without mod_policy",
		update: func(u *common.ConfigUpdate) { u.WriteSet.Groups[application].Values["Capabilities"].ModPolicy = "" },
		info: deltaSet + "invalid mod_policy for element [Value]  /Channel/Application/Capabilities: " +
			"mod_policy not set"},
	{name: "a mod_policy that is no path",
		update: func(u *common.ConfigUpdate) { u.WriteSet.Groups[application].Values["Capabilities"].ModPolicy = "a b" },
		info:   deltaSet + "invalid mod_policy for element [Value]  /Channel/Application/Capabilities: "},
	{name: "no signature",
		envelope: func(e *common.ConfigUpdateEnvelope) { e.Signatures = nil }, info: notSatisfied},
	{name: "a signature that is none",
		envelope: func(e *common.ConfigUpdateEnvelope) { e.Signatures[0].Signature = []byte("0") }, info: notSatisfied},
	{name: "a signature over other bytes",
		envelope: func(e *common.ConfigUpdateEnvelope) {
			e.ConfigUpdate = append(e.ConfigUpdate, marshal(&common.ConfigUpdate{ChannelId: "spoiled"})...)
		}, info: notSatisfied},
	{name: "a signature without a header",
		envelope: func(e *common.ConfigUpdateEnvelope) { e.Signatures[0].SignatureHeader = nil }, info: notSatisfied},
	{name: "a signature header that is no message",
		envelope: func(e *common.ConfigUpdateEnvelope) { e.Signatures[0].SignatureHeader = []byte(notAMessage) },
		info:     template},
	{name: "a name in capitals", channel: "Capitals", info: badChannelID + "channel ID 'Capitals' contains illegal characters"},
	{name: "a name that begins with a number", channel: "1st", info: badChannelID + "channel ID '1st' contains illegal characters"},
	{name: "a name of 250 letters", channel: strings.Repeat("a", 250), info: badChannelID + "channel ID illegal, cannot be longer than 249"},
	{name: "an update that is no ConfigUpdateEnvelope", channel: "made", data: []byte(notAMessage),
		info: existing + "error converting envelope to config update: "},
	{name: "an update whose bytes are no ConfigUpdate", channel: "made",
		envelope: func(e *common.ConfigUpdateEnvelope) { e.ConfigUpdate = []byte(notAMessage) },
		info:     existing + "error authorizing update: "},
	{name: "an update of no data at all", channel: "made", data: []byte{},
		info: existing + "error authorizing update: ConfigUpdate for channel '' but envelope for channel 'made'"},
	{name: "a creation of what is there", channel: "made",
		info: existing + "error authorizing update: error validating ReadSet: proposed update requires that key [Group]  " +
			"/Channel/Application be at version 0, but it is currently at version 1"},
}

// ---- building -----------------------------------------------------------------------------------

func metaPolicy(rule common.ImplicitMetaPolicy_Rule, name string) *common.ConfigPolicy {
	value := marshal(&common.ImplicitMetaPolicy{Rule: rule, SubPolicy: name})
	return &common.ConfigPolicy{ModPolicy: "Admins", Policy: &common.Policy{
		Type: int32(common.Policy_IMPLICIT_META), Value: value,
	}}
}

// What configtxgen writes for a channel of Org1 and Org2.
func creationUpdate(channel string) *common.ConfigUpdate {
	orgs := func() map[string]*common.ConfigGroup {
		return map[string]*common.ConfigGroup{"Org1MSP": {}, "Org2MSP": {}}
	}
	capabilities := marshal(&common.Capabilities{Capabilities: map[string]*common.Capability{"V1_4_2": {}}})
	return &common.ConfigUpdate{
		ChannelId: channel,
		ReadSet: &common.ConfigGroup{
			Values: map[string]*common.ConfigValue{"Consortium": {}},
			Groups: map[string]*common.ConfigGroup{application: {Groups: orgs()}},
		},
		WriteSet: &common.ConfigGroup{
			Values: map[string]*common.ConfigValue{
				"Consortium": {Value: marshal(&common.Consortium{Name: "SampleConsortium"})},
			},
			Groups: map[string]*common.ConfigGroup{application: {
				Version: 1, ModPolicy: "Admins", Groups: orgs(),
				Values: map[string]*common.ConfigValue{"Capabilities": {ModPolicy: "Admins", Value: capabilities}},
				Policies: map[string]*common.ConfigPolicy{
					"Readers": metaPolicy(common.ImplicitMetaPolicy_ANY, "Readers"),
					"Writers": metaPolicy(common.ImplicitMetaPolicy_ANY, "Writers"),
					"Admins":  metaPolicy(common.ImplicitMetaPolicy_MAJORITY, "Admins"),
				},
			}},
		},
	}
}

func (id *identity) configSignature(update []byte) *common.ConfigSignature {
	header := marshal(&common.SignatureHeader{Creator: id.creator, Nonce: []byte("nonce")})
	return &common.ConfigSignature{SignatureHeader: header, Signature: id.sign(append(header, update...))}
}

// The envelope of a creation request, signed by the administrator inside, and sent by him.
func (r *run) creation(c *creationCase) *common.Envelope {
	channel := c.channel
	if channel == "" {
		channel = "spoiled"
	}
	data := c.data
	if data == nil {
		u := creationUpdate(channel)
		if c.update != nil {
			c.update(u)
		}
		raw := marshal(u)
		e := &common.ConfigUpdateEnvelope{ConfigUpdate: raw, Signatures: []*common.ConfigSignature{r.id.configSignature(raw)}}
		if c.envelope != nil {
			c.envelope(e)
		}
		data = marshal(e)
	}
	return r.envelope(spec{typ: common.HeaderType_CONFIG_UPDATE, channel: channel, data: data})
}

// ---- the tests ----------------------------------------------------------------------------------

// One that is right, to begin with, and its channel.
func (r *run) createMade() error {
	resp, err := r.broadcast(r.creation(&creationCase{channel: "made"}))
	if err != nil {
		return err
	}
	if err := wantStatus(resp.Status, common.Status_SUCCESS); err != nil {
		return fmt.Errorf("%v (%s)", err, resp.Info)
	}
	made := *r
	made.channel = "made"
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		blocks, status, err := made.deliver(made.seek(oldest(), oldest(), block))
		if err != nil {
			return err
		}
		if status == common.Status_SUCCESS {
			return checkChain(blocks)
		}
	}
	return fmt.Errorf("no genesis block after 20 s")
}

func (c *creationCase) refused(r *run) error {
	resp, err := r.broadcast(r.creation(c))
	if err != nil {
		return err
	}
	if err := wantStatus(resp.Status, common.Status_BAD_REQUEST); err != nil {
		return fmt.Errorf("%v (%s)", err, resp.Info)
	}
	if !strings.HasPrefix(resp.Info, c.info) {
		return fmt.Errorf("info %q, want %q", resp.Info, c.info)
	}
	return nil
}

func creationTests() []testCase {
	list := []testCase{{"a request that is right makes a channel", (*run).createMade}}
	for i := range creationCases {
		list = append(list, testCase{creationCases[i].name + " is BAD_REQUEST", creationCases[i].refused})
	}
	return list
}
