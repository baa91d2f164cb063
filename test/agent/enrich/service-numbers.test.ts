import { expect, test } from 'vitest';
import type { ServiceFact } from '../../../agent/decode/facts.ts';
import { MAX_SERVICE_NAMES, ServiceNumbers } from '../../../agent/enrich/service-numbers.ts';

const port = (name: string, number: number, protocol = 'TCP'): ServiceFact['ports'][number] => ({ name, protocol, port: number, targetPort: 0 });
const backend = (ip: string, portName: string, number: number, protocol = 'TCP'): ServiceFact['backends'][number] => ({ ip, port: number, protocol, portName });
const fact = (name: string, parts: Partial<ServiceFact> = {}): ServiceFact => ({ namespace: 'shop', name, clusterIps: ['10.96.0.1'], ports: [port('http', 80)], backends: [], ...parts });

test('ServiceNumbers give each port of a service the backends that stand behind it, by name and protocol', () => {
  const dns = fact('dns', {
    clusterIps: ['10.96.0.10', 'fd00:96::a'], ports: [port('dns', 53, 'UDP'), port('dns-tcp', 53), port('metrics', 9153)],
    backends: [backend('10.0.0.1', 'dns', 5353, 'UDP'), backend('10.0.0.1', 'dns-tcp', 5353), backend('10.0.0.2', 'dns', 5353, 'UDP'), backend('10.0.0.1', 'metrics', 0)],
  });
  const rows = new ServiceNumbers().apply({ services: [dns] });
  expect(rows.map(({ ip, port: number, protocol, backends }) => [ip, number, protocol, backends.map((row) => `${row.ip} ${row.port}`)])).toEqual(['10.96.0.10', 'fd00:96::a'].flatMap((ip) => [
    [ip, 53, 17, ['10.0.0.1 5353', '10.0.0.2 5353']], [ip, 53, 6, ['10.0.0.1 5353']], [ip, 9153, 6, []],
  ]));
});

test('ServiceNumbers never give a number to another service, and the same service its own again', () => {
  const numbers = new ServiceNumbers();
  const numberOf = (name: string): number | undefined => numbers.apply({ services: [fact(name)] })[0]?.service;
  const [web, api, again] = [numberOf('web'), numberOf('api'), numberOf('web')];
  expect(new Set([web, api]).size).toBe(2);
  expect(again).toBe(web);
  expect(numbers.get(api ?? 0)).toEqual({ namespace: 'shop', name: 'api' });
  expect(numbers.get(0)).toBeUndefined();
});

test('ServiceNumbers leave an address that two services claim to the later one, and headless services out', () => {
  const numbers = new ServiceNumbers();
  const rows = numbers.apply({ services: [fact('one'), fact('headless', { clusterIps: [] }), fact('two')] });
  expect(rows.map(({ service }) => numbers.get(service)?.name)).toEqual(['two']);
});

test('ServiceNumbers forget names of services that are gone when there are too many, oldest first', () => {
  const numbers = new ServiceNumbers();
  const [first] = numbers.apply({ services: [fact('first')] });
  const [kept] = numbers.apply({ services: [fact('kept')] });
  const many = Array.from({ length: MAX_SERVICE_NAMES - 1 }, (_, i) => fact(`s${i}`));
  numbers.apply({ services: [...many, fact('kept')] });
  expect([numbers.get(first?.service ?? 0), numbers.get(kept?.service ?? 0)?.name]).toEqual([undefined, 'kept']);
});
