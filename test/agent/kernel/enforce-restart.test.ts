import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { cleanFolder } from '../../../agent/kernel/clean-up.ts';
import { openKernel } from '../../../agent/kernel/open-kernel.ts';
import { canPinIn, linkPins, pinFolderOf } from '../../../agent/kernel/pin-folder.ts';
import { AgentProcess } from './agent-process.ts';
import { missingForKernelTests, objectPath, ownBpf, ScratchNode, type ScratchPod } from './scratch-namespaces.ts';
import { ALLOWED_PORT, SteadyTraffic } from './steady-traffic.ts';

const missing = missingForKernelTests() ?? (canPinIn('/sys/fs/bpf') ? undefined : 'needs a BPF file system at /sys/fs/bpf');
if (missing !== undefined) console.error(`skipped: restarts of an enforcing agent: ${missing}`);

const nodeName = `test-${process.pid}.restart`;
const pinFolder = pinFolderOf(nodeName);
/** Inside the tree, so that the child finds koffi as the real bundle does. */
const folder = `dist/restart-test-${process.pid}`;
const script = join(folder, 'agent.cjs');

/** An agent without its server: client, server, mode as arguments; the numbers of label sets differ from start to start, as they do. */
const agent = `import { openKernel } from './agent/kernel/open-kernel.ts';
  const [client, server, mode, shift] = process.argv.slice(2);
  const [web, api] = Number(shift) % 2 === 0 ? [1, 2] : [2, 1];
  const deny = { peer: 0xffffffff, direction: 1, bits: 0, protocol: 0, port: 0, policy: 9, flags: 3 };
  const allow = (protocol) => ({ peer: web, direction: 1, bits: 24, protocol, port: ${ALLOWED_PORT}, policy: 7, flags: 0 });
  const kernel = openKernel({ objectPath: ${JSON.stringify(resolve(objectPath))}, onWarning: (line) => console.error(line), ...(mode === 'enforce' ? { pinFolder: ${JSON.stringify(pinFolder)} } : {}) });
  kernel.setPolicies({ mode, endpoints: new Map([[api, [deny, allow(6), allow(17)]], [web, [deny]]]), networks: [] });
  kernel.setAddresses([{ ip: client, ref: web, labels: web, isLocal: true }, { ip: server, ref: api, labels: api, isLocal: true }], []);
  const tell = () => { kernel.sweep({ all: true }); const { conntrack, pairs } = kernel.sample(); console.log(JSON.stringify({ devices: kernel.attachedDevices().length, ...conntrack, cut: pairs.some(({ verdict, port }) => verdict === 2 && port === ${ALLOWED_PORT}) })); };
  tell();
  process.stdin.on('data', tell);
  process.on('SIGTERM', () => { kernel.close(); process.exit(0); });`;

describe.skipIf(missing !== undefined)('an enforcing agent', () => {
  let node: ScratchNode;
  let web: ScratchPod;
  let api: ScratchPod;
  let traffic: SteadyTraffic;
  let before: string[];
  const agents: AgentProcess[] = [];

  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    buildSync({ stdin: { contents: agent, resolveDir: '.', loader: 'js' }, bundle: true, platform: 'node', format: 'cjs', target: 'node20', external: ['koffi'], define: { HUBTOP_BUNDLE: 'true' }, outfile: script });
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeEach(() => {
    before = ownBpf();
    node = new ScratchNode();
    web = node.addPod(1);
    api = node.addPod(2);
    traffic = new SteadyTraffic();
  });

  afterEach(async () => {
    traffic.stop();
    for (const running of agents.splice(0)) await running.kill();
    cleanFolder(pinFolder);
    node.remove();
  });

  const start = (mode: string, shift = 0): AgentProcess => {
    const running = new AgentProcess([`--net=/run/netns/${node.name}`, process.execPath, script, web.ip, api.ip, mode, String(shift)]);
    agents.push(running);
    return running;
  };
  const fresh = (): string[] => ownBpf().filter((one) => !before.includes(one));

  test('denies through kill -9 and restart, and cuts nothing that is allowed', async () => {
    let running = start('enforce');
    expect(figures(await running.line())).toMatchObject({ devices: 2, inserted: 0 });
    await traffic.start(web, api);
    for (let shift = 1; shift <= 3; shift++) {
      await traffic.goesOn();
      await running.kill();
      const alone = await traffic.seen();
      await traffic.goesOn();
      running = start('enforce', shift);
      expect(figures(await running.line())).toMatchObject({ devices: 2 });
      await traffic.goesOn();
      const seen = await traffic.seen();
      expect(seen).toMatchObject({ successes: 0, closed: 0, missing: 0 });
      expect(seen.bytes).toBeGreaterThan(alone.bytes);
      expect(seen.datagrams).toBeGreaterThan(alone.datagrams);
    }
    traffic.stop(); // what begins while it counts would be missing on one side
    running.ask();
    const { inserted, deleted, live, cut } = figures(await running.line());
    expect({ cut, evicted: Number(inserted) - Number(deleted) - Number(live) }).toEqual({ cut: false, evicted: 0 });
  }, 60_000);

  test('keeps its policies in force when it is stopped, says how they end, and --cleanup ends them', async () => {
    const running = start('enforce');
    figures(await running.line());
    await traffic.start(web, api);
    expect(cleanFolder(pinFolder)).toEqual([`left ${nodeName}: process ${running.pid} enforces its policies: stop it first`]);
    expect(linkPins(pinFolder)).toHaveLength(4);
    expect(await running.stop()).toBe('policies stay in force: hubtop agent --cleanup ends them\n');
    const { attempts } = await traffic.seen();
    await traffic.goesOn();
    expect(await traffic.seen()).toMatchObject({ successes: 0, closed: 0 });
    expect((await traffic.seen()).attempts).toBeGreaterThan(attempts);
    expect(cleanFolder(pinFolder)).toEqual([`removed ${nodeName}: 4 links on 2 devices, which kept its policies in force`]);
    expect([cleanFolder(pinFolder), existsSync(pinFolder)]).toEqual([[], false]);
    await vi.waitFor(() => expect(fresh()).toEqual([]), { timeout: 5000 });
    await expect.poll(async () => (await traffic.seen()).successes, { timeout: 10_000 }).toBeGreaterThan(0);
  });

  test('lets no second one have its place', async () => {
    const running = start('enforce');
    figures(await running.line());
    expect(() => openKernel({ objectPath, pinFolder })).toThrow(`process ${running.pid} enforces policies by ${pinFolder}: stop it first`);
  });

  test('takes the pins of devices away that are gone, at once and at the next start', async () => {
    let running = start('enforce');
    figures(await running.line());
    const other = node.addPod(3);
    await expect.poll(() => linkPins(pinFolder).length, { timeout: 10_000 }).toBe(6);
    other.remove();
    await expect.poll(() => linkPins(pinFolder).length, { timeout: 10_000 }).toBe(4);
    await running.kill();
    web.remove();
    // the number is given to another pod: its programs must come anew
    const next = node.addPod(4, web.hostIfindex);
    running = start('enforce', 1);
    expect(figures(await running.line())).toMatchObject({ devices: 2 });
    expect(linkPins(pinFolder).map(({ ifindex }) => ifindex).toSorted((one, two) => one - two)).toEqual([next, next, api, api].map(({ hostIfindex }) => hostIfindex).toSorted((one, two) => one - two));
  });

  test.each(['observe', 'audit'])('that only looks (%s) leaves nothing, whenever it is killed', async (mode) => {
    for (const afterMs of [150, 300, 450, 600, 900]) {
      const running = start(mode);
      await new Promise((done) => { setTimeout(done, afterMs); });
      await running.kill();
      await vi.waitFor(() => expect(fresh()).toEqual([]), { timeout: 5000 });
      expect(existsSync(pinFolder)).toBe(false);
    }
  });
});

function figures(line: string): Record<string, number | boolean> {
  return JSON.parse(line) as Record<string, number | boolean>;
}
