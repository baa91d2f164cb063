import type { AttachedDevice } from '../decode/kernel.ts';
import type { DeviceLink } from './attach.ts';
import { errorLine } from './kernel-error.ts';
import { whenReadable } from './native.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import type { Link, NetlinkMessage } from './netlink.ts';
import { devicesByAddress, podDevices, type NetworkView } from './pod-devices.ts';

/** Routes and neighbours come in bursts while a pod starts. */
const settleMs = 100;
/** For what no notification told, such as a veth's other end moving to another namespace. */
const resyncMs = 5000;
const maxDatagramsPerWake = 1000;
/** Warnings that are not told twice; devices come and go for weeks, and each may fail in its own words. */
const maxWarned = 256;

/** What the watcher does with a device. */
export interface DeviceHooks {
  /** Names the devices instead of finding pods' veths. */
  include?: RegExp | undefined;
  /** Before programs come to devices: all that shall have some, and the device behind which each known address sits. */
  beforeAttach(wanted: ReadonlySet<number>, deviceByAddress: ReadonlyMap<string, number>): void;
  /** Attaches to both directions; undefined when the device is gone already. */
  attach(ifindex: number): DeviceLink | undefined;
  /** Who sits behind which device may have changed. */
  onChange(): void;
  onWarning(text: string): void;
}

interface Attachment {
  name: string;
  /** ifindex numbers are used again: another veth with the same number has another peer. */
  identity: string;
  link: DeviceLink;
}

/** Keeps programs on the pods' devices of the network namespace in which it was made. */
export class DeviceWatcher {
  private readonly hooks: DeviceHooks;
  private readonly requests: NetlinkSocket;
  private readonly notifications: NetlinkSocket;
  private readonly stopListening: () => void;
  private readonly timer: NodeJS.Timeout;
  private settling: NodeJS.Timeout | undefined;
  private readonly attachments = new Map<number, Attachment>();
  private readonly warned = new Set<string>();
  private links = new Map<number, Link>();
  private view: NetworkView = { links: this.links, routes: [], neighbours: [], bridgePorts: [] };
  /** Times that notifications were lost and everything was listed again. */
  lostCount = 0;

  constructor(hooks: DeviceHooks) {
    this.hooks = hooks;
    this.requests = NetlinkSocket.open({ isSubscribed: false });
    // subscribed before the first listing, so that nothing falls between
    this.notifications = NetlinkSocket.open({ isSubscribed: true });
    this.resync();
    this.stopListening = whenReadable(this.notifications.fd, () => this.guard(() => this.readNotifications()));
    this.timer = setInterval(() => this.guard(() => this.resync()), resyncMs).unref();
  }

  attached(): AttachedDevice[] {
    return [...this.attachments].map(([ifindex, { name }]) => ({ ifindex, name }));
  }

  /** The device behind which each known address sits. */
  devicesByAddress(): Map<string, number> {
    return devicesByAddress(this.view);
  }

  /** Takes every program off that does not stay without us. */
  close(): void {
    clearInterval(this.timer);
    clearTimeout(this.settling);
    this.stopListening();
    this.requests.close();
    this.notifications.close();
    for (const { link } of this.attachments.values()) {
      if (link.leave === undefined) link.close();
      else link.leave();
    }
    this.attachments.clear();
  }

  /** Lists everything again and brings the attachments in line. */
  resync(): void {
    this.links = new Map(this.requests.dump('links').flatMap((message) => (message.kind === 'link' ? [[message.link.ifindex, message.link]] : [])));
    this.view = {
      links: this.links,
      routes: this.requests.dump('routes').flatMap((message) => (message.kind === 'route' ? [message.route] : [])),
      neighbours: this.listNeighbours('neighbours'),
      bridgePorts: this.listNeighbours('bridge-ports'),
    };
    for (const [ifindex, { link }] of this.attachments) if (!link.isAttached()) this.detach(ifindex);
    this.reconcile();
    this.hooks.onChange();
  }

  private listNeighbours(what: 'neighbours' | 'bridge-ports'): NetworkView['neighbours'] {
    return this.requests.dump(what).flatMap((message) => (message.kind === 'neighbour' ? [message.neighbour] : []));
  }

  private readNotifications(): void {
    for (let datagrams = 0; datagrams < maxDatagramsPerWake; datagrams++) {
      const received = this.notifications.receive();
      if (received === 'empty') return;
      if (received === 'lost') {
        this.lostCount++;
        this.settleSoon();
      } else for (const message of received) this.apply(message);
    }
  }

  /** Links at once, so that a new pod's first packets are seen; the rest when it has settled. */
  private apply(message: NetlinkMessage): void {
    if (message.kind === 'link' && message.isGone) {
      this.links.delete(message.link.ifindex);
      this.detach(message.link.ifindex);
    } else if (message.kind === 'link') {
      this.links.set(message.link.ifindex, message.link);
      this.reconcile();
    }
    this.settleSoon();
  }

  private settleSoon(): void {
    this.settling ??= setTimeout(() => {
      this.settling = undefined;
      this.guard(() => this.resync());
    }, settleMs).unref();
  }

  private reconcile(): void {
    const wanted = new Map(podDevices(this.view, this.hooks.include).map((link) => [link.ifindex, link]));
    for (const [ifindex, { identity }] of this.attachments) {
      const link = wanted.get(ifindex);
      if (link === undefined || identityOf(link) !== identity) this.detach(ifindex);
    }
    const fresh = [...wanted.values()].filter(({ ifindex }) => !this.attachments.has(ifindex));
    if (fresh.length > 0) this.hooks.beforeAttach(new Set(wanted.keys()), this.devicesByAddress());
    for (const link of fresh) this.attach(link);
  }

  private attach(device: Link): void {
    this.guard(() => {
      const link = this.hooks.attach(device.ifindex);
      if (link !== undefined) this.attachments.set(device.ifindex, { name: device.name, identity: identityOf(device), link });
    });
  }

  private detach(ifindex: number): void {
    this.attachments.get(ifindex)?.link.close();
    this.attachments.delete(ifindex);
  }

  /** The world failing is told once and tried again at the next resync. */
  private guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      const line = errorLine(error);
      if (!this.warned.has(line)) this.hooks.onWarning(line);
      if (this.warned.size >= maxWarned) this.warned.clear();
      this.warned.add(line);
    }
  }
}

function identityOf({ name, peerIfindex, peerNamespaceId }: Link): string {
  return `${name} ${peerIfindex ?? 0} ${peerNamespaceId ?? -1}`;
}
