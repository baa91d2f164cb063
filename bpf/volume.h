/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The volume ledger's truth: who sent how much to whom, whatever conntrack forgets. */
#ifndef HUBTOP_VOLUME_H
#define HUBTOP_VOLUME_H

#include "maps.h"
#include "packet.h"

static __noinline struct ht_pair *ht_new_pair(const struct ht_pair_key *key)
{
	struct ht_pair fresh;

	if (!key)
		return NULL;
	ht_zero(&fresh, sizeof(fresh));
	/* Fails with EEXIST when another CPU made it: the element is there for all CPUs. */
	bpf_map_update_elem(&ht_pairs, key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&ht_pairs, key);
}

static __always_inline struct ht_pair *ht_pair(const struct ht_pair_key *key)
{
	struct ht_pair *pair = bpf_map_lookup_elem(&ht_pairs, key);

	return ht_likely(pair) ? pair : ht_new_pair(key);
}

#endif
