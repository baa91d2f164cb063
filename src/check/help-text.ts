import type { Unit } from './condition.ts';
import { METRICS } from './metric-list.ts';
import type { Kind } from './metric.ts';

/** What `--help` says of the language; the tables are made from those the parser goes by. */
export function languageHelp(): string {
  return [
    'A condition is   METRIC[(FIELD=VALUE, FIELD!=VALUE …)] OPERATOR BOUND [for DURATION] [and CONDITION …]',
    '',
    'Metrics:',
    ...METRICS.flatMap(({ name, help, units, fields }) => [
      `  ${name.padEnd(12)}${help}`,
      `${' '.repeat(14)}bound: ${unitsText(units)}${fields.length === 0 ? '' : `; fields: ${fields.join(' ')}`}`,
    ]),
    '',
    ...SEMANTICS,
  ].join('\n');
}

function unitsText(units: Partial<Record<Unit, Kind>>): string {
  return Object.keys(units).map((unit) => (unit === '' ? 'a number' : unit === 'ms' ? 'ms or s' : unit)).join(', ');
}

const SEMANTICS: readonly string[] = [
  'What is held against the bound, and when:',
  '  /s and levels (nodes, fill of tables, incidents) must hold all the time: they are looked at',
  '  every second, a rate over the last 5 s. Numbers, % of events and latencies are of the whole time.',
  '  Requests and lookups are counted in steps of 5 s, and DURATION is rounded up to whole ones.',
  '  ok         it held at every look, for DURATION without a hole (without "for": 5 s)',
  '  breached   one look failed for certain; the check ends there and then. A count that is too',
  '             high already is too high whatever was not seen',
  '  unknown    it cannot be told: not enough seen, a moment not observed, nobody who tells the',
  '             figure, nothing seen of a name, no server. A hole begins DURATION anew, until --timeout',
  '',
  'With --file the last DURATION of the recording is looked at, or all of it, and never more than once.',
  '',
  'Exit codes: 0 all are ok, 1 one is breached, 3 none is breached and one cannot be told, 2 wrong usage.',
  '',
  'Fields are those of the filter chips: ns is namespace; without from- or to- either side is meant, the',
  'client is from, the server to. workload=NS/NAME or world, host, …; pod=NS/NAME, a beginning is enough;',
  'policy=NS/NAME is the policy that denies, or that selects the end that refuses by default deny;',
  'policy, reason, name and route take * for any text; a route is a path, or METHOD and path; class is',
  'policy, capacity, routing, service, receiver, packet, harmless or other. By pod, node or layer 7',
  'protocol the flows are counted, else what the kernels count.',
  '',
  'Examples:',
  "  hubtop check 'drops(ns=shop) < 1/s for 30s'",
  "  hubtop check 'drops(from-workload=shop/checkout, class=policy) == 0 for 1m' --timeout 5m",
  "  hubtop check 'flows(ns=shop, verdict=DROPPED) < 1% for 2m and resets(to-workload=shop/cart) < 5/s for 2m'",
  "  hubtop check 'errors(to-ns=shop) < 1% for 5m and p99(route=\"POST /checkout\", to-ns=shop) < 250ms for 5m'",
  "  hubtop check 'dns-failures(rcode!=NXDOMAIN) < 0.5% for 1m'",
  "  hubtop check 'drops(class=policy) == 0' --file snapshots/policy-edit/flows.jsonl.gz",
  "  hubtop check 'nodes == 100%' 'seen >= 99% for 30s' 'conntrack < 80%' -o json",
];
