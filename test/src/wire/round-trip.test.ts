import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Codec } from '../../../src/wire/codec.ts';
import * as flow from '../../../src/wire/gen/flow.ts';
import * as health from '../../../src/wire/gen/health.ts';
import * as hubtop from '../../../src/wire/gen/hubtop.ts';
import * as observer from '../../../src/wire/gen/observer.ts';
import * as peer from '../../../src/wire/gen/peer.ts';
import * as relay from '../../../src/wire/gen/relay.ts';
import { randomMessage, seededRandom } from './random-message.ts';

const root = join(import.meta.dirname, '../../..');
const protoRoot = join(root, 'src/wire/proto');
const hasProtoc = spawnSync('protoc', ['-I', protoRoot, '-o', '/dev/null', 'flow/flow.proto']).status === 0;
if (!hasProtoc) console.log('skipped: no protoc with Google\'s protos, so codecs are not compared with it (apt-get install protobuf-compiler libprotobuf-dev)');

const codecs = [flow, health, hubtop, observer, peer, relay].flatMap((module) => Object.entries(module)
  .filter(([name]) => name.endsWith('Codec'))
  .map(([, codec]) => codec as unknown as Codec<object>));

test.each(codecs.map((codec) => [codec.name, codec] as const))('%s: decode(encode()) gives the same message, encode(decode()) the same bytes', (_name, codec) => {
  for (let seed = 1; seed <= 20; seed++) {
    const message = randomMessage(codec, seededRandom(seed));
    const bytes = codec.encode(message);
    const decoded = codec.decode(bytes);
    expect(decoded, `seed ${seed}`).toEqual(message);
    expect(codec.encode(decoded), `seed ${seed}`).toEqual(bytes);
  }
});

const files: Record<string, string> = { flow: 'flow/flow.proto', observer: 'observer/observer.proto', relay: 'relay/relay.proto', peer: 'peer/peer.proto', grpc: 'grpc/health/v1/health.proto', hubtop: 'hubtop/v1/hubtop.proto' };

describe.skipIf(!hasProtoc)('beside protoc', () => {
  test.each(['flow.Flow', 'flow.FlowFilter', 'observer.GetFlowsResponse', 'observer.ServerStatusResponse', 'hubtop.v1.Report'])('%s: protoc reads what we write, and writes what we read', (name) => {
    const codec = codecs.find((one) => one.name === name);
    const file = files[name.split('.')[0] ?? ''] ?? '';
    for (let seed = 100; seed < 103; seed++) {
      const bytes = codec?.encode(randomMessage(codec, seededRandom(seed))) ?? new Uint8Array();
      const text = execFileSync('protoc', ['-I', protoRoot, `--decode=${name}`, file], { input: bytes });
      // "12: 5" would be a field that protoc knows no name for
      expect(text.toString(), `seed ${seed}`).not.toMatch(/^\s*\d+:/m);
      const again = execFileSync('protoc', ['-I', protoRoot, `--encode=${name}`, file], { input: text });
      expect(new Uint8Array(again), `seed ${seed}`).toEqual(bytes);
    }
  });

  test('npm run gen prints what is checked in', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hubtop-drift-'));
    try {
      execFileSync('node', [join(root, 'src/wire/gen/generate.mjs'), '--out', folder]);
      for (const name of readdirSync(folder)) {
        expect(readFileSync(join(folder, name), 'utf8') === readFileSync(join(root, 'src/wire/gen', name), 'utf8'), `${name} has drifted: npm run gen`).toBe(true);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
