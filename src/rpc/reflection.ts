import { answerReflection, reflectionServices } from '../wire/reflection.ts';
import type { Binding } from './binding.ts';

/** gRPC reflection for a server with these bindings, as `hubble reflect` and grpcurl ask for it. */
export function reflectionService(bindings: readonly Binding[]): Binding[] {
  const names = new Set([...bindings.map(({ path }) => path.split('/')[1] ?? ''), ...reflectionServices]);
  const services = [...names].toSorted();
  return reflectionServices.map((name) => ({ path: `/${name}/ServerReflectionInfo`, kind: 'dialog', answer: (request) => answerReflection(request, services) }));
}
