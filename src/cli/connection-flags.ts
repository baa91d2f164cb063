import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseDuration } from '../flow/time-parse.ts';
import { parseFlatYaml } from './flat-yaml.ts';
import { type CommandContext, UsageError } from './command.ts';
import { type Flag, type FlagValues, parseBool } from './flags.ts';

const group = 'Connection';

/** Flags of every command that talks to a server; HUBBLE_* variables and the config file can set them too. */
export const connectionFlags: readonly Flag[] = [
  { name: 'server', kind: 'text', value: 'ADDRESS', group, help: 'relay or agent: host:port, unix:///path, tls://host:port (default localhost:4245)' },
  { name: 'request-timeout', kind: 'text', value: 'DURATION', group, help: 'for calls with one answer (default 12s)' },
  { name: 'timeout', kind: 'text', value: 'DURATION', group, isHidden: true, help: 'accepted and without effect, as in hubble' },
  { name: 'tls', kind: 'bool', group, help: 'connect with TLS; tls:// in --server does the same' },
  { name: 'tls-allow-insecure', kind: 'bool', group, help: 'do not verify the server' },
  { name: 'tls-ca-cert-files', kind: 'list', value: 'FILES', group, help: 'CA certificates instead of the system\'s' },
  { name: 'tls-client-cert-file', kind: 'text', value: 'FILE', group, help: 'client certificate for mutual TLS' },
  { name: 'tls-client-key-file', kind: 'text', value: 'FILE', group, help: 'its key' },
  { name: 'tls-server-name', kind: 'text', value: 'NAME', group, help: 'name to verify in the server\'s certificate' },
  { name: 'basic-auth-username', kind: 'text', value: 'NAME', group, help: 'sent with every call; needs TLS' },
  { name: 'basic-auth-password', kind: 'text', value: 'PASSWORD', group, help: 'its password' },
  { name: 'port-forward', short: 'P', kind: 'bool', group, help: 'reach the relay of a cluster through kubectl port-forward, and not --server' },
  { name: 'port-forward-port', kind: 'count', value: 'PORT', group, help: 'with -P: the local port, 0 for a free one (default 4245)' },
  { name: 'kube-context', kind: 'text', value: 'NAME', group, help: 'with -P: context of the kubeconfig' },
  { name: 'kube-namespace', kind: 'text', value: 'NAME', group, help: 'with -P: where Cilium runs (default kube-system)' },
  { name: 'kubeconfig', kind: 'text', value: 'FILE', group, help: 'with -P: kubeconfig file' },
  { name: 'config', kind: 'text', value: 'FILE', group, help: 'config file (default ~/.config/hubble/config.yaml)' },
  { name: 'debug', short: 'D', kind: 'bool', group, help: 'say more on stderr' },
];

/** Where and how to connect. */
export interface ConnectionSettings {
  server: string;
  tls: { caCertFiles?: string[]; clientCertFile?: string; clientKeyFile?: string; serverName?: string; allowInsecure?: boolean } | undefined;
  metadata: Record<string, string> | undefined;
  requestTimeoutMs: number;
  isDebug: boolean;
  /** Go through kubectl: where it is to listen, and which cluster it is to ask. */
  portForward: { localPort: number; kube: { namespace: string; context?: string; kubeconfig?: string } } | undefined;
}

/** Value of a flag from where it is set first: command line, environment, config file. */
export type SettingLookup = (name: string) => string | undefined;

const defaultServer = 'localhost:4245';
const defaultRequestTimeout = '12s';
const defaultForwardPort = '4245';
const defaultKubeNamespace = 'kube-system';

/** Builds the lookup: flag > HUBBLE_* variable > config file. A missing or broken config file says nothing, as in hubble. */
export function settingLookup(values: FlagValues, env: CommandContext['env']): SettingLookup {
  const fromEnv: SettingLookup = (name) => env[`HUBBLE_${name.toUpperCase().replaceAll('-', '_')}`];
  const file = readConfigFile(values.text('config') ?? fromEnv('config') ?? configPath(env));
  return (name) => {
    const given = connectionFlags.find((flag) => flag.name === name)?.kind === 'list' ? values.list(name).join(',') : values.text(name);
    return given !== undefined && given !== '' ? given : (fromEnv(name) ?? file[name]);
  };
}

/** Where hubble keeps its config: the first that exists, else the first. */
export function configPath(env: CommandContext['env']): string {
  const config = env['XDG_CONFIG_HOME'] ?? '';
  return join(config === '' ? join(env['HOME'] ?? homedir(), '.config') : config, 'hubble', 'config.yaml');
}

/** The config file as flag names and texts; empty when it is missing or broken. */
export function readConfigFile(path: string): Record<string, string> {
  try {
    return parseFlatYaml(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}

/** Reads and checks the connection settings; throws UsageError with hubble's words. */
export function readConnection(values: FlagValues, env: CommandContext['env']): ConnectionSettings {
  const lookup = settingLookup(values, env);
  const bool = (name: string): boolean => parseBool(lookup(name) ?? 'false') ?? false;
  const server = lookup('server') ?? defaultServer;
  const hasTls = bool('tls') || server.startsWith('tls://');
  const certificate = lookup('tls-client-cert-file') ?? '';
  const key = lookup('tls-client-key-file') ?? '';
  if ((certificate === '') !== (key === '')) throw new UsageError('invalid flag(s): certificate and private key are both required, but only one was provided');
  if (certificate !== '' && !hasTls) throw new UsageError('invalid flag(s): transport layer security required');
  const user = lookup('basic-auth-username') ?? '';
  const password = lookup('basic-auth-password') ?? '';
  if ((user === '') !== (password === '')) throw new UsageError('invalid flag(s): must specify both basic-auth-username and basic-auth-password');
  if (user !== '' && !hasTls) throw new UsageError('invalid flag(s): basic authentication needs TLS: transport layer security required');
  const timeoutNs = parseDuration(lookup('request-timeout') ?? defaultRequestTimeout);
  if (timeoutNs === undefined || timeoutNs <= 0n) throw new UsageError(`invalid argument "${lookup('request-timeout')}" for "--request-timeout" flag: expected a duration such as 12s`);
  const caFiles = (lookup('tls-ca-cert-files') ?? '').split(',').filter((path) => path !== '');
  const serverName = lookup('tls-server-name') ?? '';
  return {
    server,
    tls: hasTls
      ? {
          allowInsecure: bool('tls-allow-insecure'),
          ...(caFiles.length === 0 ? {} : { caCertFiles: caFiles }),
          ...(certificate === '' ? {} : { clientCertFile: certificate, clientKeyFile: key }),
          ...(serverName === '' ? {} : { serverName }),
        }
      : undefined,
    metadata: user === '' ? undefined : { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
    requestTimeoutMs: Number(timeoutNs / 1_000_000n),
    isDebug: bool('debug'),
    portForward: bool('port-forward') ? readPortForward(lookup) : undefined,
  };
}

function readPortForward(lookup: SettingLookup): NonNullable<ConnectionSettings['portForward']> {
  const port = lookup('port-forward-port') ?? defaultForwardPort;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new UsageError(`invalid argument "${port}" for "--port-forward-port" flag: expected 0 to 65535`);
  const [context = '', kubeconfig = ''] = [lookup('kube-context'), lookup('kubeconfig')];
  return {
    localPort: Number(port),
    kube: { namespace: lookup('kube-namespace') ?? defaultKubeNamespace, ...(context === '' ? {} : { context }), ...(kubeconfig === '' ? {} : { kubeconfig }) },
  };
}
