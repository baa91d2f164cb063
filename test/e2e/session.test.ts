// A person's session at 3 a.m., key by key: a policy was edited, something fails, the answer is on the first screen.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type TestContext } from 'vitest';
import { bundle, hasTmux } from './hubtop-process.ts';
import { TmuxTerminal } from './tmux.ts';

/** The incident begins 15 s after the start of the demo, the first drop 8 s after that. */
const INCIDENT_MS = 60_000;
const SOON_MS = 10_000;

/** A demo in a folder of its own, both gone with the test. */
function start(size: { cols: number; rows: number }, { onTestFinished }: TestContext): { at: TmuxTerminal; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-session-'));
  const at = new TmuxTerminal(size, `session-${size.cols}`);
  onTestFinished(() => {
    at.close();
    rmSync(folder, { recursive: true, force: true });
  });
  at.type(`cd ${folder}; export XDG_STATE_HOME=${folder}/state; clear; ${process.execPath} ${bundle} demo --scenario policy-edit\n`);
  return { at, folder };
}

/** Up from the newest row to one whose client is a pod: the newest may be the world's or a host's. */
async function selectClientPod(at: TmuxTerminal): Promise<void> {
  for (let row = 0; row < 30; row += 1) {
    const before = /►[^\n]*/.exec(at.screen())?.[0];
    at.press('k');
    const screen = await at.waitFor({ test: (text) => /PAUSED[\s\S]*── SELECTED/.test(text) && /►[^\n]*/.exec(text)?.[0] !== before, toString: () => 'another row selected' }, SOON_MS);
    if (/►[^\n]*(fwd|DROP) +[\w-]+\//.test(screen)) return;
  }
  throw new Error(`no row of a client pod among thirty:\n${at.screen()}`);
}

test.skipIf(!hasTmux)('from the first screen to the answer, the evidence, the command and the way out', { concurrent: true, timeout: 180_000 }, async (context) => {
  const { at, folder } = start({ cols: 120, rows: 40 }, context);
  // the first screen: what is wrong, since when, who changed what, what to type next
  const first = await at.waitFor(/► WARN POLICY +default\/commentary[^\n]*chat-relay:50051/, INCIDENT_MS);
  expect(first).toMatch(/since \d\d:\d\d:\d\d/);
  expect(first).toMatch(/chat-relay-ingress rev 42[\s\S]*kubectl-edit/);
  expect(first).toMatch(/y copies kubectl -n default get netpol chat-relay-ingress/);
  expect(first).toMatch(/seen 100%/);

  // y: the command is for a colleague
  at.press('y');
  await at.waitFor(/clip/, SOON_MS);
  expect(readFileSync(join(folder, 'state/hubtop/clip.txt'), 'utf8')).toMatch(/^kubectl -n default get netpol chat-relay-ingress -o yaml/);

  // Enter: why; Enter: the packets
  at.press('Enter');
  const why = await at.waitFor(/\[3 Drops\][\s\S]*WHY AND WHAT TO DO/, SOON_MS);
  expect(why).toMatch(/► default\/commentary-fanout → (default\/)?chat-relay:50051 +ingress/);
  expect(why).toMatch(/closest is spec\.ingress\[0\] of default\/chat-relay-ingress/);
  expect(why).toMatch(/BEFORE/);
  at.press('Enter');
  const stream = await at.waitFor(/\[2 Flows\][\s\S]*X DROP +default\/commentary/, 20_000);
  expect(stream).toMatch(/from-w/);

  // pivot: pod, verdict, protocol; each is a chip, b takes one back
  at.press('x');
  await at.waitFor(/filter none/, SOON_MS);
  await at.waitFor(/\d\d:\d\d:\d\d\.\d{3}[^\n]*default\/commentary/, 30_000);
  await selectClientPod(at);
  at.press('p');
  const pod = await at.waitFor(/\[1\]from-pod=/, SOON_MS);
  expect(pod).toMatch(/LIVE/);
  await at.waitFor(/(\+ fwd|X DROP)/, 20_000);
  at.press('v');
  await at.waitFor(/\[2\]verdict=/, SOON_MS);
  at.press('o');
  await at.waitFor(/\[3\]proto/, SOON_MS);
  at.press('b');
  await at.waitFor(/\[2\]verdict=(?![\s\S]*\[3\])/, SOON_MS);
  at.press('b', 'b');
  await at.waitFor(/filter none/, SOON_MS);

  // scrub back: all views stand at the moment
  at.press('1');
  await at.waitFor(/\[1 Overview\]/, SOON_MS);
  at.press('[', '[');
  await at.waitFor(/\[PAUSED\][\s\S]*WHAT IS WRONG +at \d\d:\d\d:\d\dZ/, SOON_MS);
  at.press('Space');
  await at.waitFor(/\[LIVE/, SOON_MS);

  // explain: the incident with its cause, the least rule and the whole incident as files of one's own
  at.press('9');
  await at.waitFor(/── INCIDENTS[\s\S]*POLICY[\s\S]*kubectl-edit/, SOON_MS);
  at.press('e');
  await at.waitFor(/hubtop-incident-\S+/, SOON_MS);
  at.press('3');
  await at.waitFor(/\[3 Drops\][\s\S]*WHY AND WHAT TO DO/, SOON_MS);
  at.press('E');
  await at.waitFor(/allow-\S+\.yaml/, SOON_MS);
  const files = readdirSync(folder);
  const incident = files.find((name) => name.startsWith('hubtop-incident-'));
  expect(readFileSync(join(folder, incident ?? ''), 'utf8')).toMatch(/chat-relay-ingress[\s\S]*kubectl-edit/);
  const rule = files.find((name) => name.startsWith('allow-'));
  expect(readFileSync(join(folder, rule ?? ''), 'utf8')).toMatch(/kind: NetworkPolicy[\s\S]*app: commentary-fanout[\s\S]*50051/);

  at.press('q');
  await at.waitFor(/[$#]\s*$/, SOON_MS);
  expect(at.show('alternate_on')).toBe('alternate_on=0');
});

test.skipIf(!hasTmux)('the first screen at 80x24 says what is wrong, since when, who changed what and what to type next', { concurrent: true, timeout: 120_000 }, async (context) => {
  const { at } = start({ cols: 80, rows: 24 }, context);
  const first = await at.waitFor(/►WARN POLICY/, INCIDENT_MS);
  expect(first).toMatch(/since \d\d:\d\d:\d\d: policy default\/chat-relay-ingress rev 42/);
  expect(first).toMatch(/kubectl-edit/);
  expect(first).toMatch(/y copies kubectl -n default get netpol chat-relay-ingress/);
  expect(first).toMatch(/seen100%/);
  expect(first.split('\n').every((line) => line.length <= 80)).toBe(true);
  at.press('q');
  await at.waitFor(/[$#]\s*$/, SOON_MS);
});
