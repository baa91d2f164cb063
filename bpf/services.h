/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Services, and which socket asked for which: written by the hooks at sockets, read where its packets come out. */
#ifndef HUBTOP_SERVICES_H
#define HUBTOP_SERVICES_H

#include "maps.h"
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536); /* Cilium's bpf-lb-map-max */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ht_service_key);
	__type(value, struct ht_service);
} ht_services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ht_backend_key);
	__type(value, struct ht_backend);
} ht_backends SEC(".maps");

/* Whom a socket was sent to -> whom it had asked for. */
struct ht_reverse_key {
	__u64 cookie;
	__u8 ip[16];
	__u16 port; /* network order */
	__u8 family;
	__u8 padding[5];
};
struct ht_reverse {
	__u8 ip[16];
	__u16 port;
	__u16 padding;
	__u32 service;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct ht_reverse_key);
	__type(value, struct ht_reverse);
} ht_reverse SEC(".maps");

/* Socket -> service it is connected to, also where somebody else translates. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, __u32);
} ht_sockets SEC(".maps");

static __always_inline void ht_reverse_key_of(struct ht_reverse_key *key, __u64 cookie, const __u8 *ip, __u16 port, __u8 family)
{
	ht_zero(key, sizeof(*key));
	key->cookie = cookie;
	ht_copy(key->ip, ip, 16);
	key->port = port;
	key->family = family;
}

/* The service that the sender's socket asked for; 0 if none, or if the packet comes from no socket of this machine. */
static __noinline __u32 ht_service_asked(struct __sk_buff *skb, const struct ht_packet *packet)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct ht_reverse_key key;
	struct ht_reverse *asked;
	__u32 *service;

	if (!cookie || !packet)
		return 0;
	ht_reverse_key_of(&key, cookie, packet->ends.destination, packet->ends.destination_port, packet->ends.family);
	asked = bpf_map_lookup_elem(&ht_reverse, &key);
	if (asked)
		return asked->service;
	service = bpf_map_lookup_elem(&ht_sockets, &cookie);
	return service ? *service : 0;
}

#endif
