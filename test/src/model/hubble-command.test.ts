import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { observe } from '../../../src/cli/observe.ts';
import { parseFlags, FlagValues } from '../../../src/cli/flags.ts';
import { readFilters } from '../../../src/cli/observe-request.ts';
import { readSelection } from '../../../src/cli/selection-flags.ts';
import { type Chip, CHIP_FIELDS, type ChipField, filtersOf } from '../../../src/model/chips.ts';
import { DROP_REASON_NUMBERS } from '../../../src/model/drop-words.ts';
import { hubbleCommand } from '../../../src/model/hubble-command.ts';
import { type FlowFilter, FlowFilterCodec } from '../../../src/wire/gen/flow.ts';
import { seededRandom } from '../seeded-random.ts';

function chips(text: string): Chip[] {
  return text.split(' ').filter((word) => word !== '').map((word) => {
    const [, not = '', field = '', value = ''] = /^(!?)([a-z-]+)=(.*)$/.exec(word) ?? [];
    return { field: field as ChipField, value, isNegated: not === '!' };
  });
}

/** What a real shell makes of lines: the words of each. */
function shellWords(lines: readonly string[]): string[][] {
  const script = lines.map((line) => `for word in ${line}; do printf '%s\\0' "$word"; done; printf '\\1\\0'`).join('\n');
  const out = execFileSync('sh', ['-c', script], { encoding: 'utf8', maxBuffer: 64 << 20 });
  return out.split('\u0001\0').slice(0, -1).map((words) => words.split('\0').slice(0, -1));
}

function filtersOfWords(words: readonly string[]): { whitelist: string[]; blacklist: string[] } {
  expect(words.slice(0, 2)).toEqual(['hubble', 'observe']);
  const result = parseFlags(observe.flags, words.slice(2));
  if (!result.ok) throw new Error(result.error);
  expect(result.parsed.positionals).toEqual([]);
  const { whitelist, blacklist } = readFilters(new FlagValues(result.parsed.given), {});
  return { whitelist: bytesOf(whitelist), blacklist: bytesOf(blacklist) };
}

function bytesOf(filters: readonly FlowFilter[]): string[] {
  return filters.map((filter) => Buffer.from(FlowFilterCodec.encode(filter)).toString('hex')).sort();
}

describe('hubbleCommand()', () => {
  test.each([
    ['', 'hubble observe --follow'],
    ['verdict=DROPPED', 'hubble observe --verdict DROPPED --follow'],
    ['verdict=DROPPED drop-reason=POLICY_DENIED', 'hubble observe --verdict DROPPED --drop-reason-desc POLICY_DENIED --follow'],
    ['protocol=icmp node=node-03', 'hubble observe --protocol icmpv4 --protocol icmpv6 --node-name node-03 --follow'],
    ['tcp-flags=RST', 'hubble observe --tcp-flags RST --follow'],
    ['!verdict=FORWARDED', 'hubble observe --not --verdict FORWARDED --follow'],
    ['!node=a !node=b', `hubble observe --not --node-name a --denylist '{"node_name":["b"]}' --follow`],
    ['from-pod=shop/checkout-1 verdict=DROPPED',
      `hubble observe --verdict DROPPED --from-pod shop/checkout-1 --allowlist '{"destination_pod":["shop/checkout-1"],"verdict":["DROPPED"],"reply":[true]}' --follow`],
    ['to-workload=shop/payments port=8443',
      `hubble observe --to-namespace shop --to-workload payments --to-port 8443 --allowlist '{"source_pod":["shop/"],"source_workload":[{"name":"payments"}],"source_port":["8443"],"reply":[true]}' --follow`],
  ])('%s', (text, line) => {
    expect(hubbleCommand(chips(text)).line).toBe(line);
  });

  test('takes a span of time instead of following', () => {
    const { line } = hubbleCommand(chips('verdict=DROPPED'), { sinceMs: Date.UTC(2026, 5, 8, 12, 6, 29), untilMs: Date.UTC(2026, 5, 8, 12, 7, 29, 500) });
    expect(line).toBe('hubble observe --verdict DROPPED --since 2026-06-08T12:06:29.000Z --until 2026-06-08T12:07:29.500Z');
    const parsed = parseFlags(observe.flags, line.split(' ').slice(2));
    if (!parsed.ok) throw new Error(parsed.error);
    expect(readSelection(new FlagValues(parsed.parsed.given), { nowNs: 0n, isFromFile: false, isEvents: false }).until).toEqual({ seconds: BigInt(Date.UTC(2026, 5, 8, 12, 7, 29) / 1000), nanos: 500_000_000 });
  });

  test.each([
    ['drop-reason=NO_SOCKET', 'hubble cannot ask for drop-reason=NO_SOCKET alone: it has no number, so the line shows all drops of the kernel'],
    ['!drop-reason=NO_SOCKET', 'hubble cannot leave out drop-reason=NO_SOCKET alone: it has no number, so the line leaves out all drops of the kernel'],
    ['from-pod=shop/a', 'hubble filters by packet: the line also shows replies that a client gives as a server'],
    ['to-namespace=data to-pod=shop/a-long-name', 'hubble has no place for to-namespace=data beside the other condition on that side'],
  ])('%s says what hubble cannot', (text, note) => {
    expect(hubbleCommand(chips(text)).notes).toContain(note);
  });

  test.each([['verdict=DROPPED'], ['drop-reason=POLICY_DENIED protocol=tcp'], ['!from-pod=shop/a']])('%s is the same in hubble, without a note', (text) => {
    expect(hubbleCommand(chips(text)).notes).toEqual([]);
  });

  test('a note never holds what a shell would read', () => {
    const [note = ''] = hubbleCommand([{ field: 'drop-reason', value: "x'\n; rm -rf ~ #", isNegated: false }]).notes;
    expect(note).toMatch(/^[\w .,:-]+$/);
  });

  test('observe takes every line a real shell makes of it, and asks for the same filters', () => {
    const seed = 20_260_608;
    const random = seededRandom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const fields = CHIP_FIELDS;
    const hostile = ["o'clock", '$(touch /tmp/x)', '`id`', 'a b', '"', '\\', '-x', '--', '!!', '*', 'a\nb', '\u001b[31m', '\u009d52;c;', 'naïve', '日本', "'; ls; '", '', 'a/b/c', '#'];
    const values: Partial<Record<ChipField, readonly string[]>> = {
      verdict: ['DROPPED', 'FORWARDED', 'AUDIT'], protocol: ['tcp', 'udp', 'icmp', 'http', 'dns'], 'drop-reason': ['POLICY_DENIED', 'NO_SOCKET', 'STALE_OR_UNROUTABLE_IP'],
      'tcp-flags': ['RST'], port: ['8080', '53'], 'http-method': ['GET', 'POST'], 'http-status': ['503', '5+'],
    };
    const drawn = Array.from({ length: 400 }, () => Array.from({ length: Math.floor(random() * 5) }, (): Chip => {
      const field = pick(fields);
      const name = random() < 0.5 ? pick(hostile) : pick(['shop/checkout', 'world', 'shop', 'node-03', 'shop/']);
      return { field, value: pick(values[field] ?? [name, `shop/${name}`]), isNegated: random() < 0.3 };
    }));
    const lines = drawn.map((list) => hubbleCommand(list).line);
    expect(lines.filter((line) => !/^[\x20-\x7e]+$/.test(line))).toEqual([]);
    const words = shellWords(lines);
    expect(words).toHaveLength(drawn.length);
    drawn.forEach((list, i) => {
      const { whitelist, blacklist } = filtersOf(list, DROP_REASON_NUMBERS);
      expect(filtersOfWords(words[i] ?? []), `seed ${seed}: ${lines[i]}`).toEqual({ whitelist: bytesOf(whitelist), blacklist: bytesOf(blacklist) });
    });
  });
});
