/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the FabricMSPConfig of a channel, at every version: it comes up, or the reason is
 * told; what comes up stands beside an equal definition. */
#include "fuzz.h"
#include <msp/msp.h>

static void nothing(void *arg, struct ord_bytes pem)
{
	*(size_t *)arg += pem.len;
}

static void try_version(enum msp_version version, const Msp__MSPConfig *config)
{
	struct msp_set *s = msp_set_new(version);
	struct ord_err e = ERR_INIT;
	const char *mspid, *again;
	size_t n = 0;

	if (msp_set_add(s, config, &mspid, &e) < 0) {
		util_assert(e.code == ORD_EINVAL && e.msg[0]);
	} else {
		util_assert(msp_set_add(s, config, &again, &e) == 0 && again == mspid);
		msp_set_tls_cas(s, mspid, nothing, &n);
		util_assert(n <= config->config.len);
	}
	msp_set_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Msp__MSPConfig config = MSP__MSPCONFIG__INIT;

	config.config = wire_binary(bytes_of(data, size));
	for (int v = MSP_V1_0; v <= MSP_V1_4_3; v++)
		try_version((enum msp_version)v, &config);
	config.type = 1;
	try_version(MSP_V1_3, &config);
	return 0;
}
