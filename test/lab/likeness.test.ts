import { afterEach, describe, expect, test } from 'vitest';
import { startDemo, type Demo } from '../../agent/demo/demo.ts';
import { startLab, type Lab } from '../../agent/lab/lab.ts';
import { openChannel } from '../../src/rpc/channel.ts';
import { parseTarget } from '../../src/rpc/target.ts';
import { startRelay } from '../../src/relay/relay.ts';
import type { Flow, TCPFlags } from '../../src/wire/gen/flow.ts';
import { FlowExtensionCodec, FlowsOptionsCodec } from '../../src/wire/gen/hubtop.ts';
import { ObserverService } from '../../src/wire/services.ts';
import { eventually, kernelProblem, program } from './lab-process.ts';

if (kernelProblem !== '') console.warn(`skipped: the simulated kernel against the real one (${kernelProblem})`);

const seconds = 14;
const traceType = 4;
const kernelDropSubType = 255;

/** What is comparable: the lab has no world, no ping, no datapath that drops and no conntrack table that is too small. */
function isComparable(flow: Flow): boolean {
  const isKernelDrop = flow.event_type?.sub_type === kernelDropSubType;
  if (flow.event_type?.type !== traceType && !isKernelDrop) return false;
  const isWorld = [flow.source, flow.destination].some((endpoint) => endpoint?.pod_name === undefined);
  const isMidStream = FlowExtensionCodec.decode(flow.extensions?.value ?? new Uint8Array()).mid_stream === true;
  return !isWorld && !isMidStream && flow.l4?.ICMPv4 === undefined && flow.l4?.ICMPv6 === undefined;
}

function flagNames(flags: TCPFlags | undefined): string {
  return Object.entries(flags ?? {}).filter(([, isSet]) => isSet === true).map(([name]) => name).sort().join('+');
}

/** Claims a flow makes, each small enough that traffic of seconds shows all a kernel ever makes. */
function claims(flow: Flow): string[] {
  const extension = FlowExtensionCodec.decode(flow.extensions?.value ?? new Uint8Array());
  const kind = `${flow.event_type?.type}/${flow.event_type?.sub_type ?? 0}`;
  const protocol = flow.l4?.TCP !== undefined ? 'TCP' : flow.l4?.UDP !== undefined ? 'UDP' : 'other';
  return [
    `${kind} ${protocol} fields ${Object.keys(flow).sort().join(' ')}`,
    `${kind} extension ${Object.keys(extension).sort().join(' ')}`,
    `${kind} point ${flow.trace_observation_point} reason ${flow.trace_reason} direction ${flow.traffic_direction} reply ${flow.is_reply?.value}`,
    `${protocol} v${flow.IP?.ipVersion} reason ${flow.trace_reason} why ${extension.why}`,
    // Which packets came since the last report, or when an interval was over, is chance.
    `${kind} ${protocol} why ${extension.why} flags ${extension.why === 'interval' || extension.why === 'sweep' ? '' : flagNames(flow.l4?.TCP?.flags)}`,
    `${kind} verdict ${flow.verdict} type ${flow.Type} drop ${flow.drop_reason_desc}`,
    ...[flow.source, flow.destination].map((endpoint) => `endpoint ${Object.keys(endpoint ?? {}).sort().join(' ')}`),
  ];
}

/** Every claim of the comparable flows of these servers within some seconds, with one flow as an example. */
async function collect(addresses: readonly string[]): Promise<Map<string, Flow>> {
  const found = new Map<string, Flow>();
  const extensions = { type_url: 'type.googleapis.com/hubtop.v1.FlowsOptions', value: FlowsOptionsCodec.encode({ flow_extension: true }) };
  await Promise.all(addresses.map(async (address) => {
    const channel = openChannel(parseTarget(address));
    const signal = AbortSignal.timeout(seconds * 1000);
    try {
      for await (const { flow } of channel.stream(ObserverService.GetFlows, { follow: true, number: 0n, extensions }, { signal })) {
        if (flow === undefined || !isComparable(flow)) continue;
        for (const claim of claims(flow)) if (!found.has(claim)) found.set(claim, flow);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      channel.close();
    }
  }));
  return found;
}

describe.skipIf(kernelProblem !== '')('the simulated kernel against the real one', { timeout: 90_000 }, () => {
  let lab: Lab | undefined;
  let demo: Demo | undefined;
  afterEach(async () => {
    await demo?.close();
    await lab?.close();
  });

  test('whatever the simulation says of a flow, the lab says of one too', async () => {
    lab = await startLab({ program, id: 'tlike' });
    demo = await startDemo({ nodes: 4, seed: 5 }, startRelay);
    const agents = lab.agents.map(({ address }) => address);
    await eventually('both nodes', async () => { await lab?.flowsArrive(); return true; });
    const [real, simulated] = await Promise.all([collect(agents), collect([demo.address])]);
    expect(real.size).toBeGreaterThan(20);
    const invented = [...simulated.keys()].filter((claim) => !real.has(claim)).sort();
    expect(invented, `the lab said: ${[...real.keys()].sort().join('\n')}`).toEqual([]);
  });
});
