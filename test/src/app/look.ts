// Not a test: the dashboard on a fake cluster, to look at. Bundle it with esbuild and run it in a terminal.
import { runDashboard } from '../../../src/app/dashboard.ts';
import { FakeCluster } from './fake-cluster.ts';

void runDashboard({ client: new FakeCluster(), view: process.argv[2] ?? 'overview' }).then((code) => process.exit(code));
