/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a SerializedIdentity, or (0x30 first) as its certificate, to an MSP: the same answer
 * twice, and a refusal says why. */
#include "fuzz.h"
#include <msp/msp.h>

static char ca[] = /* of Org1 in tests/golden */
	"-----BEGIN CERTIFICATE-----\n"
	"MIICUTCCAfegAwIBAgIQR3xcJOKQdh128bT9UC07STAKBggqhkjOPQQDAjBzMQsw\n"
	"CQYDVQQGEwJVUzETMBEGA1UECBMKQ2FsaWZvcm5pYTEWMBQGA1UEBxMNU2FuIEZy\n"
	"YW5jaXNjbzEZMBcGA1UEChMQb3JnMS5leGFtcGxlLmNvbTEcMBoGA1UEAxMTY2Eu\n"
	"b3JnMS5leGFtcGxlLmNvbTAeFw0yNjExMjEwMjUwMDBaFw0zNjExMTgwMjUwMDBa\n"
	"MHMxCzAJBgNVBAYTAlVTMRMwEQYDVQQIEwpDYWxpZm9ybmlhMRYwFAYDVQQHEw1T\n"
	"YW4gRnJhbmNpc2NvMRkwFwYDVQQKExBvcmcxLmV4YW1wbGUuY29tMRwwGgYDVQQD\n"
	"ExNjYS5vcmcxLmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
	"5+5RO+E5DfZH8XpuJcGglLqlXmsC40C0V6zwVdk8VRvN1zpzoKPvJ9j+L5GDtrGT\n"
	"Lz0yC0KaVB1UlyiUuQX6b6NtMGswDgYDVR0PAQH/BAQDAgGmMB0GA1UdJQQWMBQG\n"
	"CCsGAQUFBwMCBggrBgEFBQcDATAPBgNVHRMBAf8EBTADAQH/MCkGA1UdDgQiBCDd\n"
	"Kw8vH8jeeAfegaQH3pCzJJRlIYTpNEIflIs60Ybu5TAKBggqhkjOPQQDAgNIADBF\n"
	"AiEAqesxLs5wzcdoELbsV4vhGOMUrxpB9aRu++TmGxyxpr4CIBboxPmdVVls3oOl\n"
	"5oE6HZ6Da+5SZ8V8WzRkvWrhfNF+\n"
	"-----END CERTIFICATE-----\n";
static struct msp_set *set;
static const struct msp_principal *member;

static const struct msp_principal *member_of(char *mspid)
{
	Msp__MSPRole role = MSP__MSPROLE__INIT;
	Msp__MSPPrincipal p = MSP__MSPPRINCIPAL__INIT;
	struct buf b = BUF_INIT;
	const struct msp_principal *out;

	role.msp_identifier = mspid;
	wire_pack(&role, &b);
	p.principal = wire_binary(buf_bytes(&b));
	out = msp_principal(set, &p);
	buf_fini(&b);
	return out;
}

static void make_set(void)
{
	Msp__FabricMSPConfig conf = MSP__FABRIC_MSPCONFIG__INIT;
	Msp__MSPConfig config = MSP__MSPCONFIG__INIT;
	ProtobufCBinaryData root = wire_binary(bytes_str(ca));
	struct ord_err e = ERR_INIT;
	struct buf b = BUF_INIT;
	const char *mspid;

	conf.name = (char *)"Org1MSP";
	conf.n_root_certs = 1;
	conf.root_certs = &root;
	wire_pack(&conf, &b);
	config.config = wire_binary(buf_bytes(&b));
	set = msp_set_new(MSP_V1_3);
	util_assert(msp_set_add(set, &config, &mspid, &e) == 0);
	member = member_of(conf.name);
	buf_fini(&b);
}

static void try_identity(struct ord_bytes serialized)
{
	struct msp_identity *a, *b;
	struct ord_err e = ERR_INIT, again = ERR_INIT;
	struct buf text = BUF_INIT;
	int64_t expiry = msp_expiry(set, serialized);
	int rc = msp_identify(set, serialized, &a, &e);

	msp_describe_serialized(serialized, &text);
	util_assert(text.len > 0);
	buf_fini(&text);
	util_assert(rc == msp_identify(set, serialized, &b, &again));
	util_assert(expiry == msp_expiry(set, serialized));
	if (rc < 0) {
		util_assert(!a && !b && e.code == ORD_EPERM && e.msg[0]);
		util_assert(strcmp(e.msg, again.msg) == 0);
		return;
	}
	util_assert(bytes_eq(msp_identity_key(a), msp_identity_key(b)));
	util_assert(expiry == msp_identity_not_after(a));
	util_assert(msp_validate(a, &e) == msp_satisfies(b, member, &again));
	msp_identity_unref(a);
	msp_identity_unref(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Msp__SerializedIdentity sid = MSP__SERIALIZED_IDENTITY__INIT;
	struct buf pem = BUF_INIT, b = BUF_INIT;

	make_set(); /* each time, or what its cache keeps would look like a leak */
	if (size == 0 || data[0] != 0x30) {
		try_identity(bytes_of(data, size));
		msp_set_free(set);
		return 0;
	}
	crypto_der_to_pem(bytes_of(data, size), &pem);
	sid.mspid = (char *)"Org1MSP";
	sid.id_bytes = wire_binary(buf_bytes(&pem));
	wire_pack(&sid, &b);
	try_identity(buf_bytes(&b));
	msp_set_free(set);
	buf_fini(&b);
	buf_fini(&pem);
	return 0;
}
