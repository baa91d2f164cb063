import { DnsKind, NXDOMAIN, rcodeText } from '../model/dns-cells.ts';
import type { AskerFigure, DnsFigures, NameFigure } from '../model/dns-figures.ts';
import type { Finding } from '../model/finding.ts';
import { hubbleCommand } from '../model/hubble-command.ts';
import { shareText } from '../model/latency-text.ts';
import type { State } from '../model/state.ts';
import { chip } from './chip.ts';
import type { Detector } from './detector.ts';
import { dnsNow, failingSince, isMoreThan, usualFailures } from './dns-now.ts';
import { shortCount } from './short-count.ts';

/** Lookups a minute that end in NXDOMAIN before they are a storm, and their part of all lookups of who asks. */
const LEAST_FAILED = 60;
const LEAST_SHARE = 0.3;
/** Times of what is usual. */
const STORM_TIMES = 4;
/** Lookups a second from which on a storm is critical: resolvers feel it. */
const CRITICAL_PER_SECOND = 50;

/** Somebody who asks again and again for names that do not exist. Search paths are folded: each lookup counts once. */
export const nxdomainStorm: Detector = {
  id: 'nxdomain-storm',
  title: 'a storm of lookups of names that do not exist',
  find(state) {
    const now = dnsNow(state);
    return now.askers.filter(({ nxdomain, lookups }) => nxdomain >= LEAST_FAILED && nxdomain / lookups >= LEAST_SHARE).flatMap((asker) => {
      const usual = usualFailures(state, DnsKind.FAILED, asker.id) ?? 0;
      return isMoreThan(usual, asker.nxdomain) && asker.nxdomain >= STORM_TIMES * usual ? [stormFinding(state, now, { asker, usual })] : [];
    });
  },
};

function stormFinding(state: State, now: DnsFigures, { asker, usual }: { asker: AskerFigure; usual: number }): Finding {
  const names = now.names.filter((name) => name.failedAskers.some(({ id }) => id === asker.id) && name.rcodes.some(([rcode]) => rcode === NXDOMAIN));
  const [worst] = names.toSorted((one, other) => failedOf(other, asker) - failedOf(one, asker));
  const perSecond = asker.nxdomain / Math.max(1, now.seconds);
  const name = worst?.name ?? '';
  const chips = [chip('from-workload', asker.name), ...(name === '' || name === '(other)' ? [chip('protocol', 'dns')] : [chip('dns-query', name)])];
  return {
    key: `nxdomain ${asker.name}`, severity: perSecond >= CRITICAL_PER_SECOND ? 'crit' : 'warn', word: 'DNS', subject: asker.name,
    amount: { value: perSecond, unit: '/s' }, timesMore: usual > 0 ? asker.nxdomain / usual : undefined,
    why: `${rcodeText(NXDOMAIN)} for ${name}${names.length > 1 ? ` and ${shortCount(names.length - 1)} more names` : ''}`, brief: rcodeText(NXDOMAIN),
    sinceMs: failingSince(now, DnsKind.FAILED, asker.id), chips, target: { view: 'dns', ...(worst === undefined ? {} : { select: { panel: 0, key: worst.name } }) },
    evidence: [`${shareText(asker.nxdomain / asker.lookups)} of its lookups end so, search paths folded: each counts once`, `${shortCount(usual)} a minute were usual before`],
    cause: { text: `${asker.name} is told to use a name that does not exist: its configuration, or a service that was removed`, isCertain: false },
    next: [hubbleCommand([chip('from-workload', asker.name), chip('protocol', 'dns')], { isOneWay: true }).line],
  };
}

function failedOf({ failedAskers }: NameFigure, { id }: AskerFigure): number {
  return failedAskers.find((asker) => asker.id === id)?.count ?? 0;
}
