/* SPDX-License-Identifier: Apache-2.0 */
/* XXH64 (Yann Collet's published algorithm): 64 bits, seeded, four lanes of 8 bytes. */
#include "journal_priv.h"

#include <endian.h>

#define P1 UINT64_C(0x9e3779b185ebca87)
#define P2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define P3 UINT64_C(0x165667b19e3779f9)
#define P4 UINT64_C(0x85ebca77c2b2ae63)
#define P5 UINT64_C(0x27d4eb2f165667c5)

static uint64_t rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint64_t mix(uint64_t lane, uint64_t input)
{
	return rotl(lane + input * P2, 31) * P1;
}

static uint64_t stripes(uint64_t seed, const uint8_t **p, const uint8_t *end)
{
	uint64_t lane[4] = {seed + P1 + P2, seed + P2, seed, seed - P1}, h;

	for (; end - *p >= 32; *p += 32)
		for (int i = 0; i < 4; i++)
			lane[i] = mix(lane[i], load64(*p + 8 * i));
	h = rotl(lane[0], 1) + rotl(lane[1], 7) + rotl(lane[2], 12) + rotl(lane[3], 18);
	for (int i = 0; i < 4; i++)
		h = (h ^ mix(0, lane[i])) * P1 + P4;
	return h;
}

uint64_t journal_checksum(uint64_t seed, const void *data, size_t n)
{
	const uint8_t *p = data, *end = p + n;
	uint64_t h = (n >= 32 ? stripes(seed, &p, end) : seed + P5) + n;

	for (; end - p >= 8; p += 8)
		h = rotl(h ^ mix(0, load64(p)), 27) * P1 + P4;
	for (; end - p >= 4; p += 4)
		h = rotl(h ^ load32(p) * P1, 23) * P2 + P3;
	for (; p < end; p++)
		h = rotl(h ^ *p * P5, 11) * P1;
	h = (h ^ h >> 33) * P2;
	h = (h ^ h >> 29) * P3;
	return h ^ h >> 32;
}
