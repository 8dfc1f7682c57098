/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates, revocation lists and MSPs made to order, the odd ones above all. */
#ifndef MADE_H
#define MADE_H

#include "msp_test.h"

#define NOW_2024 1704067200 /* 2024-01-01; nothing here reads a clock */
#define YEAR     (365 * 24 * 3600)

struct made {
	X509 *x;
	EVP_PKEY *key;
	struct buf pem;
};

/* What is left 0 or NULL is as usual: an end-entity certificate on a new P-256 key, valid for the
 * ten years around NOW_2024, with SKI and AKI. */
struct cert_spec {
	const char *cn; /* of the subject; "leaf" */
	const char *ou[3];
	const struct made *issuer; /* NULL: itself */
	const struct made *same_key_as;
	const char *curve; /* "RSA" for that */
	bool ca;
	int path_len;        /* n + 1; 0: none */
	const char *eku;     /* as in openssl.cnf */
	const char *usage;   /* key usage, the same */
	const char *san;     /* subject alternative name, the same */
	const char *names;   /* name constraints, the same */
	const char *unknown; /* OID of a critical extension */
	bool no_ski;
	enum { ANY_S, LOW_S, HIGH_S } s; /* of the certificate's own signature */
	const char *md;                  /* SHA256 */
	int64_t not_before, not_after;
	long serial; /* counted up */
};

/** Everything made is freed by made_free_all(). */
const struct made *make_cert(const struct cert_spec *spec);
const struct made *make_root(const char *cn);
const struct made *make_ca(const char *cn, const struct made *issuer);
/** A leaf with one OU, which may be NULL. */
const struct made *make_leaf(const char *cn, const char *ou, const struct made *issuer);
/** A list of @issuer's that revokes @cert (NULL: nothing), signed by @signer; PEM. */
struct ord_bytes make_crl(const struct made *issuer, const struct made *signer,
			  const struct made *cert, bool with_aki);
/** SerializedIdentity with a certificate; lives until made_free_all(). */
struct ord_bytes made_identity(const char *mspid, const struct made *m);
void made_free_all(void);

/* An MSP; lists end with NULL. */
struct msp_spec {
	const char *name; /* "M" */
	const struct made *root[4], *intermediate[4], *admin[4], *tls_root[4], *tls_intermediate[4];
	struct ord_bytes crl[3];
	struct {
		const struct made *ca;
		const char *name;
	} ou[4];
	const char *client, *peer, *admin_ou, *orderer; /* node OUs */
	const struct made *node_ca;
	bool node_off; /* Enable: false */
	const char *hash, *family;
	const struct made *signer;
	bool signer_key; /* with key material */
};
Msp__MSPConfig *make_config(const struct msp_spec *spec);
/** Add it to @s. */
int add_msp(struct msp_set *s, const struct msp_spec *spec, struct ord_err *e);
/** A set of this one MSP, which must come up. */
struct msp_set *set_of(enum msp_version version, const struct msp_spec *spec);
/** What identifying and then validating @m as a member of "M" says; "" when it is valid. */
const char *verdict(struct msp_set *s, const struct made *m);

#endif /* MADE_H */
