import { Backoff } from '../lib/backoff.ts';
import { openChannel } from '../rpc/channel.ts';
import { sleep } from '../rpc/sleep.ts';
import { toRpcError, type RpcError } from '../rpc/status.ts';
import { parseTarget } from '../rpc/target.ts';
import type { ClientTls } from '../rpc/tls-files.ts';
import { ChangeNotificationType, type ChangeNotification } from '../wire/gen/peer.ts';
import { PeerService } from '../wire/services.ts';
import type { PeerPool } from './peer-pool.ts';

/** Hubble's relay tries a lost peer service again after 30 s. */
const backoffOptions = { firstMs: 1_000, longestMs: 30_000, jitter: 0.3 };

/** Follows a peer service until the signal aborts; peers stay known while it is away. */
export async function followPeerService(
  address: string,
  pool: PeerPool,
  options: { tls: ClientTls | undefined; signal: AbortSignal; onState: (isUp: boolean, error?: RpcError) => void },
): Promise<void> {
  const channel = openChannel(parseTarget(address), { tls: options.tls });
  const backoff = new Backoff(backoffOptions, Math.random);
  options.signal.addEventListener('abort', () => channel.close());
  while (!options.signal.aborted) {
    let error: RpcError | undefined;
    try {
      for await (const notice of channel.stream(PeerService.Notify, {}, { signal: options.signal, onHeaders: () => options.onState(true) })) {
        backoff.reset();
        applyNotice(pool, notice);
      }
    } catch (reason) {
      error = toRpcError(reason);
    }
    if (options.signal.aborted) return;
    options.onState(false, error);
    await sleep(backoff.next(), options.signal);
  }
}

function applyNotice(pool: PeerPool, notice: ChangeNotification): void {
  const name = notice.name ?? '';
  if (notice.type === ChangeNotificationType.PEER_DELETED) {
    pool.remove(name);
    return;
  }
  // a peer without an address is known to Hubble's relay and never connected; to ours it is not there
  if (name === '' || !notice.address) return;
  try {
    pool.upsert({ name, address: notice.address, tlsServerName: notice.tls === undefined ? undefined : notice.tls.server_name ?? '' });
  } catch {
    // an address that cannot be read: as if there were none
  }
}
