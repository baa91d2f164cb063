import { Agent as HttpAgent, get as getHttp, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as getHttps } from 'node:https';
import { certificateOptions, reasonOf } from '../../rpc/connection.ts';
import type { ClientTls } from '../../rpc/tls-files.ts';

/** Largest page taken: an agent with many endpoints and histograms serves one to three megabytes. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
/** How long a page may take from question to last byte. */
const PAGE_MS = 5_000;

/** One page of metrics, fetched again and again over one connection. */
export class MetricsPage {
  private readonly agent: HttpAgent;

  /** Throws when a TLS file cannot be read. */
  constructor(private readonly url: URL, tls: ClientTls | undefined) {
    const options = { keepAlive: true, maxSockets: 1 };
    this.agent = url.protocol === 'https:' ? new HttpsAgent({ ...options, ...certificateOptions(tls ?? {}) }) : new HttpAgent(options);
  }

  /** The page's text; rejects with an Error that says in a few words what failed. */
  async fetch(signal: AbortSignal): Promise<string> {
    const limit = AbortSignal.timeout(PAGE_MS);
    const get = this.url.protocol === 'https:' ? getHttps : getHttp;
    try {
      return await new Promise<string>((resolve, reject) => {
        const request = get(this.url, { agent: this.agent, signal: AbortSignal.any([signal, limit]), headers: { accept: 'text/plain', 'accept-encoding': 'identity' } }, (response) => {
          readBody(response).then(resolve, (error: unknown) => {
            request.destroy();
            reject(error instanceof Error ? error : new Error(String(error)));
          });
        });
        request.on('error', reject);
      });
    } catch (cause) {
      throw new Error(limit.aborted ? `no answer within ${PAGE_MS / 1000} s` : reasonOf(cause), { cause });
    }
  }

  close(): void {
    this.agent.destroy();
  }
}

async function readBody(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode ?? '?'}`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_PAGE_BYTES) throw new Error(`more than ${MAX_PAGE_BYTES >> 20} MB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
