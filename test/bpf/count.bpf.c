// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Stands behind our programs on a device and counts what they let pass. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} passed SEC(".maps");

SEC("tc")
int count_passed(struct __sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *skbs = bpf_map_lookup_elem(&passed, &zero);

	if (skbs)
		__sync_fetch_and_add(skbs, 1);
	return -1; /* TCX_NEXT */
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
