import { NO_ANSWER, NOERROR, NXDOMAIN } from '../model/dns-cells.ts';
import type { DnsFigures, ResolverFigure } from '../model/dns-figures.ts';

/** Part of all trouble that must be with one resolver before it is called the one. */
const MOST = 0.8;
/** Failures in all before any resolver is called the one: fewer are chance. */
const LEAST_TROUBLE = 10;
/** Answers that the others must have given. */
const LEAST_ANSWERS = 10;

/** The one resolver that nearly all unanswered questions were for, while others answer; undefined where there is no such one. */
export function oneResolver(dns: DnsFigures): { name: string; node: string; unanswered: number; share: number; others: number } | undefined {
  const found = worst(dns, silence);
  if (found === undefined) return undefined;
  const { name, node, answers } = found;
  return { name, node, unanswered: silence(found), share: silence(found) / answers, others: dns.resolvers.length - 1 };
}

/** The one resolver with nearly all failures, of whatever kind. */
export function brokenResolver(dns: DnsFigures): ResolverFigure | undefined {
  return worst(dns, ({ bad }) => bad);
}

function worst({ resolvers }: DnsFigures, trouble: (resolver: ResolverFigure) => number): ResolverFigure | undefined {
  const all = resolvers.reduce((sum, resolver) => sum + trouble(resolver), 0);
  const found = resolvers.find((resolver) => trouble(resolver) >= MOST * all);
  if (all < LEAST_TROUBLE || found === undefined) return undefined;
  const answers = resolvers.filter((resolver) => resolver !== found).reduce((sum, resolver) => sum + good(resolver), 0);
  return answers >= LEAST_ANSWERS ? found : undefined;
}

function silence({ rcodes }: ResolverFigure): number {
  return rcodes.find(([rcode]) => rcode === NO_ANSWER)?.[1] ?? 0;
}

function good({ rcodes }: ResolverFigure): number {
  return rcodes.reduce((sum, [rcode, count]) => sum + (rcode === NOERROR || rcode === NXDOMAIN ? count : 0), 0);
}
