import type { ServerCredentials } from '@grpc/grpc-js';
import { watchFile, unwatchFile } from 'node:fs';
import type { SecureServerOptions } from 'node:http2';
import type { SecureContextOptions } from 'node:tls';
import { readPem, type ServerTls } from './tls-files.ts';

/** How often the files of a certificate are looked at; Kubernetes rotates them in place. */
const reloadMs = 30_000;

/** TLS 1.3 credentials of a server that follow their files. `stop` ends the watching. */
export function serverCredentials(
  grpc: typeof import('@grpc/grpc-js'),
  tls: ServerTls,
  onError: (error: Error) => void,
): { credentials: ServerCredentials; stop: () => void } {
  const wantsClientCertificate = (tls.clientCaFiles?.length ?? 0) > 0;
  class FileCredentials extends grpc.ServerCredentials {
    constructor() {
      const server: SecureServerOptions = { minVersion: 'TLSv1.3', requestCert: wantsClientCertificate, rejectUnauthorized: wantsClientCertificate };
      super(server, contextOf(tls));
    }

    override _equals(other: ServerCredentials): boolean {
      return other === this;
    }

    reload(): void {
      try {
        this.updateSecureContextOptions(contextOf(tls));
      } catch (cause) {
        // the certificate in use stays
        onError(cause instanceof Error ? cause : new Error(String(cause)));
      }
    }
  }
  const credentials = new FileCredentials();
  const files = [tls.certFile, tls.keyFile, ...(tls.clientCaFiles ?? [])];
  const reload = (): void => credentials.reload();
  for (const file of files) watchFile(file, { interval: reloadMs, persistent: false }, reload);
  return { credentials, stop: () => files.forEach((file) => unwatchFile(file, reload)) };
}

function contextOf(tls: ServerTls): SecureContextOptions {
  return {
    cert: readPem(tls.certFile, 'server certificate'),
    key: readPem(tls.keyFile, 'server key'),
    ...(tls.clientCaFiles?.length ? { ca: tls.clientCaFiles.map((path) => readPem(path, 'client CA certificate')) } : {}),
  };
}
