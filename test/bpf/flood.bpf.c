// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Our programs, and one that gives each run of its packet another source: a flood without a call for each packet. */
#include "hubtop.bpf.c"

#define SOURCE_AT (HT_ETH_BYTES + 12)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} ht_test_source SEC(".maps");

SEC("tc")
int ht_test_flood(struct __sk_buff *skb)
{
	__u32 zero = 0, source;
	__u32 *last = bpf_map_lookup_elem(&ht_test_source, &zero);

	if (!last)
		return HT_SHOT;
	source = bpf_htonl(++*last);
	if (bpf_skb_store_bytes(skb, SOURCE_AT, &source, sizeof(source), 0))
		return HT_SHOT;
	return ht_handle(skb, HT_DIRECTION_INGRESS);
}
