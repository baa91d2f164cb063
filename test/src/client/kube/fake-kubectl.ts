import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the fake cluster is like. */
export interface FakeCluster {
  /** Ports that something listens on here, by the port a forward asks for. */
  reach?: Record<number, number>;
  servicePort?: string;
  context?: string;
  /** Lines as the jsonpath of the pod list gives them. */
  pods?: string;
  /** Complaint and end of a call that begins with these words. */
  fails?: Record<string, string>;
  /** What a forward complains of when somebody connects; it goes on. */
  complains?: string;
}

// answers as kubectl 1.32 does; a forward passes bytes on until it is killed
const SCRIPT = `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs');
const net = require('node:net');
const { join } = require('node:path');
const cluster = JSON.parse(readFileSync(join(__dirname, 'cluster.json'), 'utf8'));
const args = process.argv.slice(2);
appendFileSync(join(__dirname, 'calls.txt'), process.pid + ' ' + args.join(' ') + '\\n');
for (const [words, complaint] of Object.entries(cluster.fails ?? {})) if (args.join(' ').startsWith(words)) {
  process.stderr.write(complaint + '\\n');
  process.exit(1);
}
if (args[0] === 'get' && args[1] === 'service') process.stdout.write(cluster.servicePort ?? '80');
else if (args[0] === 'get' && args[1] === 'pods') process.stdout.write(cluster.pods ?? '');
else if (args[0] === 'config') process.stdout.write((cluster.context ?? 'kind-test') + '\\n');
else if (args[0] === 'port-forward') {
  for (const pair of args.slice(2).filter((arg) => /^\\d*:\\d+$/.test(arg))) {
    const [local, remote] = pair.split(':');
    const server = net.createServer((socket) => {
      process.stdout.write('Handling connection for ' + server.address().port + '\\n');
      if (cluster.complains !== undefined) process.stderr.write(cluster.complains + '\\n');
      const on = net.connect(cluster.reach?.[remote] ?? 1, '127.0.0.1');
      socket.pipe(on).pipe(socket);
      for (const [one, other] of [[socket, on], [on, socket]]) one.on('error', () => other.destroy());
    });
    server.on('error', () => {
      process.stderr.write('Unable to listen on port ' + local + ': Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 127.0.0.1:' + local + ': bind: address already in use]\\nerror: unable to listen on any of the requested ports: [{' + local + ' ' + remote + '}]\\n');
      process.exit(1);
    });
    server.listen(Number(local), '127.0.0.1', () => process.stdout.write('Forwarding from 127.0.0.1:' + server.address().port + ' -> ' + remote + '\\n'));
  }
} else process.exit(1);
`;

/** A kubectl on the PATH of this process that knows one small cluster; needs no cluster. */
export class FakeKubectl {
  readonly folder = mkdtempSync(join(tmpdir(), 'hubtop-kubectl-'));
  private readonly path = process.env['PATH'] ?? '';

  constructor(cluster: FakeCluster = {}) {
    writeFileSync(join(this.folder, 'kubectl'), SCRIPT);
    chmodSync(join(this.folder, 'kubectl'), 0o755);
    writeFileSync(join(this.folder, 'calls.txt'), '');
    this.set(cluster);
    process.env['PATH'] = `${this.folder}:${this.path}`;
  }

  /** From the next call on. */
  set(cluster: FakeCluster): void {
    writeFileSync(join(this.folder, 'cluster.json'), JSON.stringify(cluster));
  }

  /** Command lines so far. */
  get calls(): string[] {
    return this.lines().map((line) => line.replace(/^\d+ /, ''));
  }

  /** Processes of forwards that still run. */
  get forwards(): number[] {
    return this.lines().filter((line) => / port-forward /.test(line)).map((line) => Number(line.split(' ')[0])).filter(isAlive);
  }

  close(): void {
    process.env['PATH'] = this.path;
    for (const pid of this.forwards) process.kill(pid, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private lines(): string[] {
    return readFileSync(join(this.folder, 'calls.txt'), 'utf8').split('\n').filter((line) => line !== '');
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // a zombie answers, but it runs no more
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
