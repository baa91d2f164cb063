import { ExpressionError, type ExpressionNode, type PlaceTest, parseExpression } from './expression-syntax.ts';

/** Steps of one expression after its repetitions are written out; each may cost once a character of the text. */
const maxSteps = 4_096;

/** `split` goes on at both places, `place` where the test holds, `take` when the character fits. */
type Step =
  | { op: 'take'; accepts: (code: number) => boolean }
  | { op: 'place'; test: PlaceTest }
  | { op: 'split'; to: number; or: number }
  | { op: 'jump'; to: number }
  | { op: 'match' };

/**
 * Compiles an expression in Go's RE2 syntax to a test that looks for it anywhere in a text. It never goes back in the
 * text: the cost is at most steps times characters, whatever the expression (Thompson, CACM 1968), so that a
 * stranger's may run on our thread. Throws ExpressionError with the text Go's compiler has.
 */
export function compileLinearExpression(source: string): (text: string) => boolean {
  const steps: Step[] = [];
  emit(steps, parseExpression(source));
  push(steps, { op: 'match' });
  const run = new Run(steps);
  return (text) => run.find(text);
}

function push(steps: Step[], step: Step): number {
  if (steps.length >= maxSteps) throw new ExpressionError(`error parsing regexp: expression too large: more than ${maxSteps} steps`);
  return steps.push(step) - 1;
}

function emit(steps: Step[], node: ExpressionNode): void {
  switch (node.kind) {
    case 'take':
      push(steps, { op: 'take', accepts: node.accepts });
      return;
    case 'place':
      push(steps, { op: 'place', test: node.test });
      return;
    case 'sequence':
      for (const part of node.parts) emit(steps, part);
      return;
    case 'choice':
      emitChoice(steps, node.options);
      return;
    case 'repeat':
      emitRepeat(steps, node);
  }
}

function emitChoice(steps: Step[], options: readonly ExpressionNode[]): void {
  const ends: { op: 'jump'; to: number }[] = [];
  options.forEach((option, index) => {
    if (index === options.length - 1) {
      emit(steps, option);
      return;
    }
    const split = { op: 'split' as const, to: steps.length + 1, or: 0 };
    push(steps, split);
    emit(steps, option);
    const end = { op: 'jump' as const, to: 0 };
    push(steps, end);
    ends.push(end);
    split.or = steps.length;
  });
  for (const end of ends) end.to = steps.length;
}

function emitRepeat(steps: Step[], { part, least, most }: Extract<ExpressionNode, { kind: 'repeat' }>): void {
  for (let count = 0; count < least; count++) {
    const before = steps.length;
    emit(steps, part);
    // nothing a thousand times is nothing: nested, it would be written out for ever
    if (steps.length === before) break;
  }
  if (most === Infinity) {
    const split = { op: 'split' as const, to: steps.length + 1, or: 0 };
    const start = push(steps, split);
    emit(steps, part);
    push(steps, { op: 'jump', to: start });
    split.or = steps.length;
    return;
  }
  const splits: { op: 'split'; to: number; or: number }[] = [];
  for (let count = least; count < most; count++) {
    const split = { op: 'split' as const, to: steps.length + 1, or: 0 };
    push(steps, split);
    splits.push(split);
    emit(steps, part);
  }
  for (const split of splits) split.or = steps.length;
}

/** All places in the expression at once, one character of the text after the other. */
class Run {
  private now: number[] = [];
  private next: number[] = [];
  /** Round in which a step was last added: each at most once a character. */
  private readonly seen: Float64Array;
  private round = 0;
  private readonly open: number[] = [];
  private isFound = false;

  constructor(private readonly steps: readonly Step[]) {
    this.seen = new Float64Array(steps.length);
  }

  find(text: string): boolean {
    this.isFound = false;
    this.now.length = 0;
    let before = -1;
    for (let at = 0; ;) {
      const code = text.codePointAt(at) ?? -1;
      this.round++;
      const arrived = this.now;
      this.now = this.next;
      this.next = arrived;
      this.now.length = 0;
      for (const step of arrived) this.add(step, before, code);
      this.add(0, before, code);
      if (this.isFound) return true;
      if (code < 0) return false;
      this.next.length = 0;
      for (const index of this.now) {
        const step = this.steps[index];
        if (step?.op === 'take' && step.accepts(code)) this.next.push(index + 1);
      }
      [this.now, this.next] = [this.next, this.now];
      at += code > 0xffff ? 2 : 1;
      before = code;
    }
  }

  /** Follows everything that takes no character. */
  private add(from: number, before: number, after: number): void {
    const { open, seen, round } = this;
    open.push(from);
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (seen[index] === round) continue;
      seen[index] = round;
      const step = this.steps[index];
      if (step === undefined) continue;
      if (step.op === 'match') this.isFound = true;
      else if (step.op === 'take') this.now.push(index);
      else if (step.op === 'jump') open.push(step.to);
      else if (step.op === 'split') open.push(step.to, step.or);
      else if (step.test(before, after)) open.push(index + 1);
    }
  }
}
