/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the TCP stacks of this node and its pods do: who resets whom and why,
 * and what is sent again. The kernel's own words, no packet is guessed at.
 */
#ifndef HUBTOP_TCP_H
#define HUBTOP_TCP_H

#include "drops.h"
#include "tcp-pairs.h"

#define HT_FAMILY_INET 2
#define HT_FAMILY_INET6 10

static __always_inline bool ht_is_mapped_ipv4(const __u8 *ip)
{
	const __u16 *word = (const __u16 *)ip;

	return !word[0] && !word[1] && !word[2] && !word[3] && !word[4] && word[5] == 0xffff;
}

/* The two ends of a socket, its own as the source. */
static __noinline bool ht_socket_ends(const struct sock *socket, struct ht_ends *ends)
{
	__u16 family = BPF_CORE_READ(socket, __sk_common.skc_family);
	__u32 address;

	if (!ends)
		return false;
	ht_zero(ends, sizeof(*ends));
	ends->protocol = HT_IP_TCP;
	ends->source_port = bpf_htons(BPF_CORE_READ(socket, __sk_common.skc_num));
	/* A socket that closes gives its port back before it resets; then it is a full one. */
	if (!ends->source_port)
		ends->source_port = BPF_CORE_READ((const struct inet_sock *)socket, inet_sport);
	ends->destination_port = BPF_CORE_READ(socket, __sk_common.skc_dport);
	if (family == HT_FAMILY_INET6 && bpf_core_field_exists(socket->__sk_common.skc_v6_daddr)) {
		bpf_core_read(ends->source, 16, &socket->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(ends->destination, 16, &socket->__sk_common.skc_v6_daddr);
		ends->family = 6;
		if (!ht_is_mapped_ipv4(ends->destination))
			return true;
		ht_zero(ends->source, 16);
		ht_zero(ends->destination, 16);
	} else if (family != HT_FAMILY_INET) {
		return false;
	}
	ends->family = 4;
	address = BPF_CORE_READ(socket, __sk_common.skc_rcv_saddr);
	ht_copy(ends->source, &address, 4);
	address = BPF_CORE_READ(socket, __sk_common.skc_daddr);
	ht_copy(ends->destination, &address, 4);
	return true;
}

/* Whether the source is the client: as connection tracking of its device has it, else by the ports. */
static __always_inline bool ht_source_is_client(const struct ht_ends *ends, __u32 ifindex)
{
	struct ht_conntrack_key key;
	bool source_is_b = ht_sorted_key(ends, ifindex, HT_DIRECTION_EGRESS, &key);
	struct ht_conntrack *entry = bpf_map_lookup_elem(&ht_conntrack, &key);

	if (entry)
		return source_is_b == entry->client_is_b;
	return !ht_is_server_port(ends);
}

/* Of which pair the source is, and which side of it. False for what is not of this node. */
static __noinline bool ht_tcp_key_of(const struct ht_ends *ends, __u32 ifindex, struct ht_tcp_key *key)
{
	struct ht_address source, destination;
	bool is_client;

	if (!ends || !key)
		return false;
	is_client = ht_source_is_client(ends, ifindex);
	source = ht_owner(ends->source, ends->family);
	destination = ht_owner(ends->destination, ends->family);
	key->client_labels = is_client ? source.labels : destination.labels;
	key->server_labels = is_client ? destination.labels : source.labels;
	key->port = bpf_ntohs(is_client ? ends->destination_port : ends->source_port);
	key->family = ends->family;
	key->direction = is_client ? HT_DIRECTION_EGRESS : HT_DIRECTION_INGRESS;
	return true;
}

static __always_inline struct ht_place ht_place_of(const struct sk_buff *skb, const struct sock *socket)
{
	struct ht_config *config = ht_configuration();
	struct ht_place nowhere = {};

	if (!config || !config->netns_cookie)
		return nowhere;
	return ht_locate(skb ? BPF_CORE_READ(skb, dev) : NULL, socket, config->netns_cookie);
}

static __always_inline void ht_count_retransmit(const struct sock *socket)
{
	struct ht_place place = ht_place_of(NULL, socket);
	struct ht_tcp_key key;
	struct ht_ends ends;
	struct ht_tcp *tcp;

	if (!place.is_ours || !ht_socket_ends(socket, &ends) || !ht_tcp_key_of(&ends, place.ifindex, &key))
		return;
	tcp = ht_tcp_pair(&key);
	if (tcp)
		ht_add_shared(&tcp->retransmits, 1);
}

/* A RST that answers a packet goes back to where that came from; else it is the socket's own. */
static __noinline bool ht_reset_ends(const struct sk_buff *skb, const struct sock *socket, struct ht_ends *ends)
{
	struct ht_packet packet;

	if (!ends)
		return false;
	if (!skb)
		return socket && ht_socket_ends(socket, ends);
	if (!ht_read_dropped(skb, &packet) || packet.ends.protocol != HT_IP_TCP)
		return false;
	ht_copy(ends->source, packet.ends.destination, 16);
	ht_copy(ends->destination, packet.ends.source, 16);
	ends->source_port = packet.ends.destination_port;
	ends->destination_port = packet.ends.source_port;
	ends->family = packet.ends.family;
	ends->protocol = HT_IP_TCP;
	ends->icmp = 0;
	ends->is_answer = 0;
	return true;
}

static __always_inline void ht_count_reset(const struct sock *socket, const struct sk_buff *skb, __u32 reason)
{
	struct ht_place place = ht_place_of(skb, socket);
	struct ht_reset_key reset;
	struct ht_tcp_key key;
	struct ht_ends ends;
	__u64 none = 0, *count;

	if (!place.is_ours || !ht_reset_ends(skb, socket, &ends) || !ht_tcp_key_of(&ends, place.ifindex, &key))
		return;
	reset.client_labels = key.client_labels;
	reset.server_labels = key.server_labels;
	reset.reason = reason;
	reset.port = key.port;
	reset.family = key.family;
	reset.direction = key.direction;
	count = bpf_map_lookup_elem(&ht_resets, &reset);
	if (!count) {
		bpf_map_update_elem(&ht_resets, &reset, &none, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&ht_resets, &reset);
	}
	if (count)
		ht_add_shared(count, 1);
	else
		ht_tcp_miss();
}

/* Arguments: socket, skb and, on newer kernels, an error: then nothing was sent. */
SEC("tp_btf/tcp_retransmit_skb")
int ht_retransmit(__u64 *arguments)
{
	if (bpf_core_field_exists(((struct trace_event_raw_tcp_retransmit_skb___error *)0)->err) && (int)arguments[2])
		return 0;
	ht_count_retransmit((const struct sock *)arguments[0]);
	return 0;
}

/* Arguments: socket (or none), the skb that is answered (or none), and since Linux 6.10 the reason. */
SEC("tp_btf/tcp_send_reset")
int ht_send_reset(__u64 *arguments)
{
	__u32 reason = 0;

	if (bpf_core_field_exists(((struct trace_event_raw_tcp_send_reset___reason *)0)->reason))
		reason = (__u32)arguments[2];
	ht_count_reset((const struct sock *)arguments[0], (const struct sk_buff *)arguments[1], reason);
	return 0;
}

#endif
