import { describe, expect, test } from 'vitest';
import { SearchPaths, type Try } from '../../../src/model/dns-search.ts';

const NX = 3;
const SUFFIXES = ['shop.svc.cluster.local.', 'svc.cluster.local.', 'cluster.local.', ''];

/** Plays answers `name rcode [@ms] [client]` and gives what became of them. */
function play(answers: readonly string[], options: { untilMs?: number; namespace?: string } = {}): { lookups: string[]; noise: string[] } {
  const search = new SearchPaths();
  const lookups: string[] = [];
  const noise: string[] = [];
  const outcome = {
    onLookup: ({ name, rcode, count }: Try) => void lookups.push(`${name} ${rcode}${count > 1 ? ` x${count}` : ''}`),
    onNoise: ({ name }: Try, suffix: string) => void noise.push(`${name} -${suffix}`),
  };
  let atMs = 0;
  for (const answer of answers) {
    const [name = '', rcode = '0', ...rest] = answer.split(' ');
    const of = (mark: string): number => Number(rest.find((word) => word.startsWith(mark))?.slice(1) ?? Number.NaN);
    atMs = of('@') >= 0 ? of('@') : atMs + 2;
    search.expire(atMs, outcome);
    const client = of('c') >= 0 ? of('c') : 1;
    search.take({ client, namespace: options.namespace ?? 'shop', clientParty: client, resolver: 1, name, type: 'A', rcode: Number(rcode), timeMs: atMs, arrivedMs: atMs, latencyUs: 1, count: of('x') >= 0 ? of('x') : 1 }, outcome);
  }
  search.expire(options.untilMs ?? atMs + 60_000, outcome);
  return { lookups, noise };
}

function tries(name: string, more = ''): string[] {
  return SUFFIXES.map((suffix) => `${name}.${suffix} 3${more}`);
}

describe('SearchPaths', () => {
  test('an external name is one lookup, its tries along the search path are noise', () => {
    const { lookups, noise } = play([...tries('api.stripe.example').slice(0, 3), 'api.stripe.example. 0']);
    expect(lookups).toEqual(['api.stripe.example. 0']);
    expect(noise).toEqual(SUFFIXES.slice(0, 3).map((suffix) => `api.stripe.example.${suffix} -${suffix}`));
  });

  test('a lookup failed only if its last try failed, and then once', () => {
    expect(play(tries('api.stripe.example')).lookups).toEqual(['api.stripe.example. 3']);
  });

  test('a name without a dot is called by its first try, which is what somebody meant', () => {
    expect(play(tries('mailhub')).lookups).toEqual(['mailhub.shop.svc.cluster.local. 3']);
  });

  test('a service of the own namespace is a lookup at once', () => {
    expect(play(['ledger.shop.svc.cluster.local. 0'])).toEqual({ lookups: ['ledger.shop.svc.cluster.local. 0'], noise: [] });
  });

  test('a failure waits for the next try, then it counts under its own name', () => {
    expect(play(['gone.shop.svc.cluster.local. 3'], { untilMs: 1_000 }).lookups).toEqual([]);
    expect(play(['gone.shop.svc.cluster.local. 3'], { untilMs: 3_000 }).lookups).toEqual(['gone.shop.svc.cluster.local. 3']);
  });

  test('the same lookup again and again counts each time', () => {
    expect(play(Array.from({ length: 5 }, () => tries('mailhub')).flat()).lookups).toHaveLength(5);
  });

  test('lookups of one name at the same time are told apart by how far each is', () => {
    const mixed = SUFFIXES.flatMap((suffix) => Array.from({ length: 3 }, () => `api.example.${suffix} ${suffix === '' ? 0 : NX}`));
    const { lookups, noise } = play(mixed);
    expect(lookups).toEqual(['api.example. 0', 'api.example. 0', 'api.example. 0']);
    expect(noise).toHaveLength(9);
  });

  test('pods do not end the lookups of others', () => {
    const { lookups } = play([...tries('api.example', ' c1').slice(0, 3), 'api.example. 0 c2']);
    expect(lookups).toEqual(['api.example. 0', 'api.example. 3']);
  });

  test('a suffix of the node is known by the lookup it belongs to', () => {
    const { lookups, noise } = play([...tries('api.example').slice(0, 3), 'api.example.ec2.internal. 3', 'api.example. 0']);
    expect(lookups).toEqual(['api.example. 0']);
    expect(noise.at(-1)).toBe('api.example.ec2.internal. -ec2.internal.');
  });

  test('a name of many dots is tried as it is first (ndots:5)', () => {
    const { lookups } = play(['a.b.c.d.e.f. 3', ...tries('a.b.c.d.e.f').slice(0, 3)]);
    expect(lookups).toEqual(['a.b.c.d.e.f. 3']);
  });

  test('records that stand for many count as many', () => {
    expect(play(tries('mailhub', ' x46')).lookups).toEqual(['mailhub.shop.svc.cluster.local. 3 x46']);
  });

  test('another domain of a cluster is learned from a service that is there', () => {
    const tried = ['db.shop.svc.corp.example. 0', 'api.example.shop.svc.corp.example. 3', 'api.example.svc.corp.example. 3', 'api.example.corp.example. 3', 'api.example. 0'];
    expect(play(tried).lookups).toEqual(['db.shop.svc.corp.example. 0', 'api.example. 0']);
  });

  test('SERVFAIL ends a lookup: nobody tries on', () => {
    expect(play(['api.example.shop.svc.cluster.local. 2']).lookups).toEqual(['api.example.shop.svc.cluster.local. 2']);
  });

  test('a flood of names is bounded, and each counts in the end', () => {
    const { lookups } = play(Array.from({ length: 9_000 }, (_, i) => `x${i}.shop.svc.cluster.local. 3 @${i >> 4}`));
    expect(lookups).toHaveLength(9_000);
  });
});
