/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The hooks at sockets, on one cgroup: who asks for which service and, where
 * a service says so, the backend it is sent to instead. They run in the
 * caller's own context and can be interrupted by the tc hooks on their CPU.
 */
#ifndef HUBTOP_SOCK_H
#define HUBTOP_SOCK_H

#include "call.h"

#define HT_SOCK_PASS 1
#define HT_SOCK_REFUSE 0
#define HT_MAPPED_PREFIX bpf_htonl(0xffff) /* ::ffff:0:0/96 */

static __always_inline void ht_read_ipv4(struct bpf_sock_addr *context, struct ht_service_key *key)
{
	ht_zero(key, sizeof(*key));
	*(__u32 *)key->ip = context->user_ip4;
	key->port = (__u16)context->user_port;
	key->protocol = (__u8)context->protocol;
	key->family = 4;
}

/* An IPv4 address in an IPv6 one means IPv4: sockets of both families. Returns whether it is one. */
static __always_inline bool ht_read_ipv6(struct bpf_sock_addr *context, struct ht_service_key *key)
{
	__u32 *words = (__u32 *)key->ip;

	ht_zero(key, sizeof(*key));
	words[0] = context->user_ip6[0];
	words[1] = context->user_ip6[1];
	words[2] = context->user_ip6[2];
	words[3] = context->user_ip6[3];
	key->port = (__u16)context->user_port;
	key->protocol = (__u8)context->protocol;
	key->family = 6;
	if (words[0] || words[1] || words[2] != HT_MAPPED_PREFIX)
		return false;
	words[0] = words[3];
	words[2] = words[3] = 0;
	key->family = 4;
	return true;
}

static __always_inline void ht_write_ipv4(struct bpf_sock_addr *context, const struct ht_service_key *key)
{
	context->user_ip4 = *(const __u32 *)key->ip;
	context->user_port = key->port;
}

static __always_inline void ht_write_ipv6(struct bpf_sock_addr *context, const struct ht_service_key *key, bool is_mapped)
{
	const __u32 *words = (const __u32 *)key->ip;

	if (is_mapped) {
		context->user_ip6[3] = words[0];
	} else {
		context->user_ip6[0] = words[0];
		context->user_ip6[1] = words[1];
		context->user_ip6[2] = words[2];
		context->user_ip6[3] = words[3];
	}
	context->user_port = key->port;
}

static __always_inline int ht_call_ipv4(struct bpf_sock_addr *context, bool is_connect)
{
	struct ht_service_key to;
	enum ht_call call;

	ht_read_ipv4(context, &to);
	call = ht_call(context, &to, is_connect);
	if (call == HT_CALL_TRANSLATED)
		ht_write_ipv4(context, &to);
	return call == HT_CALL_REFUSED ? HT_SOCK_REFUSE : HT_SOCK_PASS;
}

static __always_inline int ht_call_ipv6(struct bpf_sock_addr *context, bool is_connect)
{
	struct ht_service_key to;
	enum ht_call call;
	bool is_mapped = ht_read_ipv6(context, &to);

	call = ht_call(context, &to, is_connect);
	if (call == HT_CALL_TRANSLATED)
		ht_write_ipv6(context, &to, is_mapped);
	return call == HT_CALL_REFUSED ? HT_SOCK_REFUSE : HT_SOCK_PASS;
}

static __always_inline int ht_peer_ipv4(struct bpf_sock_addr *context)
{
	struct ht_service_key peer;

	ht_read_ipv4(context, &peer);
	if (ht_peer(context, &peer))
		ht_write_ipv4(context, &peer);
	return HT_SOCK_PASS;
}

static __always_inline int ht_peer_ipv6(struct bpf_sock_addr *context)
{
	struct ht_service_key peer;
	bool is_mapped = ht_read_ipv6(context, &peer);

	if (ht_peer(context, &peer))
		ht_write_ipv6(context, &peer, is_mapped);
	return HT_SOCK_PASS;
}

SEC("cgroup/connect4")
int ht_connect4(struct bpf_sock_addr *context)
{
	return ht_call_ipv4(context, true);
}

SEC("cgroup/connect6")
int ht_connect6(struct bpf_sock_addr *context)
{
	return ht_call_ipv6(context, true);
}

SEC("cgroup/sendmsg4")
int ht_sendmsg4(struct bpf_sock_addr *context)
{
	return ht_call_ipv4(context, false);
}

SEC("cgroup/sendmsg6")
int ht_sendmsg6(struct bpf_sock_addr *context)
{
	return ht_call_ipv6(context, false);
}

SEC("cgroup/recvmsg4")
int ht_recvmsg4(struct bpf_sock_addr *context)
{
	return ht_peer_ipv4(context);
}

SEC("cgroup/recvmsg6")
int ht_recvmsg6(struct bpf_sock_addr *context)
{
	return ht_peer_ipv6(context);
}

SEC("cgroup/getpeername4")
int ht_getpeername4(struct bpf_sock_addr *context)
{
	return ht_peer_ipv4(context);
}

SEC("cgroup/getpeername6")
int ht_getpeername6(struct bpf_sock_addr *context)
{
	return ht_peer_ipv6(context);
}

#endif
