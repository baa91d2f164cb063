import { scrub } from '../lib/scrub.ts';
import { MAX_NAMES } from './dns-cells.ts';
import { RecycledNames } from './recycled-names.ts';

/** Names below one parent that are told apart; then all new ones are `*.parent`: made-up names are what some storms are made of. */
const MAX_PER_PARENT = 128;

/** A name as it is compared and shown: lower case, with its final dot, scrubbed. */
export function dnsName(text: string): string {
  const name = scrub(text.toLowerCase());
  return name.endsWith('.') ? name : `${name}.`;
}

/** What stands below the first label: `example.` of `www.example.`. */
export function parentOf(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 || dot === name.length - 1 ? '.' : name.slice(dot + 1);
}

/** Numbers of names, bounded in all and for each parent. */
export class DnsNames {
  /** Lookups of names that were joined with others below their parent. */
  joined = 0;
  private readonly names = new RecycledNames(MAX_NAMES, (id) => this.forget(id));
  private readonly perParent = new Map<string, number>();

  get overflowCount(): number {
    return this.names.overflowCount + this.joined;
  }

  /** Number of a name at a time in seconds. */
  id(name: string, second: number): number {
    if (this.names.known(name) !== undefined) return this.names.id(name, second);
    const parent = parentOf(name);
    const count = this.perParent.get(parent) ?? 0;
    if (count >= MAX_PER_PARENT) {
      this.joined++;
      return this.names.id(`*.${parent}`, second);
    }
    const id = this.names.id(name, second);
    if (id !== 0) this.perParent.set(parent, count + 1);
    return id;
  }

  at(id: number): string {
    return this.names.at(id);
  }

  /** All names there are, without "(other)". */
  list(): string[] {
    return this.names.all();
  }

  private forget(id: number): void {
    const name = this.names.at(id);
    const parent = parentOf(name);
    if (name.startsWith('*.')) return;
    const count = (this.perParent.get(parent) ?? 1) - 1;
    if (count > 0) this.perParent.set(parent, count);
    else this.perParent.delete(parent);
  }
}
