import { DnsKind } from '../model/dns-cells.ts';
import type { AskerFigure, DnsFigures } from '../model/dns-figures.ts';
import type { Figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import { hubbleCommand } from '../model/hubble-command.ts';
import { shareText } from '../model/latency-text.ts';
import { pairText } from '../model/pair-text.ts';
import type { State } from '../model/state.ts';
import { chip } from './chip.ts';
import type { Detector } from './detector.ts';
import { dnsNow, failingSince, isMoreThan, usualFailures } from './dns-now.ts';
import { oneResolver } from './one-resolver.ts';
import { shortCount } from './short-count.ts';

const DNS_PORT = 53;
/** Lookups a minute that nobody answers before it is told, and their part of all lookups of who asks. */
const LEAST_UNANSWERED = 5;
const LEAST_SHARE = 0.05;
const CRITICAL_SHARE = 0.5;

/** Lookups that get no answer: told once for a resolver that is silent, else for each who asks. */
export const dnsUnanswered: Detector = {
  id: 'dns-unanswered',
  title: 'lookups that nobody answers',
  find(state, now) {
    const dns = dnsNow(state);
    const askers = dns.askers.filter(({ id, lookups, unanswered }) => unanswered >= LEAST_UNANSWERED && unanswered / lookups >= LEAST_SHARE && isMoreThan(usualFailures(state, DnsKind.UNANSWERED, id) ?? 0, unanswered));
    if (askers.length === 0) return [];
    const silent = oneResolver(dns);
    return silent === undefined ? askers.map((asker) => askerFinding(state, now, { dns, asker })) : [resolverFinding(state, dns, { askers, ...silent })];
  },
};

function askerFinding(state: State, now: Figures, { dns, asker }: { dns: DnsFigures; asker: AskerFigure }): Finding {
  const chips = [chip('from-workload', asker.name), chip('protocol', 'dns')];
  const share = asker.unanswered / asker.lookups;
  const dropped = now.drops.find(({ pair, count }) => pair.source.name === asker.name && pair.port === DNS_PORT && count >= 1);
  return {
    key: `unanswered ${asker.name}`, severity: share >= CRITICAL_SHARE ? 'crit' : 'warn', word: 'DNS', subject: asker.name,
    amount: { value: asker.unanswered / Math.max(1, dns.seconds), unit: '/s' }, timesMore: undefined,
    why: `${shareText(share)} of its lookups get no answer in 5 s`, brief: 'no answer', sinceMs: failingSince(dns, DnsKind.UNANSWERED, asker.id), chips, target: { view: 'dns' },
    evidence: [`${asker.unanswered} of ${asker.lookups} lookups in the last minute`],
    ...(dropped === undefined ? {} : { cause: { text: `its packets to the resolver are dropped: ${pairText(dropped.pair)}, ${dropped.reason}`, isCertain: true } }),
    next: [hubbleCommand(chips, { isOneWay: true }).line],
  };
}

function resolverFinding(state: State, dns: DnsFigures, found: { askers: readonly AskerFigure[]; name: string; node: string; unanswered: number; share: number; others: number }): Finding {
  const { askers, name, node, unanswered, share, others } = found;
  const [namespace = '', pod = ''] = name.split('/');
  const chips = [chip('to-pod', name), chip('protocol', 'dns')];
  return {
    key: `unanswered ${name}`, severity: share >= CRITICAL_SHARE ? 'crit' : 'warn', word: 'DNS', subject: name,
    amount: { value: unanswered / Math.max(1, dns.seconds), unit: '/s' }, timesMore: undefined,
    why: `no answer in 5 s from this one of ${others + 1} resolvers`, brief: 'no answer', sinceMs: Math.min(...askers.map(({ id }) => failingSince(dns, DnsKind.UNANSWERED, id))),
    chips: pod === '' ? [chip('protocol', 'dns')] : chips, target: { view: 'dns', select: { panel: 2, key: name } },
    evidence: [`${shortCount(unanswered)} questions were left unanswered, ${shareText(share)} of those it was asked`, `the other ${others === 1 ? 'one answers' : `${others} answer`}`, `asked by ${askers.map((asker) => asker.name).slice(0, 3).join(', ')}`],
    cause: { text: `the trouble is at ${name}${node === '' ? '' : ` on ${node}`} or on the way to it: others answer the same names`, isCertain: false },
    next: pod === '' ? [] : [`kubectl -n ${namespace} logs ${pod} --since=10m`],
  };
}
