import { expect, test } from 'vitest';
import { serverStream } from '../../../src/rpc/binding.ts';
import { openChannel } from '../../../src/rpc/channel.ts';
import { serve } from '../../../src/rpc/serve.ts';
import { Code, RpcError } from '../../../src/rpc/status.ts';
import { parseTarget } from '../../../src/rpc/target.ts';
import { EchoService } from './text-codec.ts';

test('disconnect() ends every call with the reason it was given, so that a node error says silence and not a lost connection', async () => {
  const services = [serverStream(EchoService.Count, async (_request, out, signal) => {
    out.write('first');
    await new Promise<void>((resolve) => { signal.addEventListener('abort', () => resolve()); });
  })];
  const server = await serve({ listen: ['127.0.0.1:0'], services });
  const channel = openChannel(parseTarget(server.addresses[0] ?? ''));
  const streams = [1, 2].map(() => channel.stream(EchoService.Count, '1'));
  for (const stream of streams) expect(await stream.next()).toMatchObject({ value: 'first' });
  channel.disconnect(new RpcError(Code.UNAVAILABLE, 'no telemetry for 5 s'));
  for (const stream of streams) await expect(stream.next()).rejects.toMatchObject({ code: Code.UNAVAILABLE, message: 'no telemetry for 5 s' });
  // and the channel goes on
  expect(await channel.stream(EchoService.Count, '1').next()).toMatchObject({ value: 'first' });
  channel.close();
  await server.close();
});
