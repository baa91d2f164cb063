/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What every program of ours includes first: the kernel's types, libbpf's macros, small words. */
#ifndef HUBTOP_BASE_H
#define HUBTOP_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#define HT_HAVE_INTS
#include "event.h"

#define HT_SHOT 2    /* TCX_DROP, TC_ACT_SHOT: only where a policy denies and the mode enforces */
#define HT_NEXT (-1) /* TCX_NEXT, TC_ACT_UNSPEC: the programs behind us run too */
#define HT_NS_PER_S 1000000000ULL

#define HT_ETH_BYTES 14
#define HT_ETH_IPV4 0x0800
#define HT_ETH_IPV6 0x86dd
#define HT_ETH_VLAN 0x8100
#define HT_ETH_QINQ 0x88a8

#define HT_IP_HOP_BY_HOP 0
#define HT_IP_ICMP 1
#define HT_IP_TCP 6
#define HT_IP_UDP 17
#define HT_IP_ROUTING 43
#define HT_IP_FRAGMENT 44
#define HT_IP_AH 51
#define HT_IP_ICMPV6 58
#define HT_IP_NO_NEXT 59
#define HT_IP_DESTINATION 60
#define HT_IP_SCTP 132
#define HT_IP_MOBILITY 135
#define HT_IP_RESERVED 255 /* of no protocol: rules for all match it, none for one */

#define HT_VERDICT_FORWARDED 1 /* Hubble's Verdict numbers */
#define HT_VERDICT_DROPPED 2
#define HT_VERDICT_AUDIT 4

#define ht_likely(x) __builtin_expect(!!(x), 1)
#define ht_unlikely(x) __builtin_expect(!!(x), 0)

/* Keeps clang from turning a bounded copy into a loop or a call. */
#define ht_copy(to, from, bytes) __builtin_memcpy(to, from, bytes)
#define ht_zero(to, bytes) __builtin_memset(to, 0, bytes)

/* One value per CPU is written by one context at a time only in the tc hooks
 * (bottom halves are off there). The tracer and the sweeper can be interrupted
 * by a hook on the same CPU, so they add atomically. */
#define ht_add_shared(where, what) ((void)__sync_fetch_and_add(where, what))

#endif
