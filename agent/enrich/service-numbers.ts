import type { CatalogSnapshot, ServiceFact } from '../decode/facts.ts';
import type { BackendRow, ServiceRow } from '../decode/kernel.ts';
import type { ServiceName } from './row-context.ts';

/** Names kept; beyond, the oldest of services that are gone are forgotten, and rows that have their numbers name none. */
export const MAX_SERVICE_NAMES = 65_536;

const protocolNumbers = new Map([['TCP', 6], ['UDP', 17], ['SCTP', 132]]);

/** Gives every service a number that never means another one, for the datapath to write into records. */
export class ServiceNumbers {
  private readonly numbers = new Map<string, number>();
  private readonly names = new Map<number, ServiceName>();
  private last = 0;

  /** The service of a number; undefined for 0 and for what was forgotten. */
  get(number: number): ServiceName | undefined {
    return this.names.get(number);
  }

  /** Takes a new catalog; returns its services as the datapath shall know them. Where two claim one address and port, the later one has it. */
  apply({ services }: Pick<CatalogSnapshot, 'services'>): ServiceRow[] {
    const rows = new Map<string, ServiceRow>();
    const live = new Set<number>();
    for (const fact of services) {
      const service = this.numberOf(fact);
      live.add(service);
      for (const row of rowsOf(service, fact)) rows.set(`${row.ip} ${row.port} ${row.protocol}`, row);
    }
    this.forget(live);
    return [...rows.values()];
  }

  private numberOf({ namespace, name }: ServiceName): number {
    const key = `${namespace}/${name}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    this.numbers.set(key, ++this.last);
    this.names.set(this.last, { namespace, name });
    return this.last;
  }

  private forget(live: ReadonlySet<number>): void {
    for (const [number, { namespace, name }] of this.names) {
      if (this.names.size <= MAX_SERVICE_NAMES) return;
      if (live.has(number)) continue;
      this.names.delete(number);
      this.numbers.delete(`${namespace}/${name}`);
    }
  }
}

function rowsOf(service: number, { clusterIps, ports, backends }: ServiceFact): ServiceRow[] {
  const byPort = new Map<string, BackendRow[]>();
  for (const { ip, port, protocol, portName } of backends) {
    // 0: the name of a port that the pod does not have
    if (port === 0) continue;
    const key = `${protocol} ${portName}`;
    const list = byPort.get(key);
    if (list === undefined) byPort.set(key, [{ ip, port }]);
    else list.push({ ip, port });
  }
  return clusterIps.flatMap((ip) => ports.flatMap(({ name, port, protocol }) => {
    const number = protocolNumbers.get(protocol);
    return number === undefined ? [] : [{ service, ip, port, protocol: number, backends: byPort.get(`${protocol} ${name}`) ?? [] }];
  }));
}
