import { HealthService } from '../wire/services.ts';
import { serverStream, unary, type Binding } from './binding.ts';
import { Code, RpcError } from './status.ts';

// grpc.health.v1.HealthCheckResponse.ServingStatus
const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;

/** How often a watched service is looked at; Hubble's relay does it every 5 s. */
const watchMs = 5_000;

/** The health service for the given names; Check of another name gives NOT_FOUND, as grpc-go does. */
export function healthService(names: readonly string[], isServing: () => boolean): Binding[] {
  const statusOf = (name: string): number => {
    if (!names.includes(name)) return SERVICE_UNKNOWN;
    return isServing() ? SERVING : NOT_SERVING;
  };
  return [
    unary(HealthService.Check, (request) => {
      const status = statusOf(request.service ?? '');
      if (status === SERVICE_UNKNOWN) throw new RpcError(Code.NOT_FOUND, 'unknown service');
      return { status };
    }),
    serverStream(HealthService.Watch, (request, out, signal) => new Promise((resolve) => {
      let last = -1;
      const look = (): void => {
        const status = statusOf(request.service ?? '');
        if (status !== last) out.write({ status });
        last = status;
      };
      look();
      const timer = setInterval(look, watchMs);
      signal.addEventListener('abort', () => {
        clearInterval(timer);
        resolve();
      });
    })),
  ];
}
