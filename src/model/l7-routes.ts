import { fitsPattern, learnPattern, patternPath, type PathPattern } from './l7-alike.ts';
import { MAX_ROUTES, POD_OCTAVES } from './l7-cells.ts';
import { RecycledNames } from './recycled-names.ts';

/** Routes one server has rows of its own for; what comes later is "(other paths)" of that server. */
export const MAX_ROUTES_PER_SERVER = 48;
/** Pods of a server that are told apart; place 0 is "(other)". */
export const MAX_PODS = (1 << 14) / POD_OCTAVES - 1;

/** Patterns that are learned of one server. */
const MAX_PATTERNS = 24;

export type L7Protocol = 'HTTP' | 'gRPC' | 'Kafka';

/** What a route is besides its server. Texts are scrubbed. */
export interface Call {
  protocol: L7Protocol;
  /** GET, POST; of Kafka what is done, such as `produce`; empty for gRPC. */
  method: string;
  /** Path template, `Service/Method`, or topic. */
  path: string;
}

/** One kind of request to one server. */
export interface Route extends Call {
  id: number;
  /** Party of the directory. */
  server: number;
  /** Requests since the last answer: where nobody tells of answers, requests tell who calls. */
  unanswered: number;
  /** A URL of it as it came, with everything that may be secret in it; scrubbed for terminals only. Newest. */
  rawUrl: string;
  /** The route that its requests count under since its path turned out to hold an id. */
  joinedTo: Route | undefined;
  /** Its number, and those of the routes that were joined to it. */
  ids: number[];
  pods: RecycledNames;
  /** Place in pods by id of the endpoint interner. */
  podPlaces: Map<number, number>;
}

interface Server {
  /** Party of the directory. */
  id: number;
  routes: Set<Route>;
  /** Paths that were found to hold ids. */
  patterns: (PathPattern & { method: string })[];
}

export const OTHER_PATHS = '(other paths)';

/** All routes that are met, bounded. */
export class RouteTable {
  /** Moves when a number is given to another route, or routes are joined: whoever kept figures by number begins anew. */
  version = 0;
  private readonly routes: (Route | undefined)[] = [newRoute(0, 0, { protocol: 'HTTP', method: '', path: '(other)' })];
  private readonly names = new RecycledNames(MAX_ROUTES, (id) => this.forget(id));
  private readonly servers = new Map<number, Server>();
  private merged = 0;

  /** Requests of routes that found no row of their own. */
  get overflowCount(): number {
    return this.names.overflowCount + this.merged;
  }

  at(id: number): Route | undefined {
    return this.routes[id];
  }

  /** The route of a call; `(other paths)` of the server, or route 0, where there is no room. */
  route(server: number, call: Call, second: number): Route {
    const name = keyOf(server, call);
    if (this.names.known(name) === undefined) {
      const of = this.servers.get(server);
      const pattern = of?.patterns.find((candidate) => candidate.method === call.method && fitsPattern(call.path, candidate));
      if (pattern !== undefined) return this.route(server, { ...call, path: patternPath(pattern) }, second);
      if (of !== undefined && call.path !== OTHER_PATHS) {
        const learned = this.learn(of, call, second);
        if (learned !== undefined) return learned;
        if (of.routes.size >= MAX_ROUTES_PER_SERVER) {
          this.merged++;
          return this.route(server, { protocol: call.protocol, method: '', path: OTHER_PATHS }, second);
        }
      }
    }
    return this.named(server, call, second);
  }

  private named(server: number, call: Call, second: number): Route {
    const id = this.names.id(keyOf(server, call), second);
    const known = this.routes[id];
    if (known !== undefined) return known;
    const made = newRoute(id, server, call);
    this.routes[id] = made;
    const of = this.servers.get(server) ?? { id: server, routes: new Set<Route>(), patterns: [] };
    of.routes.add(made);
    this.servers.set(server, of);
    return made;
  }

  // what was counted under single ids stays with them, and is shown under the route that joined them
  private learn(of: Server, call: Call, second: number): Route | undefined {
    if (call.protocol !== 'HTTP' || of.patterns.length >= MAX_PATTERNS) return undefined;
    const alike = [...of.routes].filter((route) => route.protocol === 'HTTP' && route.method === call.method);
    const pattern = learnPattern(call.path, alike.map(({ path }) => path));
    if (pattern === undefined) return undefined;
    of.patterns.push({ ...pattern, method: call.method });
    const joined = this.named(of.id, { ...call, path: patternPath(pattern) }, second);
    for (const route of alike) {
      if (route === joined || !fitsPattern(route.path, pattern)) continue;
      route.joinedTo = joined;
      joined.ids.push(...route.ids);
      of.routes.delete(route);
    }
    this.version++;
    return joined;
  }

  /** All routes there are, "(other)" first. */
  list(): Route[] {
    return this.routes.flatMap((route) => (route === undefined || route.joinedTo !== undefined ? [] : [route]));
  }

  /** Says that a route is still asked for. */
  touch(route: Route, second: number): void {
    this.names.touch(route.id, second);
  }

  /** Numbers of endpoints mean others from now on. */
  forgetEndpoints(): void {
    for (const route of this.routes) route?.podPlaces.clear();
  }

  private forget(id: number): void {
    const route = this.routes[id];
    this.routes[id] = undefined;
    this.version++;
    if (route === undefined) return;
    const of = this.servers.get(route.server);
    of?.routes.delete(route);
    if (of?.routes.size === 0) this.servers.delete(route.server);
  }
}

function newRoute(id: number, server: number, call: Call): Route {
  const podPlaces = new Map<number, number>();
  return { ...call, id, server, unanswered: 0, rawUrl: '', joinedTo: undefined, ids: [id], pods: new RecycledNames(MAX_PODS, () => podPlaces.clear()), podPlaces };
}

/** The route that a route's requests count under. */
export function countedUnder(route: Route): Route {
  let at = route;
  while (at.joinedTo !== undefined) at = at.joinedTo;
  return at;
}

function keyOf(server: number, { protocol, method, path }: Call): string {
  return `${server} ${protocol} ${method} ${path}`;
}

/** Place of a pod in a route's list, given when it is first met. */
export function podPlace(route: Route, endpoint: number, second: number, nameOf: () => string): number {
  const known = route.podPlaces.get(endpoint);
  if (known !== undefined) {
    route.pods.touch(known, second);
    return known;
  }
  // one pod has an endpoint for each set of labels: more than there are pods are a flood
  if (route.podPlaces.size >= 4 * MAX_PODS) route.podPlaces.clear();
  const place = route.pods.id(nameOf(), second);
  route.podPlaces.set(endpoint, place);
  return place;
}

/** A route as a reader writes it: `POST /checkout`, `gRPC Inventory/Reserve`, `Kafka produce orders`. */
export function routeText({ protocol, method, path }: Call): string {
  return [protocol === 'HTTP' ? '' : protocol, method, path].filter((part) => part !== '').join(' ');
}

/** The path of a route as it stands in a URL: gRPC's service and method are one, too. */
export function httpPath({ path }: Call): string {
  return path.startsWith('/') ? path : `/${path}`;
}
