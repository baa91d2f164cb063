/** What waits for its time. */
export interface Timed {
  timeNs: number;
}

/** A binary heap, earliest first. */
export class TimeQueue<T extends Timed> {
  private readonly heap: T[] = [];

  get size(): number {
    return this.heap.length;
  }

  /** The earliest, which stays. */
  peek(): T | undefined {
    return this.heap[0];
  }

  push(item: T): void {
    const heap = this.heap;
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || parent.timeNs <= item.timeNs) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = item;
  }

  /** Takes the earliest out. */
  pop(): T | undefined {
    const first = this.heap[0];
    const last = this.heap.pop();
    if (last !== undefined && this.heap.length > 0) this.sink(last);
    return first;
  }

  private sink(item: T): void {
    const heap = this.heap;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      let child = heap[childAt];
      const right = heap[childAt + 1];
      if (child === undefined) break;
      if (right !== undefined && right.timeNs < child.timeNs) {
        child = right;
        childAt += 1;
      }
      if (child.timeNs >= item.timeNs) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = item;
  }
}
