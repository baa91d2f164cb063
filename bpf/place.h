/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Where in the machine a socket buffer is: in our network namespace, behind a
 * veth of a pod of ours, or elsewhere. Only here, in drops.h and in tcp.h are
 * structures of the kernel read (CO-RE); each is cut down to the members we look at.
 */
#ifndef HUBTOP_PLACE_H
#define HUBTOP_PLACE_H

#include "maps.h"
#include <bpf/bpf_core_read.h>

#define HT_MAX_DEVICES 16  /* of a foreign namespace that are looked at */
#define HT_NETNS_TRUST_S 5 /* a pod's veth may be replaced */
#define HT_NETNS_DOUBT_S 1 /* a foreign namespace may become a pod of ours */
#define HT_NETDEV_ALIGN 32 /* NETDEV_ALIGN */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct list_head {
	struct list_head *next;
};
struct net {
	__u64 net_cookie;
	struct list_head dev_base_head;
};
typedef struct {
	struct net *net;
} possible_net_t;
struct rtnl_link_ops {
	const char *kind;
};
struct net_device {
	int ifindex;
	possible_net_t nd_net;
	struct list_head dev_list;
	const struct rtnl_link_ops *rtnl_link_ops;
};
/* Since Linux 6.10 the private part is a member. */
struct net_device___priv {
	__u8 priv[1];
};
struct veth_priv {
	struct net_device *peer;
};
struct in6_addr {
	__u8 bytes[16];
};
struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};
struct sock {
	struct sock_common __sk_common;
};
struct inet_sock {
	__u16 inet_sport;
};
struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	unsigned int data_len;
	__u32 hash;
	__u16 mac_header;
	__u16 network_header;
	__u32 tail;
	unsigned char *head;
};
struct trace_event_raw_kfree_skb___socket {
	void *rx_sk;
};
enum sk_rst_reason { HT_RESET_REASON }; /* its values are read from BTF by the agent */
struct trace_event_raw_tcp_send_reset___reason {
	enum sk_rst_reason reason;
};
struct trace_event_raw_tcp_retransmit_skb___error {
	int err;
};
#pragma clang attribute pop

/* Where a drop happened, as this node sees it. */
struct ht_place {
	__u32 ifindex; /* our device, 0 unknown */
	bool is_ours;
};

static __always_inline bool ht_is_veth(const struct net_device *device)
{
	const struct rtnl_link_ops *ops = BPF_CORE_READ(device, rtnl_link_ops);
	char kind[6] = {};

	if (!ops)
		return false;
	bpf_probe_read_kernel_str(kind, sizeof(kind), BPF_CORE_READ(ops, kind));
	return kind[0] == 'v' && kind[1] == 'e' && kind[2] == 't' && kind[3] == 'h' && kind[4] == 0;
}

static __always_inline __u64 ht_cookie(const struct net *net)
{
	return net ? BPF_CORE_READ(net, net_cookie) : 0;
}

static __always_inline const void *ht_private(const struct net_device *device)
{
	__u32 size;

	if (bpf_core_field_exists(((struct net_device___priv *)0)->priv))
		return (const void *)device + bpf_core_field_offset(((struct net_device___priv *)0)->priv);
	size = bpf_core_type_size(struct net_device);
	return (const void *)device + ((size + HT_NETDEV_ALIGN - 1) & ~(HT_NETDEV_ALIGN - 1));
}

/* Our end of a pod's veth whose other end is `device`; 0 if it is no such veth. */
static __always_inline __u32 ht_our_end(const struct net_device *device, __u64 our_cookie)
{
	const struct veth_priv *private;
	const struct net_device *peer;
	__u32 ifindex;

	if (!device || !ht_is_veth(device))
		return 0;
	private = ht_private(device);
	peer = BPF_CORE_READ(private, peer);
	if (!peer || ht_cookie(BPF_CORE_READ(peer, nd_net.net)) != our_cookie)
		return 0;
	ifindex = BPF_CORE_READ(peer, ifindex);
	return bpf_map_lookup_elem(&ht_devices, &ifindex) ? ifindex : 0;
}

/* Looks for a veth to us among the first devices of a namespace. */
static __noinline __u32 ht_find_our_end(const struct net *net, __u64 our_cookie)
{
	const struct list_head *head, *at;
	const struct net_device *device;
	__u32 ifindex;

	if (!net)
		return 0;
	head = (const void *)net + bpf_core_field_offset(net->dev_base_head);
	at = BPF_CORE_READ(head, next);
	for (int i = 0; i < HT_MAX_DEVICES; i++) {
		if (!at || at == head)
			return 0;
		device = (const void *)at - bpf_core_field_offset(((struct net_device *)0)->dev_list);
		ifindex = ht_our_end(device, our_cookie);
		if (ifindex)
			return ifindex;
		at = BPF_CORE_READ(at, next);
	}
	return 0;
}

/* Our device that leads to a namespace, remembered for a while. */
static __always_inline __u32 ht_device_of(const struct net *net, __u64 cookie, __u64 our_cookie)
{
	__u32 now_s = ht_read_s();
	struct ht_netns fresh = {}, *known = bpf_map_lookup_elem(&ht_netns, &cookie);

	if (known && now_s - known->learned_s < (known->ifindex ? HT_NETNS_TRUST_S : HT_NETNS_DOUBT_S))
		return known->ifindex;
	fresh.ifindex = ht_find_our_end(net, our_cookie);
	fresh.learned_s = now_s;
	bpf_map_update_elem(&ht_netns, &cookie, &fresh, BPF_ANY);
	return fresh.ifindex;
}

static __always_inline struct ht_place ht_locate(const struct net_device *device, const struct sock *socket, __u64 our_cookie)
{
	struct ht_place place = {};
	const struct net *net = NULL;
	__u64 cookie;

	if (device)
		net = BPF_CORE_READ(device, nd_net.net);
	else if (socket)
		net = BPF_CORE_READ(socket, __sk_common.skc_net.net);
	cookie = ht_cookie(net);
	if (!cookie)
		return place;
	if (cookie == our_cookie) {
		place.is_ours = true;
		place.ifindex = device ? BPF_CORE_READ(device, ifindex) : 0;
		return place;
	}
	place.ifindex = device ? ht_our_end(device, our_cookie) : 0;
	if (!place.ifindex)
		place.ifindex = ht_device_of(net, cookie, our_cookie);
	place.is_ours = place.ifindex != 0;
	return place;
}

#endif
