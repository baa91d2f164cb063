import type { Codec } from './codec.ts';
import { HealthCheckRequestCodec, HealthCheckResponseCodec } from './gen/health.ts';
import { ReportCodec, WatchRequestCodec } from './gen/hubtop.ts';
import {
  GetAgentEventsRequestCodec, GetAgentEventsResponseCodec, GetDebugEventsRequestCodec, GetDebugEventsResponseCodec, GetFlowsRequestCodec, GetFlowsResponseCodec,
  GetNamespacesRequestCodec, GetNamespacesResponseCodec, GetNodesRequestCodec, GetNodesResponseCodec, ServerStatusRequestCodec, ServerStatusResponseCodec,
} from './gen/observer.ts';
import { ChangeNotificationCodec, NotifyRequestCodec } from './gen/peer.ts';

/** One gRPC method as data: no request of ours is a stream. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
  readonly responseStream: boolean;
}

function unary<Request, Response>(path: string, request: Codec<Request>, response: Codec<Response>): Method<Request, Response> {
  return { path, request, response, responseStream: false };
}

function stream<Request, Response>(path: string, request: Codec<Request>, response: Codec<Response>): Method<Request, Response> {
  return { path, request, response, responseStream: true };
}

/** observer.Observer: flows, events and status. */
export const ObserverService = {
  GetFlows: stream('/observer.Observer/GetFlows', GetFlowsRequestCodec, GetFlowsResponseCodec),
  GetAgentEvents: stream('/observer.Observer/GetAgentEvents', GetAgentEventsRequestCodec, GetAgentEventsResponseCodec),
  GetDebugEvents: stream('/observer.Observer/GetDebugEvents', GetDebugEventsRequestCodec, GetDebugEventsResponseCodec),
  GetNodes: unary('/observer.Observer/GetNodes', GetNodesRequestCodec, GetNodesResponseCodec),
  GetNamespaces: unary('/observer.Observer/GetNamespaces', GetNamespacesRequestCodec, GetNamespacesResponseCodec),
  ServerStatus: unary('/observer.Observer/ServerStatus', ServerStatusRequestCodec, ServerStatusResponseCodec),
} as const;

/** peer.Peer: which nodes there are. */
export const PeerService = {
  Notify: stream('/peer.Peer/Notify', NotifyRequestCodec, ChangeNotificationCodec),
} as const;

/** hubtop.v1.Telemetry: what the kernel counted, once a second. */
export const TelemetryService = {
  Watch: stream('/hubtop.v1.Telemetry/Watch', WatchRequestCodec, ReportCodec),
} as const;

/** grpc.health.v1.Health: `hubble status` asks it first. */
export const HealthService = {
  Check: unary('/grpc.health.v1.Health/Check', HealthCheckRequestCodec, HealthCheckResponseCodec),
  Watch: stream('/grpc.health.v1.Health/Watch', HealthCheckRequestCodec, HealthCheckResponseCodec),
} as const;

/** Name of the Observer in the health service; not that of the gRPC service. */
export const OBSERVER_HEALTH_NAME = 'hubble.server.Observer';
