import { expect, test } from 'vitest';
import type { ServiceRow } from '../../../agent/decode/kernel.ts';
import { type ServiceMaps, ServiceTable } from '../../../agent/kernel/service-table.ts';

/** A hash map of the kernel, as far as the table uses it; every step is written down. */
class FakeMap {
  readonly entries = new Map<string, Uint8Array>();
  constructor(private readonly name: string, readonly maxEntries: number, private readonly steps: string[]) {}

  tryUpdate(key: Uint8Array, value: Uint8Array): number {
    const name = Buffer.from(key).toString('hex');
    if (!this.entries.has(name) && this.entries.size >= this.maxEntries) return -7;
    this.entries.set(name, value.slice());
    this.steps.push(`+${this.name}`);
    return 0;
  }

  delete(key: Uint8Array): boolean {
    this.steps.push(`-${this.name}`);
    return this.entries.delete(Buffer.from(key).toString('hex'));
  }
}

function tableOf(mode: 'observe' | 'translate', { maxServices = 8, maxBackends = 8 } = {}): { table: ServiceTable; services: FakeMap; backends: FakeMap; steps: string[]; warnings: string[] } {
  const steps: string[] = [];
  const warnings: string[] = [];
  const maps = { services: new FakeMap('service', maxServices, steps), backends: new FakeMap('backend', maxBackends, steps) } satisfies ServiceMaps;
  return { ...maps, steps, warnings, table: new ServiceTable(maps, mode, (text) => { warnings.push(text); }) };
}

const row = (parts: Partial<ServiceRow> = {}): ServiceRow => ({ service: 3, ip: '10.96.0.1', port: 80, protocol: 6, backends: [{ ip: '10.0.0.1', port: 8080 }, { ip: 'fd00::1', port: 8080 }], ...parts });
const words = (value: Uint8Array | undefined): number[] => [...new Uint32Array((value ?? new Uint8Array()).slice().buffer)];
const [key] = ['0a60000100000000000000000000000000500604'];

test('ServiceTable writes a service with the backends of its own family', () => {
  const { table, services, backends } = tableOf('translate');
  table.apply([row()]);
  expect(words(services.entries.get(key))).toEqual([3, 1, 1, 1]);
  expect([...backends.entries].map(([name, value]) => [name, Buffer.from(value).toString('hex')])).toEqual([['0100000000000000', '0a0000010000000000000000000000001f900000']]);
});

test('ServiceTable writes no backend where it only observes', () => {
  const { table, services, backends } = tableOf('observe');
  table.apply([row()]);
  expect(words(services.entries.get(key))).toEqual([3, 1, 0, 0]);
  expect(backends.entries.size).toBe(0);
});

test('ServiceTable adds the new before it removes the old, and leaves alone what did not change', () => {
  const { table, services, backends, steps } = tableOf('translate');
  table.apply([row(), row({ port: 81 })]);
  steps.length = 0;
  table.apply([row(), row({ port: 81 })]);
  expect(steps).toEqual([]);
  table.apply([row({ backends: [{ ip: '10.0.0.9', port: 8080 }] }), row({ port: 81 })]);
  expect(steps).toEqual(['+backend', '+service', '-backend']);
  steps.length = 0;
  table.apply([row({ port: 82 })]);
  expect(steps).toEqual(['+backend', '+service', '-service', '-backend', '-service', '-backend']);
  expect([services.entries.size, backends.entries.size]).toEqual([1, 1]);
});

test('ServiceTable keeps what it had where the new does not fit, leaves no part of it, and says so once', () => {
  const { table, services, backends, warnings } = tableOf('translate', { maxBackends: 2 });
  table.apply([row()]);
  const many = Array.from({ length: 3 }, (_, i) => ({ ip: `10.0.1.${i}`, port: 8080 }));
  table.apply([row({ backends: many })]);
  table.apply([row({ backends: many })]);
  expect([words(services.entries.get(key))[2], backends.entries.size]).toEqual([1, 1]);
  expect(warnings).toEqual([expect.stringMatching(/^1 service addresses did not fit the datapath's tables of 8 and 2 backends: /)]);
});

test('ServiceTable leaves out what is no address', () => {
  const { table, services } = tableOf('translate');
  table.apply([row({ ip: 'None' })]);
  expect(services.entries.size).toBe(0);
});
