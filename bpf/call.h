/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A socket asks for a service: what is told of it, and whom it is sent to. No packet exists yet. */
#ifndef HUBTOP_CALL_H
#define HUBTOP_CALL_H

#include "place.h"
#include "tc.h"

#define HT_EHOSTUNREACH 113    /* what Cilium answers, too */
#define HT_DROP_NO_BACKEND 158 /* Cilium's SERVICE_BACKEND_NOT_FOUND */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct nsproxy {
	struct net *net_ns;
};
struct task_struct {
	struct nsproxy *nsproxy;
};
#pragma clang attribute pop

/* When a socket's datagrams to a service were last reported. */
struct ht_asked_key {
	__u64 cookie;
	__u32 service;
	__u16 port;
	__u8 protocol;
	__u8 family;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct ht_asked_key);
	__type(value, __u32);
} ht_asked SEC(".maps");

/* A socket that asks for a service. */
struct ht_caller {
	__u64 cookie;
	__u64 cgroup;
	__u32 ifindex; /* our device to its network namespace, 0 unknown */
	__u32 service;
	__u16 port;    /* its own, host order, 0 until it is bound */
	__u8 is_quiet; /* reported lately */
	__u8 padding;
	__u8 ip[16];   /* its own, zero until it is bound */
};

/* The network namespace of a socket is the caller's but for sockets that were handed over. */
static __always_inline __u32 ht_device_of_caller(struct bpf_sock_addr *context)
{
	const struct task_struct *task = (const void *)bpf_get_current_task();
	struct ht_config *config = ht_configuration();
	__u64 cookie = bpf_get_netns_cookie(context);
	const struct net *net = BPF_CORE_READ(task, nsproxy, net_ns);

	if (!config || !net || cookie == config->netns_cookie || ht_cookie(net) != cookie)
		return 0;
	return ht_device_of(net, cookie, config->netns_cookie);
}

static __always_inline void ht_read_own_end(struct bpf_sock_addr *context, struct ht_caller *caller, __u8 family)
{
	struct bpf_sock *socket = context->sk;
	__u32 *words = (__u32 *)caller->ip;

	if (!socket)
		return;
	caller->port = socket->src_port;
	if (family == 4) {
		words[0] = socket->src_ip4;
	} else {
		words[0] = socket->src_ip6[0];
		words[1] = socket->src_ip6[1];
		words[2] = socket->src_ip6[2];
		words[3] = socket->src_ip6[3];
	}
}

/* A sock event, or the drop of a call: there is no packet yet. */
static __noinline void ht_report_call(const struct ht_caller *caller, const struct ht_service_key *to, __u8 point)
{
	bool is_drop = point == 0;
	__u8 lane = is_drop ? HT_LANE_URGENT : HT_LANE_BULK;
	struct ht_counters *counters = ht_count();
	struct ht_event_counts *counts;
	struct ht_address address;
	struct ht_report report;
	struct ht_device *device;
	struct ht_event *event;
	__u64 sequence;

	if (!counters || !caller || !to)
		return;
	counts = is_drop ? &counters->kinds[HT_LANE_URGENT][HT_KIND_DROP] : &counters->kinds[HT_LANE_BULK][HT_KIND_SOCK];
	ht_add_shared(&counts->happened, 1);
	if (caller->is_quiet && !is_drop) {
		ht_add_shared(&counts->suppressed, 1);
		return;
	}
	if (point == HT_XLATE_POST_FORWARD)
		ht_add_shared(&counters->sock_translated, 1);
	ht_zero(&report, sizeof(report));
	report.ifindex = caller->ifindex;
	device = bpf_map_lookup_elem(&ht_devices, &report.ifindex);
	if (device) {
		report.source_ref = device->ref;
		report.source_labels = device->labels;
	}
	address = ht_owner(to->ip, to->family);
	report.destination_ref = address.ref;
	report.destination_labels = address.labels;
	report.service = caller->service;
	report.type = is_drop ? HT_EVENT_DROP : HT_EVENT_SOCK;
	report.lane = lane;
	report.sub_type = point;
	report.reason = HT_TRACE_UNKNOWN;
	report.flags = to->family == 6 ? HT_FLAG_IPV6 : 0;
	if (is_drop) {
		report.why = HT_WHY_DROP;
		report.direction = HT_DIRECTION_EGRESS;
		report.drop_reason = HT_DROP_NO_BACKEND;
		report.line = __LINE__;
	}
	sequence = __sync_fetch_and_add(&counters->sequence[lane], 1);
	event = ht_reserve(lane);
	if (!event) {
		ht_add_shared(&counts->lost, 1);
		return;
	}
	ht_begin(event, &report, sequence);
	event->ifindex = 0;
	event->protocol = to->protocol;
	ht_copy(event->source_ip, caller->ip, 16);
	ht_copy(event->destination_ip, to->ip, 16);
	event->source_port = caller->port;
	event->destination_port = bpf_ntohs(to->port);
	if (is_drop) {
		/* The call stands for the packet that it would have sent. */
		event->skbs = 1;
		event->segments = 1;
	} else {
		ht_copy(event->source_mac, &caller->cookie, 6);
		ht_copy(event->destination_mac, (const __u8 *)&caller->cookie + 6, 2);
		event->bytes = caller->cgroup;
	}
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	ht_add_shared(&counts->submitted, 1);
}

/* Has this socket reported the same within the interval? If not, it does now. */
static __noinline bool ht_was_reported(__u64 cookie, const struct ht_service_key *to, __u32 service)
{
	struct ht_config *config = ht_configuration();
	__u32 now_s = ht_read_s(), *last_s;
	struct ht_asked_key key;

	if (!config || !to)
		return false;
	ht_zero(&key, sizeof(key));
	key.cookie = cookie;
	key.service = service;
	key.port = to->port;
	key.protocol = to->protocol;
	key.family = to->family;
	last_s = bpf_map_lookup_elem(&ht_asked, &key);
	if (last_s && now_s - *last_s < (config->report_interval ? config->report_interval : HT_DEFAULT_INTERVAL_S))
		return true;
	bpf_map_update_elem(&ht_asked, &key, &now_s, BPF_ANY);
	return false;
}

/* The socket goes where no service is: what it had asked before says nothing about that. */
static __noinline void ht_forget_call(__u64 cookie, const struct ht_service_key *to)
{
	struct ht_reverse_key key;

	if (!to)
		return;
	if (bpf_map_lookup_elem(&ht_sockets, &cookie))
		bpf_map_delete_elem(&ht_sockets, &cookie);
	ht_reverse_key_of(&key, cookie, to->ip, to->port, to->family);
	if (bpf_map_lookup_elem(&ht_reverse, &key))
		bpf_map_delete_elem(&ht_reverse, &key);
}

/* One of the backends at random; NULL if there is none. */
static __noinline struct ht_backend *ht_choose(const struct ht_service_key *to)
{
	struct ht_backend_key key;
	struct ht_service *service;
	struct ht_backend *backend;

	if (!to)
		return NULL;
	/* The agent may be taking away the set that was just looked up: then there is a newer one. */
	for (int attempt = 0; attempt < 2; attempt++) {
		service = bpf_map_lookup_elem(&ht_services, to);
		if (!service || !service->backends)
			return NULL;
		key.set = service->set;
		key.slot = bpf_get_prandom_u32() % service->backends;
		backend = bpf_map_lookup_elem(&ht_backends, &key);
		if (backend)
			return backend;
	}
	return NULL;
}

/* Notes what the socket was sent to; `backend` takes the place of `to`. */
static __noinline void ht_translate(__u64 cookie, struct ht_service_key *to, const struct ht_backend *backend, __u32 service)
{
	struct ht_reverse_key key;
	struct ht_reverse reverse;
	struct ht_counters *counters = ht_count();

	if (!counters || !to || !backend)
		return;
	ht_zero(&reverse, sizeof(reverse));
	ht_copy(reverse.ip, to->ip, 16);
	reverse.port = to->port;
	reverse.service = service;
	ht_copy(to->ip, backend->ip, 16);
	to->port = backend->port;
	ht_reverse_key_of(&key, cookie, to->ip, to->port, to->family);
	if (bpf_map_update_elem(&ht_reverse, &key, &reverse, BPF_ANY) != 0)
		ht_add_shared(&counters->sock_reverse_failed, 1);
}

static __always_inline void ht_note_socket(__u64 cookie, __u32 service, bool is_connect)
{
	__u32 *known;

	if (is_connect) {
		bpf_map_update_elem(&ht_sockets, &cookie, &service, BPF_ANY);
		return;
	}
	/* A datagram of a connected socket to another address than its peer's. */
	known = bpf_map_lookup_elem(&ht_sockets, &cookie);
	if (known && *known != service)
		bpf_map_delete_elem(&ht_sockets, &cookie);
}

enum ht_call { HT_CALL_AS_IT_IS, HT_CALL_TRANSLATED, HT_CALL_REFUSED };

/* What becomes of a connect or of a datagram with an address of its own; `to` is changed where it is translated. */
static __always_inline enum ht_call ht_call(struct bpf_sock_addr *context, struct ht_service_key *to, bool is_connect)
{
	struct ht_service *service = bpf_map_lookup_elem(&ht_services, to);
	struct ht_counters *counters = ht_count();
	struct ht_backend *backend;
	struct ht_caller caller;

	ht_zero(&caller, sizeof(caller));
	caller.cookie = bpf_get_socket_cookie(context);
	if (ht_likely(!service)) {
		ht_forget_call(caller.cookie, to);
		return HT_CALL_AS_IT_IS;
	}
	caller.service = service->service;
	caller.cgroup = bpf_get_current_cgroup_id();
	caller.ifindex = ht_device_of_caller(context);
	caller.is_quiet = !is_connect && ht_was_reported(caller.cookie, to, caller.service);
	ht_read_own_end(context, &caller, to->family);
	ht_note_socket(caller.cookie, caller.service, is_connect);
	ht_report_call(&caller, to, HT_XLATE_PRE_FORWARD);
	if (!(service->flags & HT_SERVICE_TRANSLATE))
		return HT_CALL_AS_IT_IS;
	backend = ht_choose(to);
	if (!backend) {
		if (counters)
			ht_add_shared(&counters->sock_refused, 1);
		ht_report_call(&caller, to, 0);
		bpf_set_retval(-HT_EHOSTUNREACH);
		return HT_CALL_REFUSED;
	}
	ht_translate(caller.cookie, to, backend, caller.service);
	ht_report_call(&caller, to, HT_XLATE_POST_FORWARD);
	return HT_CALL_TRANSLATED;
}

/* The peer of a socket; true if it stands for a service, whose address is then in `peer`. */
static __always_inline bool ht_peer(struct bpf_sock_addr *context, struct ht_service_key *peer)
{
	struct ht_reverse_key key;
	struct ht_reverse *asked;

	ht_reverse_key_of(&key, bpf_get_socket_cookie(context), peer->ip, peer->port, peer->family);
	asked = bpf_map_lookup_elem(&ht_reverse, &key);
	if (!asked)
		return false;
	ht_copy(peer->ip, asked->ip, 16);
	peer->port = asked->port;
	return true;
}

#endif
