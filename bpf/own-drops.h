/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * One event a drop: the kernel frees what a tc program of ours dropped at once
 * and on the same CPU, and kfree_skb tells of it once more, as TC_INGRESS or
 * TC_EGRESS.
 */
#ifndef HUBTOP_OWN_DROPS_H
#define HUBTOP_OWN_DROPS_H

#include "maps.h"

#define HT_OWN_DROP_TICKS 1 /* a tick may end between the two */

/* For a tc program, before it returns TC_ACT_SHOT: what it drops is told by its own event. */
static __always_inline void ht_note_own_drop(const struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct ht_own_drop *own = bpf_map_lookup_elem(&ht_own_drops, &zero);

	if (!own)
		return;
	own->tick = bpf_jiffies64();
	own->hash = skb->hash;
	own->is_fresh = 1;
}

/* For the tracer: whether this is what a program of ours just dropped. True once for each. */
static __always_inline bool ht_is_own_drop(__u32 hash)
{
	__u32 zero = 0;
	struct ht_own_drop *own = bpf_map_lookup_elem(&ht_own_drops, &zero);

	if (!own || !own->is_fresh || own->hash != hash || bpf_jiffies64() - own->tick > HT_OWN_DROP_TICKS)
		return false;
	own->is_fresh = 0;
	return true;
}

#endif
