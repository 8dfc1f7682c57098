/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd, and the few calls of its GnuTLS that are ours to make, loaded at run time: at
 * start the two would cost every daemon four megabytes, whether anybody listens or not.
 */
#ifndef MHD_PRIV_H
#define MHD_PRIV_H

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <util/util.h>

#define MHD_CALLS(X)                   \
	X(start_daemon)                \
	X(quiesce_daemon)              \
	X(stop_daemon)                 \
	X(run)                         \
	X(get_timeout)                 \
	X(get_daemon_info)             \
	X(get_connection_info)         \
	X(lookup_connection_value)     \
	X(suspend_connection)          \
	X(resume_connection)           \
	X(create_response_from_buffer) \
	X(add_response_header)         \
	X(queue_response)              \
	X(destroy_response)

#define GNUTLS_CALLS(X)                   \
	X(certificate_get_peers)          \
	X(certificate_verify_peers)       \
	X(certificate_server_set_request) \
	X(session_set_verify_function)    \
	X(alert_send)

struct mhd {
#define CALL(name) __typeof__(&MHD_##name) name;
	MHD_CALLS(CALL)
#undef CALL
#define CALL(name) __typeof__(&gnutls_##name) name;
	GNUTLS_CALLS(CALL)
#undef CALL
};

/** The library, loaded at the first call and never unloaded.
 *  Thread: any.   Errors: ORD_EUNAVAIL. */
int mhd_load(const struct mhd **out, struct ord_err *e);

/** Have a session's handshake check client certificates: one that is shown must be good, and with
 *  @required one must be shown.  Whoever is refused is told why. */
void mhd_ask_certificate(gnutls_session_t session, bool required);
/** Did this client show a good certificate? */
bool mhd_verified(gnutls_session_t session);

#endif /* MHD_PRIV_H */
