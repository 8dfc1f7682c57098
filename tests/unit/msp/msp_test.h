/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this room share: Fabric's own material, and principals. */
#ifndef MSP_TEST_H
#define MSP_TEST_H

#include "../blocks.h"

#include <msp/msp.h>
#include <openssl/x509.h>

/** The envelope, config and MSPs of a configuration block below tests/golden. */
struct msp_set *golden_set(const char *block, enum msp_version version);
/** <TOP_SRCDIR>/tests/golden/crypto-config/<path>; heap. */
char *golden_crypto(const char *path);
/** SerializedIdentity of a certificate file below crypto-config. */
struct buf golden_identity(const char *mspid, const char *cert);
struct buf serialize(const char *mspid, struct ord_bytes pem);

/* Principals, compiled into @s. */
const struct msp_principal *role_of(struct msp_set *s, const char *mspid, int role);
const struct msp_principal *unit_of(struct msp_set *s, const char *mspid, const char *ou,
				    struct ord_bytes certifiers);
const struct msp_principal *identity_of(struct msp_set *s, struct ord_bytes serialized);
const struct msp_principal *principal_of(struct msp_set *s, int class, struct ord_bytes bytes);
/** Pack a message and free nothing. */
struct buf pack(const void *msg);

/** msp_identify() that must succeed. */
struct msp_identity *identify(struct msp_set *s, struct ord_bytes serialized);

#endif /* MSP_TEST_H */
