import { type Binding, serverStream, unary } from '../../src/rpc/binding.ts';
import { Code, RpcError } from '../../src/rpc/status.ts';
import { HealthService, OBSERVER_HEALTH_NAME } from '../../src/wire/services.ts';
import { HealthCheckResponse_ServingStatus } from '../../src/wire/gen/health.ts';

/** gRPC health: an agent that answers serves. */
export function healthBindings(): Binding[] {
  const isKnown = (service: string | undefined): boolean => service === undefined || service === '' || service === OBSERVER_HEALTH_NAME;
  return [
    unary(HealthService.Check, ({ service }) => {
      if (!isKnown(service)) throw new RpcError(Code.NOT_FOUND, 'unknown service');
      return { status: HealthCheckResponse_ServingStatus.SERVING };
    }),
    serverStream(HealthService.Watch, async ({ service }, out, signal) => {
      const { SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;
      out.write({ status: isKnown(service) ? SERVING : SERVICE_UNKNOWN });
      await aborted(signal);
    }),
  ];
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => { signal.addEventListener('abort', () => { resolve(); }, { once: true }); });
}
