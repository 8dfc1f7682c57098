/* SPDX-License-Identifier: Apache-2.0 */
/* mhd: the library loaded, and client certificates, which it asks for but does not check. */
#include "mhd_priv.h"

#include <dlfcn.h>
#include <gnutls/x509.h>

#define LIBRARY "libmicrohttpd.so.12"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* for the two below */
static struct mhd calls;
static bool loaded;

/* GnuTLS comes as a dependency: dlsym() finds its symbols through the same handle. */
static int resolve(void *so, const char *name, void *to, struct ord_err *e)
{
	void *symbol = dlsym(so, name);

	if (!symbol)
		return err_set(e, ORD_EUNAVAIL, "%s has no %s", LIBRARY, name);
	memcpy(to, &symbol, sizeof(symbol));
	return 0;
}

static int load(struct ord_err *e)
{
	void *so = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	int rc = 0;

	if (!so)
		return err_set(e, ORD_EUNAVAIL, "it needs libmicrohttpd: %s", dlerror());
#define CALL(name)   \
	if (rc == 0) \
		rc = resolve(so, "MHD_" #name, &calls.name, e);
	MHD_CALLS(CALL)
#undef CALL
#define CALL(name)   \
	if (rc == 0) \
		rc = resolve(so, "gnutls_" #name, &calls.name, e);
	GNUTLS_CALLS(CALL)
#undef CALL
	return rc;
}

int mhd_load(const struct mhd **out, struct ord_err *e)
{
	int rc = 0;

	pthread_mutex_lock(&lock);
	if (!loaded)
		rc = load(e);
	loaded = rc == 0;
	pthread_mutex_unlock(&lock);
	*out = &calls;
	return rc;
}

bool mhd_verified(gnutls_session_t session)
{
	char oid[] = GNUTLS_KP_TLS_WWW_CLIENT;
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (void *)oid};
	unsigned status = 0;

	return calls.certificate_verify_peers(session, &purpose, 1, &status) == 0 && status == 0;
}

static int refuse(gnutls_session_t session, gnutls_alert_description_t why)
{
	calls.alert_send(session, GNUTLS_AL_FATAL, why);
	return GNUTLS_E_CERTIFICATE_ERROR;
}

static bool is_shown(gnutls_session_t session)
{
	unsigned n = 0;

	return calls.certificate_get_peers(session, &n) && n > 0;
}

/* Both run within the handshake, whether the client sent a certificate or not. */
static int check_shown(gnutls_session_t session)
{
	if (is_shown(session) && !mhd_verified(session))
		return refuse(session, GNUTLS_A_BAD_CERTIFICATE);
	return 0;
}

static int check_required(gnutls_session_t session)
{
	if (!is_shown(session))
		return refuse(session, GNUTLS_A_CERTIFICATE_REQUIRED);
	return check_shown(session);
}

void mhd_ask_certificate(gnutls_session_t session, bool required)
{
	calls.certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
	calls.session_set_verify_function(session, required ? check_required : check_shown);
}
