import { PROTOCOL_CHIPS, VERDICT_CHIPS } from '../model/chips.ts';
import type { DropClass } from '../model/drop-words.ts';
import type { SelectorField } from './condition.ts';

/** Classes of drop reasons by the word a person would type; the screen's short words work as well. */
export const DROP_CLASSES: Readonly<Record<string, DropClass>> = {
  policy: 'pol', capacity: 'cap', routing: 'rtg', service: 'svc', receiver: 'app', packet: 'pkt', harmless: 'ok', other: 'oth',
  pol: 'pol', cap: 'cap', rtg: 'rtg', svc: 'svc', app: 'app', pkt: 'pkt', ok: 'ok', oth: 'oth',
};

/** Longer names of fields, as chips and hubble have them. */
export const FIELD_ALIASES: Readonly<Record<string, SelectorField>> = {
  namespace: 'ns', 'from-namespace': 'from-ns', 'to-namespace': 'to-ns', 'drop-reason': 'reason', 'to-port': 'port',
};

interface ValueRule {
  /** What a value must be, for the error. */
  expected: string;
  /** The value as it is compared; undefined = none. */
  read(text: string): string | undefined;
}

function oneOf(values: readonly string[], change: (text: string) => string): ValueRule {
  return {
    expected: `one of ${values.join(' ')}`,
    read: (text) => (values.includes(change(text)) ? change(text) : undefined),
  };
}

const NAME: ValueRule = { expected: 'a name', read: (text) => (text === '' ? undefined : text) };

// as in Hubble a beginning is enough; a star at the end says the same
const POD: ValueRule = { expected: 'namespace/pod, a beginning is enough', read: (text) => (/^[^/*]+\/[^/*]*\*?$/.test(text) ? text.replace(/\*$/, '') : undefined) };

// where there is no namespace, the name of a reserved identity
const RESERVED: readonly string[] = ['world', 'host', 'remote-node', 'kube-apiserver', 'ingress', 'health', 'init', 'unmanaged'];
const WORKLOAD: ValueRule = {
  expected: `namespace/workload, or one of ${RESERVED.join(' ')}`,
  read: (text) => (/^[^/]+\/[^/]+$/.test(text) || RESERVED.includes(text) ? text : undefined),
};

const RULES: Partial<Record<SelectorField, ValueRule>> = {
  workload: WORKLOAD, 'from-workload': WORKLOAD, 'to-workload': WORKLOAD,
  pod: POD, 'from-pod': POD, 'to-pod': POD,
  port: { expected: 'a port, 1 to 65535', read: (text) => (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535 ? text : undefined) },
  protocol: oneOf([...PROTOCOL_CHIPS, 'sctp'], (text) => text.toLowerCase()),
  verdict: oneOf(VERDICT_CHIPS.map(({ name }) => name), (text) => text.toUpperCase()),
  method: { expected: 'a method such as GET', read: (text) => (/^[A-Za-z]+$/.test(text) ? text.toUpperCase() : undefined) },
  rcode: oneOf(['NXDOMAIN', 'SERVFAIL', 'REFUSED', 'FORMERR', 'NOTIMP', 'NO ANSWER'], (text) => text.toUpperCase().replace('-', ' ')),
  severity: oneOf(['crit', 'warn', 'note'], (text) => text.toLowerCase()),
  word: { expected: 'a word of the overview, such as DROPS', read: (text) => (/^[A-Za-z]+$/.test(text) ? text.toUpperCase() : undefined) },
  class: oneOf(Object.keys(DROP_CLASSES).filter((name) => name.length > 3), (text) => LONG_CLASS.get(text) ?? text),
};

const LONG_CLASS: ReadonlyMap<string, string> = new Map(Object.entries(DROP_CLASSES).filter(([name]) => name.length <= 3)
  .map(([short, class_]) => [short, Object.entries(DROP_CLASSES).find(([, other]) => other === class_)?.[0] ?? short]));

/** How the values of a field are read. */
export function valueRule(field: SelectorField): ValueRule {
  return RULES[field] ?? NAME;
}
