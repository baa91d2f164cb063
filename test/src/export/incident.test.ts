import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { exportIncident, INCIDENT_FORMATS } from '../../../src/export/incident.ts';
import type { State } from '../../../src/model/state.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';
import { flowOf, framed, reportOf, TALKS, type FakeTalk } from '../app/fake-cluster.ts';
import { busyScene, emptyScene, gapScene, hostileScene, START_MS, stockScene } from '../views/scenes.ts';

const GOLDEN = join(import.meta.dirname, 'golden');
const isUpdating = process.env['UPDATE_GOLDEN'] === '1';

const gap = gapScene();
const scenes: readonly (readonly [string, State])[] = [['empty', emptyScene()], ['busy', busyScene()], ['gap', gap], ['hostile', hostileScene()], ['stock', stockScene()]];

/** Names that mean something to Markdown, HTML or a forge. */
const MARKUP = ['<img src=x onerror=alert(1)>', '[x](javascript:alert(1))', '`code`', '```', 'a|b', '@everyone', 'https://evil.example/', 'www.evil.example', '*bold*', '_em_', '![](x)', '&lt;', '# head', '- item', '$x$', '</pre><script>x</script>', "'\"", '~~gone~~'];

function markupScene(): State {
  const state = emptyScene();
  const talks = MARKUP.map((name, i): FakeTalk => ({ from: `ns/${name}`, to: `${name}/b`, port: 80 + i, protocol: 6, perSecond: 5, bytes: 100, ...(i % 2 === 0 ? { drop: 133 } : {}) }));
  update(state, { type: 'connection', state: 'live' });
  for (let second = 0; second < 12; second++) {
    const timeMs = START_MS + (second + 1) * 1000;
    update(state, { type: 'tick', nowMs: timeMs });
    update(state, { type: 'telemetry', report: { ...reportOf(second, timeMs, { talks }), changes: MARKUP.map((name) => ({ time: { seconds: BigInt(START_MS / 1000) }, kind: name, subject: name, detail: name, who: name, node: name })) } });
    for (const talk of talks) update(state, { type: 'flows', bytes: framed(flowOf(talk, timeMs)) });
  }
  update(state, { type: 'node-status', node: MARKUP[0] ?? '', state: 'NODE_ERROR', message: MARKUP[15] ?? '' });
  return state;
}

describe('exportIncident()', () => {
  test.each(INCIDENT_FORMATS)('%s of a cluster with gaps matches its golden', (format) => {
    const file = exportIncident(gap, format);
    expect(file.stem).toBe('hubtop-incident-20260301T120130Z');
    expect(file.ending).toBe(`.${format}`);
    const path = join(GOLDEN, `incident.${format}`);
    if (isUpdating) writeFileSync(path, file.text);
    expect(file.text).toBe(readFileSync(path, 'utf8'));
  });

  test.each(scenes.flatMap(([name, state]) => INCIDENT_FORMATS.map((format) => [name, format, state] as const)))('a %s cluster as %s has every part and no raw control character', (_name, format, state) => {
    const { text } = exportIncident(state, format);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(text).not.toMatch(/undefined|NaN|\[object/);
    if (format !== 'json') for (const part of ['What was seen, and what not', 'What changed', 'Incidents', 'Drops in 60 s', 'Pairs in 60 s', 'hubble observe', 'versions', 'Last rows of the stream']) expect(text).toContain(part);
    else expect(JSON.parse(text)).toMatchObject({ schema: 'hubtop/1', kind: 'incident', versions: { hubtop: expect.any(String) }, hubble: { command: expect.stringMatching(/^hubble observe/) } });
  });

  test('HTML has no tag but its own, whatever the names are', () => {
    const { text } = exportIncident(markupScene(), 'html');
    const body = text.slice(text.indexOf('<body>'));
    const rest = body.replaceAll(/<\/?(?:body|html|h[123]|p|ul|li|pre|table|tr|td|th)>|<th scope="row">|<t[dh] class="right">/g, '');
    expect(rest).not.toMatch(/[<>]/);
    expect(rest).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(text.match(/<style>/g)).toHaveLength(1);
    expect(text).not.toMatch(/<(?:script|link|img|iframe|a)\b/);
    expect(text).toContain("default-src 'none'");
  });

  test('Markdown makes no link, image, tag, table column or call of a name', () => {
    const { text } = exportIncident(markupScene(), 'md');
    const lines = text.split('\n');
    let fence = '';
    const outside = lines.filter((line) => {
      const mark = /^`{3,}$/.exec(line)?.[0] ?? '';
      if (mark === '' || (fence !== '' && mark !== fence)) return fence === '';
      fence = fence === '' ? mark : '';
      return false;
    });
    expect(fence).toBe('');
    const prose = outside.join('\n');
    expect(prose).not.toMatch(/(?<!\\)[`<[*~$]/);
    expect(prose).not.toMatch(/@\w|:\/\/|www\.\w/);
    const tables = outside.filter((line) => line.startsWith('| '));
    expect(tables.length).toBeGreaterThan(MARKUP.length);
    for (const line of tables) expect([3, 5, 6, 7].map((pipes) => pipes)).toContain((line.match(/(?<!\\)\|/g) ?? []).length);
    expect(prose).toContain(String.raw`\<img src=x onerror=alert(1)>`);
  });

  test.each(INCIDENT_FORMATS)('%s has no query string, user info or header value in it', (format) => {
    const state = busyScene();
    const talk = TALKS[0] as FakeTalk;
    const flow: Flow = {
      ...flowOf(talk, state.nowMs), Type: 2, event_type: { type: 129 }, Summary: 'HTTP/1.1 GET http://user:hunter2@shop/cart?token=abc123&x=1#frag9',
      l7: { type: 1, latency_ns: 4_000_000n, http: { method: 'GET', code: 503, url: 'http://user:hunter2@shop/cart?token=abc123&x=1#frag9', protocol: 'HTTP/1.1', headers: [{ key: 'Authorization', value: 'Bearer s3cret' }] } },
    };
    update(state, { type: 'flows', bytes: framed(flow) });
    const { text } = exportIncident(state, format);
    expect(text).toContain('/cart');
    expect(text).toContain('HUBBLE_REDACTED');
    expect(text).not.toMatch(/hunter2|abc123|s3cret|frag9/);
  });

  test('says the moment, window and filter the reader looks at', () => {
    const state = busyScene();
    update(state, { type: 'action', action: 'pause' });
    update(state, { type: 'action', action: 'time-back' });
    update(state, { type: 'chip', field: 'verdict', value: 'DROPPED', isNegated: false });
    const { text } = exportIncident(state, 'md');
    expect(text).toContain('| filter | verdict=DROPPED |');
    expect(text).toMatch(/hubble observe --verdict DROPPED --since 2026-03-01T12:0\d:\d\d\.000Z --until 2026/);
  });

  test('an empty cluster is said to have shown nothing, not to be well', () => {
    const { text } = exportIncident(emptyScene(), 'md');
    expect(text).toContain('Nothing was observed');
  });
});
