/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Events a second of one pair and reason: the first of a storm say it all, the counters stay exact. */
#ifndef HUBTOP_LIMIT_H
#define HUBTOP_LIMIT_H

#include "base.h"

#define HT_EVENTS_PER_SECOND 100

/*
 * Whether one more event of this key may go to a ring in this second. `limits`
 * is an LRU map from the key to ht_limit; where it refuses a new key, the
 * event passes. Only a whole word changes, so CPUs never let more through.
 */
static __always_inline bool ht_allow(void *limits, const void *key, __u32 now_s)
{
	__u64 first = (__u64)now_s << 32 | 1, known;
	struct ht_limit *limit = bpf_map_lookup_elem(limits, key), fresh = { .window = first };

	if (!limit) {
		if (bpf_map_update_elem(limits, key, &fresh, BPF_NOEXIST) == 0)
			return true;
		limit = bpf_map_lookup_elem(limits, key);
		if (!limit)
			return true;
	}
	known = limit->window;
	if (known >> 32 != now_s && __sync_val_compare_and_swap(&limit->window, known, first) == known)
		return true;
	return (__u32)__sync_fetch_and_add(&limit->window, 1) < HT_EVENTS_PER_SECOND;
}

#endif
