import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { attachTracing } from './attach.ts';
import { loadObject } from './bpf-object.ts';
import { cgroup2Mount } from './cgroup.ts';
import { type DevicePrograms, devicePrograms } from './device-programs.ts';
import type { Finding } from './finding.ts';
import { errorLine } from './kernel-error.ts';
import { libbpf } from './libbpf.ts';
import { requireKoffi } from './native.ts';
import { neighbourFindings } from './neighbours.ts';
import { hasTcx, readKernelObject, requireBtf, requireLinux, requirePrivileges } from './requirements.ts';
import { unknownTracers } from './tracers.ts';

/** What was found on a machine; each error is the line that the agent itself would end with. */
export interface MachineFacts {
  kernel: string;
  /** Links that end with their program; else filters are used. */
  hasTcx: boolean;
  /** Absent: it is well. */
  errors: Partial<Record<'system' | 'privileges' | 'btf' | 'koffi' | 'libbpf' | 'object' | 'load' | 'tracing', string>>;
  /** Where cgroup v2 is mounted; undefined = nowhere. */
  cgroup2: string | undefined;
  /** `net.core.bpf_jit_enable`; undefined = the kernel has no such switch. */
  jit: string | undefined;
  /** `none`, `integrity` or `confidentiality`; undefined = the kernel has no lockdown. */
  lockdown: string | undefined;
  hasConntrack: boolean;
  /** Undefined: it could not be looked. */
  devices: readonly DevicePrograms[] | undefined;
}

/** Looks at this machine. Loads our programs for a moment where that is allowed, and attaches the one that traces drops; nothing stays. Who is about to load them anyway leaves that out. */
export function readMachineFacts(objectPath?: string, { isLoading = true }: { isLoading?: boolean } = {}): MachineFacts {
  const errors: MachineFacts['errors'] = {};
  const tried = (what: keyof MachineFacts['errors'], run: () => void): boolean => {
    try {
      run();
      return true;
    } catch (error) {
      errors[what] = errorLine(error);
      return false;
    }
  };
  const isLinux = tried('system', () => requireLinux());
  let isTcx = false;
  const isReady = isLinux && [
    tried('privileges', () => requirePrivileges()), tried('btf', () => { isTcx = hasTcx(requireBtf()); }), tried('koffi', requireKoffi), errors.koffi === undefined && tried('libbpf', () => void libbpf()),
    tried('object', () => void readKernelObject(objectPath)),
  ].every(Boolean);
  if (isReady && isLoading) tried('load', () => loadAll(objectPath, (run) => tried('tracing', run)));
  return {
    kernel: release(), hasTcx: isTcx, errors, cgroup2: isLinux ? cgroup2Mount(textOf('/proc/mounts') ?? '') : undefined, jit: textOf('/proc/sys/net/core/bpf_jit_enable')?.trim(),
    lockdown: lockdownOf(textOf('/sys/kernel/security/lockdown')), hasConntrack: textOf('/proc/sys/net/netfilter/nf_conntrack_count') !== undefined,
    devices: isReady && errors.load === undefined ? devicePrograms() : undefined,
  };
}

function loadAll(objectPath: string | undefined, tryTracing: (run: () => void) => void): void {
  // small tables: whether the kernel takes the programs does not hang on their size
  const object = loadObject(readKernelObject(objectPath), { leaveOut: unknownTracers(requireBtf()), maxEntries: { ht_urgent: 4_096, ht_bulk: 4_096, ht_conntrack: 1_024, ht_addresses: 1_024 } });
  try {
    tryTracing(() => attachTracing(object, 'ht_kfree_skb')());
  } finally {
    object.close();
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** What stands in brackets in /sys/kernel/security/lockdown. */
export function lockdownOf(text: string | undefined): string | undefined {
  return /\[([a-z]+)\]/.exec(text ?? '')?.[1];
}

/** Facts as findings, in the order of what needs what. Pure. */
export function diagnose({ kernel, hasTcx: isTcx, errors, cgroup2, jit, lockdown, hasConntrack, devices }: MachineFacts): Finding[] {
  const needed = (what: string, error: string | undefined, says: string): Finding => (error === undefined ? { what, standing: 'ok', says } : { what, standing: 'missing', says: adviceParts(error).says, advice: adviceParts(error).advice });
  if (errors.system !== undefined) return [needed('system', errors.system, '')];
  const isLoaded = errors.privileges === undefined && errors.btf === undefined && errors.koffi === undefined && errors.libbpf === undefined && errors.object === undefined;
  return [
    needed('privileges', errors.privileges, 'BPF and network administration are allowed'),
    needed('kernel', errors.btf, `${kernel}, with BTF`),
    ...(errors.btf === undefined ? [attachmentFinding(isTcx)] : []),
    needed('koffi', errors.koffi, 'native functions can be called'),
    ...(errors.koffi === undefined ? [needed('libbpf', errors.libbpf, 'libbpf.so.1 is there')] : []),
    needed('programs', errors.object, 'compiled'),
    ...(isLoaded ? [needed('verifier', errors.load, 'the kernel takes all programs'), ...(errors.load === undefined ? [tracingFinding(errors.tracing)] : [])] : []),
    jitFinding(jit), lockdownFinding(lockdown),
    cgroup2 === undefined
      ? { what: 'cgroup v2', standing: 'less', says: 'not mounted', advice: 'what sockets do before their packets cannot be seen: mount -t cgroup2 none /sys/fs/cgroup/unified' }
      : { what: 'cgroup v2', standing: 'ok', says: `at ${cgroup2}` },
    // no firewall and no kube-proxy needs it, so nothing is missed
    { what: 'nf_conntrack', standing: 'ok', says: hasConntrack ? "the kernel's own table can be read" : 'not loaded: nothing tracks connections but us' },
    ...neighbourFindings(devices, isTcx),
  ];
}

function adviceParts(error: string): { says: string; advice: string } {
  // lines of ours end with what to do
  const at = error.lastIndexOf(': ');
  return at < 0 ? { says: error, advice: '' } : { says: error.slice(0, at), advice: error.slice(at + 2) };
}

function attachmentFinding(isTcx: boolean): Finding {
  if (isTcx) return { what: 'attachment', standing: 'ok', says: 'tcx links, which end with the agent' };
  return { what: 'attachment', standing: 'less', says: 'no tcx: filters of tc are used, and the kernel counts no map', advice: 'a crash leaves the filters behind until the next start; Linux 6.6 has both' };
}

function tracingFinding(error: string | undefined): Finding {
  if (error === undefined) return { what: 'drop tracing', standing: 'ok', says: "the kernel's own drops can be seen" };
  return { what: 'drop tracing', standing: 'less', says: error, advice: "only our own programs' drops are seen: allow tracing programs (CAP_PERFMON, no lockdown)" };
}

function jitFinding(jit: string | undefined): Finding {
  if (jit === '0') return { what: 'JIT', standing: 'less', says: 'off', advice: 'each packet costs about ten times as much: sysctl net.core.bpf_jit_enable=1' };
  return { what: 'JIT', standing: 'ok', says: jit === undefined ? 'always on in this kernel' : 'on' };
}

function lockdownFinding(lockdown: string | undefined): Finding {
  if (lockdown === 'confidentiality') return { what: 'lockdown', standing: 'less', says: 'confidentiality', advice: 'tracing programs may not read kernel memory: drops of the kernel are not seen' };
  return { what: 'lockdown', standing: 'ok', says: lockdown === undefined || lockdown === 'none' ? 'none' : `${lockdown}, which does not touch us` };
}
