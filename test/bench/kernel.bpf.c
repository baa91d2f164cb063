// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The product's programs, and what is needed to time them: nothing, and a new connection on each run. */
#include "hubtop.bpf.c"

SEC("tc")
int ht_bench_nothing(struct __sk_buff *skb)
{
	return HT_NEXT;
}

/* Another source address and port for each run. The low half of the count is the port. */
static __always_inline bool ht_bench_touch_source(struct __sk_buff *skb)
{
	static __u32 runs;
	void *data = (void *)(long)skb->data;
	__u32 run = __sync_fetch_and_add(&runs, 1);

	if (data + HT_ETH_BYTES + 22 > (void *)(long)skb->data_end)
		return false;
	*(__u16 *)(data + HT_ETH_BYTES + 14) = run >> 16;
	*(__u16 *)(data + HT_ETH_BYTES + 20) = run;
	return true;
}

SEC("tc")
int ht_bench_touch(struct __sk_buff *skb)
{
	ht_bench_touch_source(skb);
	return HT_NEXT;
}

SEC("tc")
int ht_bench_new(struct __sk_buff *skb)
{
	if (!ht_bench_touch_source(skb))
		return HT_NEXT;
	return ht_handle(skb, HT_DIRECTION_EGRESS);
}

/* Another port of the same source for each run: one pod opens connections. */
static __always_inline bool ht_bench_touch_port(struct __sk_buff *skb)
{
	static __u32 ports;
	void *data = (void *)(long)skb->data;

	if (data + HT_ETH_BYTES + 22 > (void *)(long)skb->data_end)
		return false;
	*(__u16 *)(data + HT_ETH_BYTES + 20) = __sync_fetch_and_add(&ports, 1);
	return true;
}

SEC("tc")
int ht_bench_port(struct __sk_buff *skb)
{
	ht_bench_touch_port(skb);
	return HT_NEXT;
}

SEC("tc")
int ht_bench_from_port(struct __sk_buff *skb)
{
	if (!ht_bench_touch_port(skb))
		return HT_NEXT;
	return ht_handle(skb, HT_DIRECTION_EGRESS);
}

SEC("tc")
int ht_bench_to_port(struct __sk_buff *skb)
{
	if (!ht_bench_touch_port(skb))
		return HT_NEXT;
	return ht_handle(skb, HT_DIRECTION_INGRESS);
}

/* What no program that tracks connections gets around: a place in the kernel's LRU table. */
SEC("tc")
int ht_bench_insert(struct __sk_buff *skb)
{
	static const struct ht_conntrack entry;
	struct ht_conntrack_key key;
	void *data;

	if (!ht_bench_touch_port(skb))
		return HT_NEXT;
	data = (void *)(long)skb->data;
	if (data + HT_ETH_BYTES + 22 > (void *)(long)skb->data_end)
		return HT_NEXT;
	ht_zero(&key, sizeof(key));
	key.family = 4;
	key.protocol = HT_IP_TCP;
	key.a_port = *(__u16 *)(data + HT_ETH_BYTES + 20);
	bpf_map_update_elem(&ht_conntrack, &key, &entry, BPF_NOEXIST);
	return HT_NEXT;
}
