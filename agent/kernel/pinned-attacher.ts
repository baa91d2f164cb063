import { type Attacher, attachToDevice, type DeviceLink, linkOn, openLink, type TcxLink } from './attach.ts';
import { type PacketPrograms } from './clsact.ts';
import type { RunningProgram } from './conntrack-heir.ts';
import { errnoText } from './kernel-error.ts';
import { libbpf } from './libbpf.ts';
import { type LinkPin, linkPin, linkPins, unpin } from './pin-folder.ts';

/** Where links are pinned. */
export interface PinPlace {
  /** Claimed by us. */
  folder: string;
  /** Cookie of the network namespace whose devices we watch. */
  namespace: bigint;
}

/** Links that outlive us, so that what policies deny stays denied until the next agent takes them over, program by program. */
export class PinnedAttacher implements Attacher {
  private readonly taken = new Set<string>();

  constructor(private readonly programs: PacketPrograms, private readonly place: PinPlace, private readonly onWarning: (line: string) => void) {}

  attach(ifindex: number): DeviceLink | undefined {
    const ingress = this.hang(ifindex, 'ingress');
    if (ingress === undefined) return undefined;
    let egress: Required<DeviceLink> | undefined;
    try {
      egress = this.hang(ifindex, 'egress');
    } catch (error) {
      ingress.leave(); // pinned: the next try takes it over
      throw error;
    }
    if (egress === undefined) {
      ingress.close();
      return undefined;
    }
    return both(ingress, egress);
  }

  /** Links that an agent before left on what is no pod's device any more, or in another namespace. */
  settle(): void {
    const left = linkPins(this.place.folder).filter(({ path }) => !this.taken.has(path));
    unpin(left);
  }

  close(): void {
    // pins stay: that is what they are for
  }

  private hang(ifindex: number, way: LinkPin['way']): Required<DeviceLink> | undefined {
    const pin = linkPin(this.place.folder, { namespace: this.place.namespace, ifindex, way });
    const link = this.takeOver(pin) ?? this.hangAnew(pin);
    if (link === undefined) return undefined;
    this.taken.add(pin.path);
    return {
      isAttached: link.isAttached,
      leave: link.close,
      close: () => {
        unpin([pin]);
        this.taken.delete(pin.path);
        link.close();
      },
    };
  }

  /** One program gives way to the other between two packets. Undefined where there is no link, or its device is gone. */
  private takeOver(pin: LinkPin): TcxLink | undefined {
    const found = openLink(pin.path);
    if (found === undefined) return undefined;
    if (found.ifindex === pin.ifindex && Number(libbpf().bpf_link_update(found.fd, this.programs[pin.way], null)) >= 0) return linkOn(found.fd, pin.ifindex);
    linkOn(found.fd, pin.ifindex).close();
    return undefined;
  }

  private hangAnew(pin: LinkPin): TcxLink | undefined {
    const link = attachToDevice(this.programs[pin.way], pin.ifindex, pin.way);
    unpin([pin]); // after the new one is there: an old one in its place denies until then
    if (link === undefined) return undefined;
    const result = Number(libbpf().bpf_obj_pin(link.fd, pin.path));
    if (result < 0) this.onWarning(`cannot pin ${pin.path}: ${errnoText(result)}: on device ${pin.ifindex} policies end with this agent`);
    return link;
  }
}

function both(one: Required<DeviceLink>, other: Required<DeviceLink>): Required<DeviceLink> {
  return {
    isAttached: () => one.isAttached() && other.isAttached(),
    close: () => {
      one.close();
      other.close();
    },
    leave: () => {
      one.leave();
      other.leave();
    },
  };
}

/** Programs that an agent before left running on devices of a network namespace. */
export function pinnedPrograms({ folder, namespace }: PinPlace): RunningProgram[] {
  return linkPins(folder).filter((pin) => pin.namespace === namespace).flatMap(({ path }) => {
    const link = openLink(path);
    if (link === undefined) return [];
    linkOn(link.fd, link.ifindex).close();
    return link.ifindex === 0 ? [] : [{ ifindex: link.ifindex, programId: link.programId }];
  });
}
