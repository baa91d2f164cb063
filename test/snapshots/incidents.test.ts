import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { incidents } from '../../agent/demo/story/story-list.ts';
import { clock } from '../../src/screen/format.ts';
import { screenOf, snapshots, watched } from './watched.ts';

const isUpdating = process.env['UPDATE_GOLDEN'] === '1';
const sizes = [{ cols: 80, rows: 24 }, { cols: 120, rows: 40 }];

/** What must be said of a recorded incident. */
interface Expected {
  /** The incident's word, on what, and when it began. */
  word: string;
  subject: string;
  since: string;
  /** In its cause, its why or what they rest on. */
  because: RegExp;
  /** The moment of its screens, where the end of the file is too late: it was over by then. */
  at?: string;
  /** Views besides overview and incidents that matter for it. */
  views: readonly string[];
}

const expected: Readonly<Record<string, Expected>> = {
  'policy-edit': { word: 'POLICY', subject: 'default/commentary-fanout → default/chat-relay:50051', since: '21:30:08', because: /chat-relay-ingress rev 42 changed by kubectl-edit.*8 s/, views: ['drops'] },
  'kafka-broker': { word: 'DROPS', subject: 'ingest/ingest-collector → ingest/kafka-broker-3:9092', since: '21:30:00', because: /kafka-broker-3-0 came 2 min before the first drop.*collector-egress/s, views: ['drops'] },
  'reset-timer': { word: 'RESETS', subject: 'default/commentary-fanout → default/chat-relay:50051', since: '21:30:00', because: /n=2\d, like a timer/, views: ['talkers', 'flows'] },
  'ring-burst': { word: 'LOST', subject: 'node-05 kernel-ring ring full', since: '21:30:01', because: /between kernel and agent: the ring was full.*of node-05 you see 8\d %/s, at: '21:30:12', views: ['nodes'] },
  'identity-churn': { word: 'IDENT', subject: 'payments/ledger-svc → payments/postgres-primary:5432', since: '21:30:00', because: /identity 58213 after 7645.*team=ledger is now team=payments-core/, at: '21:30:18', views: ['drops'] },
  'conntrack-full': { word: 'CT', subject: 'node-03 ht_conntrack', since: '21:30:05', because: /% a minute/, views: ['nodes', 'drops'] },
  'nxdomain-storm': { word: 'DNS', subject: 'payments/notifier', since: '21:30:00', because: /NXDOMAIN/, views: ['dns'] },
  'rogue-egress': { word: 'EGRESS', subject: 'payments/cardholder → world 198.51.100.77:443', since: '21:30:00', because: /never talked to the world.*pci=true.*no DNS name/s, views: ['talkers', 'map'] },
  'refund-latency': { word: 'LATENCY', subject: 'POST /v1/payments/refund', since: '21:30:00', because: /refund-svc → payments\/postgres-primary/, views: ['l7', 'drops'] },
};

/** How far from its beginning an incident may be told to begin. */
const TOLERANCE_S = 5;

test('every recording is looked at', () => {
  expect(Object.keys(expected).toSorted()).toEqual(incidents.map(({ name }) => name).toSorted());
});

describe.each(Object.entries(expected))('%s', (name, wanted) => {
  test('is named with its pair, its time and its cause, and its screens are as they were', { timeout: 60_000 }, async () => {
    const state = await watched(name);
    const found = state.incidents.list().filter(({ told }) => told.word === wanted.word && told.subject.includes(wanted.subject));
    expect(found.map(({ told }) => told.subject), state.incidents.list().map(({ told, sinceMs }) => `${clock(sinceMs)} ${told.word} ${told.subject}: ${told.why}`).join('\n')).toHaveLength(1);
    const [incident] = found;
    const told = [incident?.told.why, incident?.told.cause?.text, ...(incident?.told.evidence ?? [])].join('\n');
    expect(told).toMatch(wanted.because);
    expect(Math.abs((incident?.sinceMs ?? 0) - Date.parse(`2026-03-01T${wanted.since}Z`))).toBeLessThanOrEqual(TOLERANCE_S * 1000);
    // on the screen, too: the name of the pair may be cut, its time not
    const screen = screenOf(state, 'incidents', { cols: 120, rows: 40 });
    expect(screen).toContain(`${clock(incident?.sinceMs ?? 0)}`);
    expect(screen).toContain(` ${wanted.word} `);
    const files = ['overview', 'incidents', ...wanted.views].flatMap((view) => sizes.map((size) => ({ view, size, file: `${view}.${size.cols}x${size.rows}.txt` })));
    const shown = wanted.at === undefined ? state : await watched(name, Date.parse(`2026-03-01T${wanted.at}Z`));
    for (const { view, size, file } of files) {
      const text = screenOf(shown, view, size);
      const path = join(snapshots, name, file);
      if (isUpdating) writeFileSync(path, text);
      expect(existsSync(path) ? readFileSync(path, 'utf8') : 'no golden screen', file).toBe(text);
    }
    expect(readdirSync(join(snapshots, name)).filter((entry) => entry.endsWith('.txt')).toSorted()).toEqual(files.map(({ file }) => file).toSorted());
  });
});
