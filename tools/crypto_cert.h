/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto_cert - keys and certificates as Fabric's cryptogen makes them: P-256, ten years, low S,
 * key identifiers that are SHA-256 over the point.
 */
#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include <crypto/crypto.h>

#include "crypto_config.h"

struct authority {
	EVP_PKEY *key;
	X509 *cert;
	const struct cc_spec *spec; /* the subject's fields, of what it issues, too */
};

struct cert_request {
	const char *common_name;
	const char *ou;               /* NULL: none */
	const struct yaml_strs *sans; /* NULL: none */
	bool tls;                     /* a TLS certificate, else one that signs transactions */
};

int cert_new_key(EVP_PKEY **out, struct ord_err *e);
/** SHA-256 over the uncompressed point. */
void cert_key_ski(EVP_PKEY *key, uint8_t out[static SHA256_LEN]);
/** A CA with its own key; @spec is borrowed for the authority's life. */
int cert_authority(const char *organization, const char *common_name, const struct cc_spec *spec,
		   struct authority *out, struct ord_err *e);
void cert_authority_fini(struct authority *a);
int cert_issue(const struct authority *by, EVP_PKEY *key, const struct cert_request *req,
	       X509 **out, struct ord_err *e);

#endif /* CRYPTO_CERT_H */
