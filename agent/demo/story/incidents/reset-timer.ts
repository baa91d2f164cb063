import { TraceReason } from '../../../../src/wire/gen/flow.ts';
import { countTraffic, tellPacket, watchedSides } from '../conversations.ts';
import { type Link, TCP } from '../flow-shapes.ts';
import type { Scene } from '../scene.ts';
import type { Story } from '../story.ts';

const port = 50_051;
const periodSeconds = 4;
const resetMs = 137;
const reconnectMs = 22;
const firstPort = 41_000;

/** The server resets the connection every 4.0 s; nothing is dropped. */
export const resetTimer: Story = {
  name: 'reset-timer',
  title: 'chat-relay resets the connection of commentary-fanout every 4.0 s; nothing is dropped',
  seconds: 330,
  telling: {
    what: 'From 21:30:00Z on default/chat-relay:50051 ends its connection with default/commentary-fanout by RST, every 4.0 s; the client connects again at once. No packet is dropped, no policy changed, every call in between succeeds.',
    who: 'Nobody changed anything that the network can see.',
    cause: 'A timer in the server or in what stands before it (an idle or age limit of 4 s): only a clock is that regular.',
    says: ['RESETS default/commentary-fanout → default/chat-relay:50051 every 4.0 s since 21:30:00Z, n = 23 at the end of the recording, nothing dropped', 'by the server; like a timer'],
  },
  adjust: (row, { age }) => (age >= 0 && row.kind === 'connect' && row.to === 'chat-relay' ? undefined : row),
  act(scene) {
    if (scene.age >= 0 && scene.age % periodSeconds === 0) reset(scene, scene.age / periodSeconds);
  },
};

/** One port a connection: what is reset now was opened four seconds ago. */
function linkOf(scene: Scene, number: number): Link {
  const [client, server] = [scene.cluster.one('commentary-fanout'), scene.cluster.one('chat-relay')];
  return { client, server, clientPort: firstPort + 2 * number, port, protocol: TCP };
}

function reset(scene: Scene, number: number): void {
  const [old, fresh] = [linkOf(scene, number), linkOf(scene, number + 1)];
  const atMs = scene.atMs + resetMs;
  countTraffic(scene, old, { sent: 400, received: 200, connections: 1, resets: 1 });
  for (const side of watchedSides(old)) {
    tellPacket(scene, old, { side, atMs: atMs + (side === 'client' ? 0.16 : 0), isReply: true, flags: ['RST', 'ACK'], why: 'close', bytes: 54 });
    tellPacket(scene, fresh, { side, atMs: atMs + reconnectMs + (side === 'client' ? 0 : 0.16), isReply: false, flags: ['SYN'], reason: TraceReason.NEW, why: 'new' });
  }
  tellPacket(scene, fresh, { side: 'client', atMs: atMs + reconnectMs + 0.31, isReply: true, flags: ['SYN', 'ACK'], why: 'new' });
}
