/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who owns an address, as the agent wrote it into ht_addresses. */
#ifndef HUBTOP_ADDRESSES_H
#define HUBTOP_ADDRESSES_H

#include "maps.h"

/* All zero for an address nobody told us of: the world. */
static __always_inline struct ht_address ht_owner(const __u8 *ip, __u8 family)
{
	struct ht_address_key key;
	struct ht_address *found, world = {};

	ht_zero(&key, sizeof(key));
	ht_copy(key.ip, ip, 16);
	key.family = family;
	found = bpf_map_lookup_elem(&ht_addresses, &key);
	return found ? *found : world;
}

#endif
