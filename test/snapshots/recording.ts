import { incidentSecond, type Story } from '../../agent/demo/story/story.ts';
import { type PlayedNode, StoryPlayer } from '../../agent/demo/story/story-player.ts';
import { ReportMerge } from '../../src/relay/merge/report-merge.ts';
import { ReportCodec } from '../../src/wire/gen/hubtop.ts';
import { type GetFlowsResponse, GetFlowsResponseCodec } from '../../src/wire/gen/observer.ts';
import { toJson } from '../../src/wire/json.ts';
import { TELEMETRY_KEY } from '../../src/wire/recorded-line.ts';
import { timestampNs, timestampText, timestampOf } from '../../src/wire/timestamp.ts';

/** Four minutes before the incidents, which begin at 21:30:00Z. */
const startNs = BigInt(Date.UTC(2026, 2, 1, 21, 26)) * 1_000_000n;
/** Version of the agents in the recordings; it has nothing to do with ours. */
const version = '0.1.0';

/** What a client of a relay writes down while a story happens: JSON lines, telemetry after the flows of its second. */
export function recordingOf(story: Story): string {
  const player = new StoryPlayer(story, { seed: 1, startNs, bootId: 'recording', version });
  const lines: string[] = [];
  let flows = 0;
  for (let second = 0; second < story.seconds; second++) {
    const nodes = player.next();
    const responses = inOrder(nodes);
    flows += responses.length;
    lines.push(...responses.map((response) => toJson(GetFlowsResponseCodec, response)), telemetryLine(nodes, flows));
  }
  return `${lines.join('\n')}\n`;
}

function inOrder(nodes: readonly PlayedNode[]): GetFlowsResponse[] {
  return nodes.flatMap((node) => node.flows.map(({ response }) => response)).toSorted((one, other) => Number(timestampNs(one.time) - timestampNs(other.time)));
}

function telemetryLine(nodes: readonly PlayedNode[], flows: number): string {
  const merge = new ReportMerge();
  for (const { name, report } of nodes) merge.add(name, report);
  merge.add('', { relays: [{ name: 'relay', flows }] });
  return `{"${TELEMETRY_KEY}":${toJson(ReportCodec, merge.take(nodes[0]?.report.time ?? {}))}}`;
}

/** What a reader wants to know before the recording is opened. */
export function readmeOf(story: Story): string {
  const { name, title, telling } = story;
  const clock = (second: number): string => `${timestampText(timestampOf(startNs + BigInt(second) * 1_000_000_000n))?.slice(11, 19) ?? ''}Z`;
  return `# ${name}

${title}.

- **What happened**: ${telling.what}
- **When**: the recording runs from ${clock(0)} to ${clock(story.seconds)} on 2026-03-01; it is healthy until T = ${clock(incidentSecond)}, ${incidentSecond} s after its begin.
- **Who**: ${telling.who}
- **Cause**: ${telling.cause}

## What hubtop should say

${telling.says.map((line) => `- ${line}`).join('\n')}

## How to see it

\`\`\`
hubtop replay snapshots/${name}/flows.jsonl.gz
hubtop demo --scenario ${name}
\`\`\`

\`flows.jsonl.gz\` holds what \`hubtop observe -o jsonpb\` prints, and once a second a line \`{"${TELEMETRY_KEY}": …}\` with what the kernels counted. The
\`hubble\` CLI reads it with \`zcat flows.jsonl.gz | hubble observe --input-file -\` and skips those lines with a warning. The cluster is made up; \`npm run
snapshots\` writes this folder again.${telling.notes === undefined ? '' : `\n\n${telling.notes}`}
`;
}
