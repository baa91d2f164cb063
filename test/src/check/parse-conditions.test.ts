import { describe, expect, test } from 'vitest';
import { type Condition, conditionText, OPERATORS, type SelectorField, type Unit } from '../../../src/check/condition.ts';
import { METRICS } from '../../../src/check/metric-list.ts';
import { parseConditions } from '../../../src/check/parse-conditions.ts';
import { ExpressionError } from '../../../src/check/scanner.ts';
import { seededRandom } from '../seeded-random.ts';

describe('parseConditions()', () => {
  test.each([
    ['drops(ns=shop) < 1/s for 30s', 'drops(ns=shop) < 1/s for 30 s'],
    ['drops(ns=shop)<1/s for 30 s', 'drops(ns=shop) < 1/s for 30 s'],
    ['  drops ( namespace = shop , drop-reason != POLICY_* )  <=  0.5 /s', 'drops(ns=shop, reason!=POLICY_*) <= 0.5/s'],
    ['drops(class=pol)==0 for 1m30s', 'drops(class=policy) == 0 for 90 s'],
    ['seen>=99% for 1h', 'seen >= 99 % for 3600 s'],
    ['flows(pod=shop/loadgen-*, verdict=dropped) < 1% and nodes == 12', 'flows(pod=shop/loadgen-, verdict=DROPPED) < 1 % and nodes == 12'],
    ['resets(to-workload=world, protocol=TCP, port=443) < 3/s', 'resets(to-workload=world, protocol=tcp, port=443) < 3/s'],
    ['map(name="a b", node!=node-01, node!=node-02) < 80%', 'map(name="a b", node!=node-01, node!=node-02) < 80 %'],
    [`map(name='say "hi"') < 80%`, String.raw`map(name="say \"hi\"") < 80 %`],
    ['p99(route="POST /checkout", to-ns=shop) < 0.25s for 5m', 'p99(route="POST /checkout", to-ns=shop) < 250 ms for 300 s'],
    ['p99.9(route=/v1/{id}/*) <= 90 ms', 'p99.9(route=/v1/{id}/*) <= 90 ms'],
    ['dns-failures(rcode!=no-answer) < 0.5%', 'dns-failures(rcode!="NO ANSWER") < 0.5 %'],
    ['incidents(severity=CRIT, word!=drops) == 0', 'incidents(severity=crit, word!=DROPS) == 0'],
  ])('%s', (text, canonical) => {
    expect(parseConditions(text).map(conditionText).join(' and ')).toBe(canonical);
  });

  test.each([
    ['', 'expected one of drops flows connections resets requests errors p50 p90 p99 p99.9 lookups dns-failures seen lost nodes conntrack map incidents at the ^: ^'],
    ['dropz < 1', 'at the ^: ^dropz < 1'],
    ['toString < 1', 'at the ^: ^toString < 1'],
    ['drops', 'expected ( or one of < <= > >= == != at the ^: drops^'],
    ['seen 5', 'expected one of < <= > >= == != at the ^: seen ^5'],
    ['drops = 1', 'at the ^: drops ^= 1'],
    ['drops(', 'expected a selector of drops (ns from-ns'],
    ['drops()', 'at the ^: drops(^)'],
    ['drops(ns=shop < 1/s', 'expected "," or ")" at the ^: drops(ns=shop ^< 1/s'],
    ['drops(ns=shop, ns=data) < 1/s', 'expected each field once, and not ns again at the ^: drops(ns=shop, ns=data^) < 1/s'],
    ['drops(ns shop) < 1/s', 'expected = or != at the ^: drops(ns ^shop) < 1/s'],
    ['drops(ns=) < 1/s', 'expected a name for ns at the ^: drops(ns=^) < 1/s'],
    ['drops(ns="shop) < 1/s', 'expected a name for ns at the ^: drops(ns=^"shop) < 1/s'],
    ['drops(port=0) < 1/s', 'expected a port, 1 to 65535 for port at the ^: drops(port=^0) < 1/s'],
    ['drops(port=65536) < 1/s', 'expected a port'],
    ['drops(protocol=ftp) < 1/s', 'expected one of tcp udp icmp http dns sctp for protocol'],
    ['drops(workload=cart) < 1/s', 'expected namespace/workload, or one of world host'],
    ['drops(pod=cart) < 1/s', 'expected namespace/pod, a beginning is enough for pod'],
    ['drops(verdict=DROPPED) < 1/s', 'expected a selector of drops'],
    ['drops(toString=1) < 1/s', 'expected a selector of drops'],
    ['nodes(node=a) == 1', 'expected no selectors, nodes is of the whole cluster at the ^: nodes(^node=a) == 1'],
    ['drops < x', 'expected a number with /s, or a plain one, for drops at the ^: drops < ^x'],
    ['drops < -1', 'at the ^: drops < ^-1'],
    ['drops < 1%', 'expected a number with /s, or a plain one, for drops at the ^: drops < 1^%'],
    ['drops < 1/m', 'at the ^: drops < 1^/m'],
    ['seen > 99', 'expected a number with % for seen at the ^: seen > 99^'],
    ['p99 < 5', 'expected a number with ms or s for p99 at the ^: p99 < 5^'],
    ['p99 < 5%', 'expected a number with ms or s for p99'],
    ['seen > 99ms', 'expected a number with % for seen at the ^: seen > 99^ms'],
    ['drops < 1/s for', 'expected a duration such as 30s or 5m, whole seconds up to 1h at the ^: drops < 1/s for^'],
    ['drops < 1/s for 0s', 'at the ^: drops < 1/s for ^0s'],
    ['drops < 1/s for 1500ms', 'at the ^: drops < 1/s for ^1500ms'],
    ['drops < 1/s for 2h', 'at the ^: drops < 1/s for ^2h'],
    ['drops < 1/s for 30', 'at the ^: drops < 1/s for ^30'],
    ['drops < 1/s forever', 'expected "for DURATION", "and" or the end at the ^: drops < 1/s ^forever'],
    ['drops < 1/s for 1s for 2s', 'expected "and" or the end at the ^: drops < 1/s for 1s ^for 2s'],
    ['drops < 1/s and', 'expected one of drops'],
    [Array.from({ length: 33 }, () => 'nodes > 1').join(' and '), 'expected at most 32 conditions'],
  ])('refuses %j and shows where', (text, message) => {
    const parse = (): unknown => parseConditions(text);
    expect(parse).toThrow(ExpressionError);
    expect(parse).toThrow(message);
  });

  test('reads again what conditionText() prints', () => {
    const seed = 4711;
    const random = seededRandom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const valueOf = (field: SelectorField): string => {
      if (field === 'port') return String(1 + Math.floor(random() * 65_535));
      if (field === 'protocol') return pick(['tcp', 'udp', 'icmp', 'http', 'dns', 'sctp']);
      if (field === 'verdict') return pick(['DROPPED', 'AUDIT']);
      if (field === 'class') return pick(['policy', 'harmless', 'other']);
      if (field === 'method') return pick(['GET', 'POST']);
      if (field === 'rcode') return pick(['NXDOMAIN', 'NO ANSWER']);
      if (field === 'severity') return pick(['crit', 'note']);
      if (field === 'word') return pick(['DROPS', 'CT']);
      if (field.endsWith('pod')) return `shop/${pick(['', 'a', 'a-b "c"'])}`;
      if (field.endsWith('workload')) return pick(['shop/cart', 'world', 'a b/ç"\\']);
      return pick(['shop', 'a b', '"', '\\', "o'clock", 'and', '(', 'x=y', '日本', 'for 3s', '*']);
    };
    for (let round = 0; round < 2_000; round++) {
      const conditions = Array.from({ length: 1 + Math.floor(random() * 3) }, (): Condition => {
        const metric = pick(METRICS);
        const fields = metric.fields.filter(() => random() < 0.3);
        return {
          metric: metric.name, selectors: fields.map((field) => ({ field, value: valueOf(field), isNegated: random() < 0.3 })), operator: pick(OPERATORS),
          bound: pick([0, 1, 0.25, 1e-7, 123_456_789, 99.9]), unit: pick(Object.keys(metric.units) as Unit[]), forSeconds: random() < 0.5 ? undefined : 1 + Math.floor(random() * 3_600),
        };
      });
      const text = conditions.map(conditionText).join(' and ');
      expect(parseConditions(text), `seed ${seed} round ${round}: ${text}`).toEqual(conditions);
    }
  });

  test('never throws anything but an ExpressionError, whatever it is given', () => {
    const seed = 99;
    const random = seededRandom(seed);
    const pieces = ['drops', '(', ')', 'ns', '=', '!', '<', '>', '1', '/s', '%', 'for', '30s', 'and', ' ', '"', "'", ',', '\\', '\n', '日', '.', '-', 'nodes', '==', '*', '{', '\u0000'];
    for (let round = 0; round < 5_000; round++) {
      const text = Array.from({ length: Math.floor(random() * 12) }, () => pieces[Math.floor(random() * pieces.length)]).join(round % 2 === 0 ? '' : ' ');
      try {
        parseConditions(text);
      } catch (error) {
        expect(error, `seed ${seed}: ${text}`).toBeInstanceOf(ExpressionError);
      }
    }
  });
});
