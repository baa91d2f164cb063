import { readFileSync } from 'node:fs';

/** What a client needs for TLS beyond the target saying so; names as in the CLI's flags. */
export interface ClientTls {
  caCertFiles?: readonly string[];
  clientCertFile?: string;
  clientKeyFile?: string;
  /** Name to verify in the server's certificate instead of the host's. */
  serverName?: string;
  /** Skips the verification of the server. */
  allowInsecure?: boolean;
  /** Hubble's relay insists on 1.3 towards its nodes, its CLI does not. */
  minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** A server's certificate; with clientCaFiles it asks clients for theirs (mTLS). */
export interface ServerTls {
  certFile: string;
  keyFile: string;
  clientCaFiles?: readonly string[];
}

/** Reads a PEM file; the error says which file and what it was for. */
export function readPem(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`cannot read ${what} ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
