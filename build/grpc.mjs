import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * Of grpc-js only the server is used: calls to others go through src/rpc/channel.ts. Its index would bring channels, load balancers and
 * proto-loader (for channelz and ORCA, which nobody here serves); what its server needs of them is the resolvers, to listen.
 */
export const grpcPlugin = {
  name: 'grpc',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^@grpc\/proto-loader$/ }, (args) => ({ path: args.path, namespace: 'absent' }));
    pluginBuild.onResolve({ filter: /^\.\/(make-client|channel-credentials)$/ }, (args) => (/grpc-js/.test(args.importer) ? { path: args.path, namespace: 'grpc-client' } : undefined));
    pluginBuild.onLoad({ filter: /.*/, namespace: 'grpc-client' }, () => ({ contents: '' }));
    // counts for channelz, which is switched off; service configs are for clients that look servers up; of its package the server tells the version
    pluginBuild.onResolve({ filter: /^(\.\/(channelz|service-config)|\.\.\/\.\.\/package\.json)$/ }, (args) => (/grpc-js/.test(args.importer) ? { path: args.path, namespace: 'grpc-uncounted' } : undefined));
    pluginBuild.onLoad({ filter: /channelz/, namespace: 'grpc-uncounted' }, () => ({
      contents: `
        class Uncounted { addTrace() {} addCallStarted() {} addCallSucceeded() {} addCallFailed() {} refChild() {} unrefChild() {} }
        for (const name of ['Trace', 'CallTracker', 'ChildrenTracker']) exports['Channelz' + name] = exports['Channelz' + name + 'Stub'] = Uncounted;
        exports.registerChannelzServer = exports.registerChannelzSocket = (name) => ({ kind: 'none', id: -1, name });
        exports.unregisterChannelzRef = () => {};
      `,
    }));
    pluginBuild.onLoad({ filter: /service-config/, namespace: 'grpc-uncounted' }, () => ({ contents: 'exports.extractAndSelectServiceConfig = () => null;' }));
    pluginBuild.onLoad({ filter: /package/, namespace: 'grpc-uncounted' }, () => ({ contents: `exports.version = ${JSON.stringify(require('@grpc/grpc-js/package.json').version)};` }));
    // load reports to load balancers, off unless a server asks for them
    pluginBuild.onResolve({ filter: /^\.\/orca$/ }, (args) => (/server-interceptors/.test(args.importer) ? { path: args.path, namespace: 'grpc-orca' } : undefined));
    pluginBuild.onLoad({ filter: /.*/, namespace: 'grpc-orca' }, () => ({ contents: "exports.GRPC_METRICS_HEADER = 'endpoint-load-metrics-bin'; exports.PerRequestMetricRecorder = class {};" }));
    pluginBuild.onResolve({ filter: /^@grpc\/grpc-js$/ }, (args) => (args.kind === 'dynamic-import' ? { path: args.path, namespace: 'grpc-server' } : undefined));
    pluginBuild.onLoad({ filter: /.*/, namespace: 'grpc-server' }, () => ({
      resolveDir: process.cwd(),
      contents: `
        for (const name of [require('@grpc/grpc-js/build/src/resolver-dns'), require('@grpc/grpc-js/build/src/resolver-uds'), require('@grpc/grpc-js/build/src/resolver-ip')]) name.setup();
        exports.Server = require('@grpc/grpc-js/build/src/server').Server;
        exports.ServerCredentials = require('@grpc/grpc-js/build/src/server-credentials').ServerCredentials;
        exports.Metadata = require('@grpc/grpc-js/build/src/metadata').Metadata;
        exports.logVerbosity = require('@grpc/grpc-js/build/src/constants').LogVerbosity;
        exports.setLogVerbosity = require('@grpc/grpc-js/build/src/logging').setLoggerVerbosity;
      `,
    }));
  },
};

/** The bench measures grpc-js as it comes, client and all. */
export const wholeGrpcPlugin = {
  name: 'whole-grpc',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^@grpc\/proto-loader$/ }, (args) => ({ path: args.path, namespace: 'absent' }));
  },
};
