import { KernelError } from './kernel-error.ts';
import { loadLibrary, type NativeFunction } from './native.ts';

const prototypes = {
  bpf_object__open_mem: 'void *bpf_object__open_mem(const void *memory, size_t size, const void *options)',
  bpf_object__load: 'int bpf_object__load(void *object)',
  bpf_object__close: 'void bpf_object__close(void *object)',
  bpf_object__next_map: 'void *bpf_object__next_map(void *object, void *map)',
  bpf_object__next_program: 'void *bpf_object__next_program(void *object, void *program)',
  bpf_object__find_map_by_name: 'void *bpf_object__find_map_by_name(void *object, const char *name)',
  bpf_object__find_program_by_name: 'void *bpf_object__find_program_by_name(void *object, const char *name)',
  bpf_map__fd: 'int bpf_map__fd(void *map)',
  bpf_map__name: 'void *bpf_map__name(void *map)',
  bpf_map__key_size: 'uint32_t bpf_map__key_size(void *map)',
  bpf_map__value_size: 'uint32_t bpf_map__value_size(void *map)',
  bpf_map__max_entries: 'uint32_t bpf_map__max_entries(void *map)',
  bpf_map__type: 'int bpf_map__type(void *map)',
  bpf_map__set_autocreate: 'int bpf_map__set_autocreate(void *map, uint8_t autocreate)',
  bpf_map__set_max_entries: 'int bpf_map__set_max_entries(void *map, uint32_t entries)',
  bpf_program__fd: 'int bpf_program__fd(void *program)',
  bpf_program__name: 'void *bpf_program__name(void *program)',
  bpf_program__set_autoload: 'int bpf_program__set_autoload(void *program, uint8_t autoload)',
  bpf_program__attach_trace: 'void *bpf_program__attach_trace(void *program)',
  bpf_program__attach_iter: 'void *bpf_program__attach_iter(void *program, void *options)',
  bpf_link__fd: 'int bpf_link__fd(void *link)',
  bpf_link__destroy: 'int bpf_link__destroy(void *link)',
  bpf_link_create: 'int bpf_link_create(int program, int target, int type, const void *options)',
  bpf_link_update: 'int bpf_link_update(int link, int program, const void *options)',
  bpf_obj_pin: 'int bpf_obj_pin(int fd, const char *path)',
  bpf_obj_get: 'int bpf_obj_get(const char *path)',
  bpf_iter_create: 'int bpf_iter_create(int link)',
  bpf_enable_stats: 'int bpf_enable_stats(int type)',
  bpf_map_create: 'int bpf_map_create(int type, const char *name, uint32_t key_size, uint32_t value_size, uint32_t max_entries, const void *options)',
  bpf_map_lookup_elem: 'int bpf_map_lookup_elem(int map, const void *key, void *value)',
  bpf_map_update_elem: 'int bpf_map_update_elem(int map, const void *key, const void *value, uint64_t flags)',
  bpf_map_delete_elem: 'int bpf_map_delete_elem(int map, const void *key)',
  bpf_map_lookup_and_delete_elem: 'int bpf_map_lookup_and_delete_elem(int map, const void *key, void *value)',
  bpf_map_get_next_key: 'int bpf_map_get_next_key(int map, const void *key, void *next)',
  bpf_map_lookup_batch: 'int bpf_map_lookup_batch(int map, void *in, void *out, void *keys, void *values, void *count, const void *options)',
  bpf_map_update_batch: 'int bpf_map_update_batch(int map, const void *keys, const void *values, void *count, const void *options)',
  bpf_prog_get_next_id: 'int bpf_prog_get_next_id(uint32_t start, void *next)',
  bpf_prog_get_fd_by_id: 'int bpf_prog_get_fd_by_id(uint32_t id)',
  bpf_xdp_query_id: 'int bpf_xdp_query_id(int ifindex, int flags, void *program)',
  bpf_map_get_fd_by_id: 'int bpf_map_get_fd_by_id(uint32_t id)',
  bpf_obj_get_info_by_fd: 'int bpf_obj_get_info_by_fd(int fd, void *info, void *length)',
  bpf_prog_test_run_opts: 'int bpf_prog_test_run_opts(int program, void *options)',
  libbpf_num_possible_cpus: 'int libbpf_num_possible_cpus()',
  libbpf_set_print: 'void *libbpf_set_print(void *function)',
};

/** The functions of libbpf that hubtop uses; results below zero are negative errno. */
export type Libbpf = Record<keyof typeof prototypes, NativeFunction>;

let loaded: Libbpf | undefined;

/** The system's libbpf, loaded on first use and told to be silent. */
export function libbpf(): Libbpf {
  if (loaded !== undefined) return loaded;
  loaded = loadLibrary('libbpf.so.1', prototypes);
  if (loaded === undefined) throw new KernelError('no-libbpf', 'libbpf.so.1 not found: apt-get install libbpf1');
  // it prints to stderr by default, into the middle of a full-screen dashboard
  loaded.libbpf_set_print(null);
  return loaded;
}

/** How many values a per-CPU map holds for each key. */
export function possibleCpus(): number {
  return Math.max(1, Number(libbpf().libbpf_num_possible_cpus()));
}
