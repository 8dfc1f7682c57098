/* SPDX-License-Identifier: Apache-2.0 */
/* Known before librdkafka is loaded, and so without it. */
#include "table.h"

#include <string.h>

#define NS_ms UINT64_C(1000000)
#define NS_s  UINT64_C(1000000000)
#define NS_m  (60 * NS_s)
#define NS_h  (60 * NS_m)

#define TRIES_NEVER_END "Has no effect here: tries never end."
#define IDLE            "Has no effect here."

/* Zero stands for the default, as in Fabric. */
#define DURATIONS(X)                                                                             \
	X("Retry.ShortInterval", 5, s, "Between tries to reach the brokers, which never end."),  \
		X("Retry.ShortTotal", 10, m, "How long each failed try is logged."),             \
		X("Retry.LongInterval", 5, m, "How often a failure is logged after that."),      \
		X("Retry.LongTotal", 12, h, TRIES_NEVER_END),                                    \
		X("Retry.NetworkTimeouts.DialTimeout", 10, s,                                    \
		  "How long connecting to a broker may take, TLS and SASL included."),           \
		X("Retry.NetworkTimeouts.ReadTimeout", 10, s,                                    \
		  "How long a broker may take to answer."),                                      \
		X("Retry.NetworkTimeouts.WriteTimeout", 10, s,                                   \
		  "As ReadTimeout; the longer one counts."),                                     \
		X("Retry.Metadata.RetryBackoff", 250, ms,                                        \
		  "Between questions who leads a partition, while nobody does."),                \
		X("Retry.Producer.RetryBackoff", 100, ms, "Between tries to write to a topic."), \
		X("Retry.Consumer.RetryBackoff", 2, s, "Between tries to read from a topic.")
#define DURATION_SETTING(key, n, unit, help)          \
	{                                             \
		key, ORD_SET_DURATION, #n #unit, help \
	}
#define DURATION_FALLBACK(key, n, unit, help) \
	{                                     \
		key, (n)*NS_##unit            \
	}

const struct ord_setting kafka_settings_table[] = {
	DURATIONS(DURATION_SETTING),
	{"Retry.Metadata.RetryMax", ORD_SET_UINT, "3", TRIES_NEVER_END},
	{"Retry.Producer.RetryMax", ORD_SET_UINT, "3", TRIES_NEVER_END},
	{"Topic.ReplicationFactor", ORD_SET_UINT, "3",
	 "Copies of a topic made here; 0 leaves that to the brokers."},
	{"Verbose", ORD_SET_BOOL, "false", "Log what the Kafka library does."},
	{"Version", ORD_SET_STRING, "", "Version of the brokers. Checked, and of no effect here."},

	{"Rebase", ORD_SET_STRING, "",
	 "Where chains go on whose topic was made anew: \"channel@height:offset\", several with "
	 "commas between."},

	{"TLS.Enabled", ORD_SET_BOOL, "false", "Speak TLS to the brokers."},
	{"TLS.PrivateKey", ORD_SET_PEM, "", "Private key of Certificate."},
	{"TLS.Certificate", ORD_SET_PEM, "", "Certificate to show to the brokers, then its CAs'."},
	{"TLS.RootCAs", ORD_SET_PEM, "", "CA certificates that vouch for the brokers."},
	{"TLS.ClientAuthRequired", ORD_SET_BOOL, "false", IDLE},
	{"TLS.ClientRootCAs", ORD_SET_PEM, "", IDLE},
	{"TLS.TLSHandshakeTimeShift", ORD_SET_DURATION, "0s", IDLE},

	{"SASLPlain.Enabled", ORD_SET_BOOL, "false", "Log in to the brokers by SASL/PLAIN."},
	{"SASLPlain.User", ORD_SET_STRING, "", "User name."},
	{"SASLPlain.Password", ORD_SET_SECRET, "", "Password."},
	{"SASL.Mechanism", ORD_SET_STRING, "",
	 "Log in to the brokers by PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER."},
	{"SASL.User", ORD_SET_STRING, "", "User name."},
	{"SASL.Password", ORD_SET_SECRET, "", "Password."},
	{"SASL.OAuthBearer.TokenEndpointURL", ORD_SET_STRING, "",
	 "Where OpenID Connect gives tokens."},
	{"SASL.OAuthBearer.ClientID", ORD_SET_STRING, "", "Who asks for a token."},
	{"SASL.OAuthBearer.ClientSecret", ORD_SET_SECRET, "", "The secret of ClientID."},
	{"SASL.OAuthBearer.Scope", ORD_SET_STRING, "", "The scope to ask for."},
	{"SASL.OAuthBearer.Extensions", ORD_SET_STRING, "",
	 "What to tell the brokers besides: \"key=value,key=value\"."},

	{"Client", ORD_SET_MAP, "", "Properties of librdkafka; these win."},
	{0}};

uint64_t kafka_duration_fallback(const char *key)
{
	static const struct {
		const char *key;
		uint64_t ns;
	} fallbacks[] = {DURATIONS(DURATION_FALLBACK)};

	for (size_t i = 0; i < sizeof(fallbacks) / sizeof(fallbacks[0]); i++)
		if (strcmp(fallbacks[i].key, key) == 0)
			return fallbacks[i].ns;
	return 0;
}
