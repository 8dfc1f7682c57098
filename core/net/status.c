/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC status names, percent-encoded status messages, grpc-timeout. */
#include <net/net_priv.h>

const char *net_status_name(int code)
{
	static const char *const names[] = {
		"OK",
		"Canceled",
		"Unknown",
		"InvalidArgument",
		"DeadlineExceeded",
		"NotFound",
		"AlreadyExists",
		"PermissionDenied",
		"ResourceExhausted",
		"FailedPrecondition",
		"Aborted",
		"OutOfRange",
		"Unimplemented",
		"Internal",
		"Unavailable",
		"DataLoss",
		"Unauthenticated",
	};

	return code >= 0 && code < (int)UTIL_ARRAY_LEN(names) ? names[code] : names[NET_UNKNOWN];
}

void percent_encode(struct buf *b, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text; text++) {
		uint8_t c = (uint8_t)*text;

		if (c >= 0x20 && c <= 0x7e && c != '%') {
			buf_add_u8(b, c);
		} else {
			buf_add_u8(b, '%');
			buf_add_u8(b, (uint8_t)digits[c >> 4]);
			buf_add_u8(b, (uint8_t)digits[c & 15]);
		}
	}
}

void percent_decode(struct buf *b, struct ord_bytes v)
{
	for (size_t i = 0; i < v.len; i++) {
		char hex[3] = "";

		if (v.data[i] == '%' && i + 2 < v.len)
			memcpy(hex, v.data + i + 1, 2);
		if (hex[0] && hex_decode(b, hex) == 0)
			i += 2;
		else
			buf_add_u8(b, v.data[i]);
	}
}

static const struct {
	char letter;
	uint64_t ns;
} units[] = {
	{'n', 1},
	{'u', 1000},
	{'m', CLOCK_MS_NS},
	{'S', CLOCK_SEC_NS},
	{'M', 60 * CLOCK_SEC_NS},
	{'H', 3600 * CLOCK_SEC_NS},
};

/* At most eight digits and a unit: the largest, 99999999H, fits a signed 64-bit number of
 * nanoseconds only after clipping. */
uint64_t grpc_timeout_parse(struct ord_bytes v)
{
	uint64_t n = 0;

	if (v.len < 2 || v.len > 9)
		return 0;
	for (size_t i = 0; i + 1 < v.len; i++) {
		if (v.data[i] < '0' || v.data[i] > '9')
			return 0;
		n = 10 * n + (v.data[i] - '0');
	}
	for (size_t i = 0; i < UTIL_ARRAY_LEN(units); i++) {
		if (v.data[v.len - 1] != units[i].letter)
			continue;
		if (n > INT64_MAX / 2 / units[i].ns)
			return INT64_MAX / 2;
		return n ? n * units[i].ns : 1; /* nothing left: it expires at once */
	}
	return 0;
}

void grpc_timeout_format(char *to, size_t cap, uint64_t ns)
{
	size_t i = 0;

	while (i + 1 < UTIL_ARRAY_LEN(units) && ns / units[i].ns > 99999999)
		i++;
	snprintf(to, cap, "%llu%c", (unsigned long long)(ns / units[i].ns), units[i].letter);
}
