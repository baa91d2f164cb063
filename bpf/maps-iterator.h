/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Every BPF map of the machine, one line each: `id type max_entries entries name`. */
#ifndef HUBTOP_MAPS_ITERATOR_H
#define HUBTOP_MAPS_ITERATOR_H

#include "base.h"
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_map {
	enum bpf_map_type map_type;
	__u32 max_entries;
	__u32 id;
	char name[16];
};
struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
};
#pragma clang attribute pop

/* Since Linux 6.6: exact, and without walking the map. */
extern __s64 bpf_map_sum_elem_count(const struct bpf_map *map) __ksym __weak;

/* The kernel keeps a count for these alone; for the others it would say 0. */
static __always_inline bool ht_keeps_count(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

SEC("iter/bpf_map")
int ht_maps(struct bpf_iter__bpf_map *context)
{
	struct seq_file *seq = context->meta->seq;
	struct bpf_map *map = context->map;

	if (!map)
		return 0;
	if (bpf_map_sum_elem_count && ht_keeps_count(map->map_type))
		BPF_SEQ_PRINTF(seq, "%u %u %u %lld %s\n", map->id, map->map_type, map->max_entries,
			       bpf_map_sum_elem_count(map), map->name);
	else
		BPF_SEQ_PRINTF(seq, "%u %u %u - %s\n", map->id, map->map_type, map->max_entries, map->name);
	return 0;
}

#endif
