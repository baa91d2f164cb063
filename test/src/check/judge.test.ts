import { describe, expect, test } from 'vitest';
import { type Condition, LOOK_SECONDS } from '../../../src/check/condition.ts';
import { judge, type Judgement } from '../../../src/check/judge.ts';
import { parseConditions } from '../../../src/check/parse-conditions.ts';
import type { Sample } from '../../../src/check/window.ts';
import { seededRandom } from '../seeded-random.ts';

const FIRST = 1_000;

function condition(text: string): Condition {
  const [parsed] = parseConditions(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

/**
 * Seconds in a row: `3` three counted, `3/10` three of ten, `3+2` three and perhaps two more; `.` not observed, `~3` half of
 * the events unseen, `?` nobody tells, `-` nobody of that name.
 */
function seconds(text: string): Sample[] {
  return text.split(' ').filter((word) => word !== '').map((word, i) => {
    const [, mark = '', value = '', whole, perhaps] = /^([.~?-]?)(\d*)(?:\/(\d+))?(?:\+(\d+))?$/.exec(word) ?? [];
    const isHole = mark === '.';
    return {
      second: FIRST + i,
      figure: { value: mark === '?' ? undefined : Number(value), perhaps: Number(perhaps ?? 0), whole: Number(whole ?? 0), isMet: mark !== '-' },
      coverage: { coveredMs: isHole ? 0 : 1000, isHole, happened: 100, lost: mark === '~' ? 50 : 0, nodesHeard: 3, nodesKnown: 3 },
    };
  });
}

function judged(text: string, samples: readonly Sample[], leastSeen = 0.95): Judgement {
  const parsed = condition(text);
  return judge(parsed, samples, { forSeconds: parsed.forSeconds ?? LOOK_SECONDS, leastSeen });
}

/** Verdict, value and length in a word: `ok 0 10s`. */
function short({ verdict, value, isLowerBound, seconds: length }: Judgement): string {
  return `${verdict} ${isLowerBound ? '>=' : ''}${value ?? '-'} ${length}s`;
}

describe('judge()', () => {
  test.each([
    ['a rate holds at every look of five seconds', 'drops < 2/s for 8s', '1 1 1 1 1 1 1 1', 'ok 1 8s'],
    ['a burst is calm over five seconds', 'drops < 2/s for 8s', '0 0 5 0 0 0 0 0', 'ok 1 8s'],
    ['a burst that five seconds cannot calm ends it', 'drops < 2/s for 8s', '0 0 0 0 0 0 0 10', 'breached 2 8s'],
    ['a burst too high for any look ends it at once', 'drops < 2/s for 30s', '0 50', 'breached >=10 2s'],
    ['a rate that must be high needs five seconds to fail', 'flows > 10/s for 8s', '0 0 0 0 0', 'breached 0 5s'],
    ['the worst look of a rate that must be high is the lowest', 'flows > 1/s for 7s', '9 9 9 9 9 2 2', 'ok 6.2 7s'],
    ['a short time is one look', 'drops < 2/s for 2s', '1 1', 'ok 1 2s'],
    ['too few seconds leave it open', 'drops < 2/s for 8s', '1 1 1', 'open - 3s'],
    ['a number of things is counted over the whole time', 'drops < 9 for 4s', '2 2 2 2', 'ok 8 4s'],
    ['a number that is too high already ends it', 'drops < 3 for 30s', '2 2', 'breached >=4 2s'],
    ['a number that must be reached fails at the end only', 'flows >= 9 for 4s', '2 2 2 2', 'breached 8 4s'],
    ['parts of spread counts add up to whole numbers', 'drops == 3 for 3s', '1 1 1', 'ok 3 3s'],
    ['a share is of the whole time', 'lost < 20% for 4s', '5/10 0/10 0/10 0/10', 'ok 12.5 4s'],
    ['a share can fail at the end', 'lost < 10% for 4s', '5/10 0/10 0/10 0/10', 'breached 12.5 4s'],
    ['a share of nothing cannot be told', 'lost < 10% for 2s', '0/0 0/0', 'open - 0s'],
    ['a level is looked at every second', 'nodes >= 3 for 3s', '3 4 2', 'breached 2 3s'],
    ['a level in percent is of its whole', 'nodes == 100% for 2s', '3/3 3/3', 'ok 100 2s'],
    ['a hole begins the time anew', 'drops < 2/s for 5s', '1 1 . 1 1 1 1', 'open - 4s'],
    ['after a hole it can still hold', 'drops < 2/s for 5s', '1 1 . 1 1 1 1 1', 'ok 1 5s'],
    ['what is too high in spite of a hole is a breach', 'drops < 2/s for 9s', '1 1 . 60', 'breached >=12 1s'],
    ['a hole in a look leaves a rate that must be high open', 'flows > 1/s for 5s', '1 1 1 1 .', 'open - 0s'],
    ['too little seen cannot be told', 'drops < 2/s for 5s', '~0 ~0 ~0 ~0 ~0 ~0', 'open - 1s'],
    ['a little unseen is no matter', 'drops < 2 for 20s', `~0${' 0'.repeat(19)}`, 'ok 0 20s'],
    ['what is too high of what was seen is a breach', 'drops < 2/s for 5s', '~3 ~3 ~3 ~3', 'breached >=2.4 4s'],
    ['what is high enough of what was seen holds', 'flows > 2/s for 5s', '~3 ~3 ~3 ~3 ~3', 'ok >=3 5s'],
    ['seen itself is told whatever was unseen', 'seen < 60% for 2s', '~1/2 ~1/2', 'ok 50 2s'],
    ['nobody tells', 'connections < 2/s for 5s', '? ? ? ? ?', 'open - 0s'],
    ['nobody of that name', 'drops(ns=x) < 2/s for 5s', '-0 -0 -0 -0 -0', 'open - 0s'],
    ['a name that was there once is there', 'drops(ns=x) < 2/s for 5s', '-0 -0 0 -0 -0', 'ok 0 5s'],
    ['what has no name may decide', 'drops(ns=x) < 1/s for 5s', '0 0 0 0+9 0', 'open - 0s'],
    ['what has no name decides nothing where it is too little', 'drops(ns=x) < 2/s for 5s', '0 0 0 0+9 0', 'ok >=0 5s'],
  ])('%s', (_what, text, samples, expected) => {
    expect(short(judged(text, seconds(samples)))).toBe(expected);
  });

  test.each([
    ['drops < 2/s for 5s', '1 . 1', { kind: 'hole', second: FIRST + 1 }],
    ['drops < 2/s for 5s', '~0 ~0 ~0 ~0 ~0', { kind: 'unseen', seen: 0.5 }],
    ['connections < 2/s for 5s', '? ? ? ? ?', { kind: 'silent' }],
    ['drops(ns=x) < 2/s for 2s', '-0 -0', { kind: 'unmet' }],
    ['lost < 10% for 1s', '0/0', { kind: 'no-whole' }],
    ['drops(ns=x) < 1/s for 5s', '0 0 0 0+9 0', { kind: 'unnamed' }],
    ['drops < 2/s for 5s', '1 1', undefined],
  ])('%s with %s says why it is left open', (text, samples, obstacle) => {
    expect(judged(text, seconds(samples)).obstacle).toEqual(obstacle);
  });

  test('a node nobody hears of is not seen', () => {
    const away = seconds('0 0 0 0 0').map((sample) => ({ ...sample, coverage: { ...sample.coverage, nodesHeard: 2 } }));
    expect(judged('drops < 2/s', away).obstacle).toEqual({ kind: 'unseen', seen: 2 / 3 });
    expect(judged('drops < 2/s', away, 0.6).verdict).toBe('ok');
  });

  test('keeps its laws on random seconds', () => {
    const seed = 31_337;
    const random = seededRandom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const texts = ['drops < 3/s for 6s', 'drops <= 10 for 6s', 'flows > 1/s for 6s', 'flows >= 12 for 6s', 'lost < 30% for 4s', 'nodes >= 2 for 3s', 'drops == 0 for 5s', 'flows != 6 for 3s'];
    const counts = { ok: 0, breached: 0, open: 0 };
    for (let round = 0; round < 3_000; round++) {
      const text = pick(texts);
      const words = Array.from({ length: 1 + Math.floor(random() * 14) }, () => `${pick(['', '', '', '', '.', '~', '?'])}${Math.floor(random() * 5)}/10${random() < 0.1 ? '+2' : ''}`);
      const samples = seconds(words.join(' ').replaceAll(/[.?]\d/g, (word) => word.slice(0, 1)));
      const told = judged(text, samples);
      const where = `seed ${seed} round ${round}: ${text} with ${words.join(' ')}`;
      counts[told.verdict]++;
      // more seconds change no verdict
      if (told.verdict !== 'open') expect(judged(text, [...samples, ...seconds('9 . 0')]), where).toEqual(told);
      // asking for less makes nothing that was told unknown, and turns no verdict round
      const lenient = judged(text, samples, 0);
      if (told.verdict === 'ok') expect(lenient.verdict, where).not.toBe('open');
      // ok is only said of seconds in a row that were all observed, and told by somebody
      if (told.verdict === 'ok') {
        const stretch = samples.filter(({ second }) => second >= told.fromSecond && second <= told.lastSecond);
        expect(stretch, where).toHaveLength(condition(text).forSeconds ?? LOOK_SECONDS);
        expect(stretch.every(({ figure }) => figure.value !== undefined), where).toBe(true);
        if (text.includes('<')) expect(stretch.some(({ coverage }) => coverage.isHole), where).toBe(false);
      }
      // a breach of an upper bound stays one when more is found of what was not seen
      if (told.verdict === 'breached' && text.startsWith('drops <')) {
        const more = samples.map((sample) => ({ ...sample, figure: { ...sample.figure, value: sample.figure.value === undefined ? undefined : sample.figure.value + (sample.coverage.isHole ? 5 : 0) } }));
        expect(judged(text, more).verdict, where).toBe('breached');
      }
    }
    expect(Math.min(counts.ok, counts.breached, counts.open)).toBeGreaterThan(100);
  });
});
