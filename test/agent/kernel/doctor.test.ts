import { describe, expect, test } from 'vitest';
import { cgroup2Mount } from '../../../agent/kernel/cgroup.ts';
import type { DevicePrograms } from '../../../agent/kernel/device-programs.ts';
import { diagnose, lockdownOf, type MachineFacts, readMachineFacts } from '../../../agent/kernel/doctor.ts';
import { MachineMaps } from '../../../agent/kernel/machine-maps.ts';
import { missingForKernelTests, objectPath } from './scratch-namespaces.ts';

const well: MachineFacts = { kernel: '6.18.1', hasTcx: true, errors: {}, cgroup2: '/sys/fs/cgroup', jit: '1', lockdown: 'none', hasConntrack: true, devices: [] };
const bad = (facts: Partial<MachineFacts>): string[] => diagnose({ ...well, ...facts }).filter(({ standing }) => standing !== 'ok').map(({ what, standing, says, advice }) => `${what} ${standing}: ${says} → ${advice ?? ''}`);

describe('diagnose()', () => {
  test('a machine where all is well', () => {
    expect(bad({})).toEqual([]);
    expect(diagnose(well).map(({ what }) => what)).toEqual(['privileges', 'kernel', 'attachment', 'koffi', 'libbpf', 'programs', 'verifier', 'drop tracing', 'JIT', 'lockdown', 'cgroup v2', 'nf_conntrack', 'neighbours']);
  });

  test.each<[Partial<MachineFacts>, string[]]>([
    [{ errors: { privileges: 'hubtop agent needs root: run it with sudo' }, devices: undefined }, ['privileges missing: hubtop agent needs root → run it with sudo', 'neighbours less: not looked at → what is missing above is needed to look']],
    [{ errors: { btf: 'no BTF at /sys/kernel/btf/vmlinux: hubtop agent needs a kernel with it' }, devices: undefined }, ['kernel missing: no BTF at /sys/kernel/btf/vmlinux → hubtop agent needs a kernel with it', 'neighbours less: not looked at → what is missing above is needed to look']],
    [{ errors: { load: 'the kernel refused the programs: EINVAL; verifier: R1 is not a pointer' }, devices: undefined }, [expect.stringContaining('verifier missing') as string, expect.stringContaining('neighbours less') as string]],
    [{ errors: { tracing: 'cannot attach ht_kfree_skb: EPERM' } }, ["drop tracing less: cannot attach ht_kfree_skb: EPERM → only our own programs' drops are seen: allow tracing programs (CAP_PERFMON, no lockdown)"]],
    [{ jit: '0' }, ['JIT less: off → each packet costs about ten times as much: sysctl net.core.bpf_jit_enable=1']],
    [{ lockdown: 'confidentiality' }, [expect.stringContaining('lockdown less: confidentiality') as string]],
    [{ lockdown: 'integrity' }, []],
    [{ cgroup2: undefined }, [expect.stringContaining('cgroup v2 less: not mounted') as string]],
    [{ hasConntrack: false }, []],
    [{ hasTcx: false }, ['attachment less: no tcx: filters of tc are used, and the kernel counts no map → a crash leaves the filters behind until the next start; Linux 6.6 has both']],
    [{ devices: [{ device: 'eth0', ingress: ['ht_from_endpoint', 'cil_from_netdev'], egress: [], filters: [], xdp: 'lb_xdp' }] }, ['XDP less: eth0 runs lb_xdp → what it drops or sends back is not seen here: it comes before everything else']],
  ])('%j', (facts, findings) => {
    expect(bad(facts)).toEqual(findings);
  });

  test('names programs of others, never our own', () => {
    const says = (devices: MachineFacts['devices']): string[] => diagnose({ ...well, devices }).filter(({ what }) => what === 'neighbours').map((one) => one.says);
    expect(says([{ device: 'eth0', ingress: ['ht_from_endpoint', 'cil_from_netdev'], egress: ['cil_to_netdev'], filters: [], xdp: undefined }])).toEqual(['eth0: in cil_from_netdev; out cil_to_netdev: ours go before them and hide nothing']);
    expect(says([{ device: 'veth1', ingress: ['ht_from_endpoint'], egress: ['ht_to_endpoint'], filters: [{ way: 'ingress', name: 'hubtop_ingress', priority: 2 }], xdp: undefined }])[0]).toContain('no program of others');
  });

  test.each<[string, Partial<DevicePrograms>, boolean, string]>([
    ['a link before ours', { ingress: ['cil_from_netdev', 'ht_from_endpoint'] }, true, 'less: what cil_from_netdev drops or sends elsewhere is not seen here: it runs before ours'],
    ['a filter of tc behind our link', { ingress: ['ht_from_endpoint'], filters: [{ way: 'ingress', name: 'cil_from_container', priority: 1 }] }, true, 'ok: '],
    ['a filter of tc where our links will go', { filters: [{ way: 'egress', name: 'u32', priority: 1 }] }, true, 'ok: '],
    ['a filter of tc where our filter will go', { filters: [{ way: 'egress', name: 'u32', priority: 1 }] }, false, 'less: what u32 (tc priority 1) drops or sends elsewhere is not seen here: it runs before ours'],
    ['a filter of tc that leaves room before it', { filters: [{ way: 'egress', name: 'u32', priority: 10 }] }, false, 'ok: '],
    ['a filter of tc before ours', { filters: [{ way: 'ingress', name: 'cali_from_wl', priority: 2 }, { way: 'ingress', name: 'hubtop_ingress', priority: 3 }] }, false, 'less: what cali_from_wl (tc priority 2) drops or sends elsewhere is not seen here: it runs before ours'],
  ])('tells who runs before ours: %s', (_case, programs, isTcx, says) => {
    const device: DevicePrograms = { device: 'veth1', ingress: [], egress: [], filters: [], xdp: undefined, ...programs };
    expect(diagnose({ ...well, hasTcx: isTcx, devices: [device] }).filter(({ what }) => what === 'neighbours').map(({ standing, advice }) => `${standing}: ${advice ?? ''}`)).toEqual([says]);
  });

  test('another operating system is the only thing to say', () => {
    expect(diagnose({ ...well, errors: { system: 'hubtop agent needs Linux, this is darwin: run it on the node' } })).toEqual([{ what: 'system', standing: 'missing', says: 'hubtop agent needs Linux, this is darwin', advice: 'run it on the node' }]);
  });
});

test.each([
  ['cgroup2 /sys/fs/cgroup cgroup2 rw 0 0', '/sys/fs/cgroup'],
  ['tmpfs /tmp tmpfs rw 0 0\ncgroup2 /a\\040b cgroup2 rw 0 0\n', '/a b'],
  ['cgroup /sys/fs/cgroup/cpu cgroup rw 0 0', undefined],
  ['', undefined],
])('cgroup2Mount(%j) is %s', (mounts, path) => {
  expect(cgroup2Mount(mounts)).toBe(path);
});

test.each([['none [integrity] confidentiality\n', 'integrity'], ['[none] integrity', 'none'], ['', undefined], [undefined, undefined]])('lockdownOf(%j) is %s', (text, mode) => {
  expect(lockdownOf(text)).toBe(mode);
});

const missing = missingForKernelTests();
test.skipIf(missing !== undefined)('this machine runs the agent, and nothing of the look at it stays', async () => {
  const machine = new MachineMaps(objectPath);
  try {
    const own = (): number[] => machine.read().maps.filter(({ name }) => name.startsWith('ht_')).map(({ id }) => id);
    const before = own();
    expect(readMachineFacts(objectPath).errors).toEqual({});
    // the kernel frees a program's maps a moment after it
    await expect.poll(() => own().filter((id) => !before.includes(id)), { timeout: 15_000 }).toEqual([]);
  } finally {
    machine.close();
  }
});
