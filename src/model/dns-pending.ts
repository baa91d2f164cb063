/** How long an answer may take before the question counts as unanswered: what resolvers of C libraries wait. */
export const ANSWER_MS = 5_000;
/** Questions without an answer so far that are remembered; the oldest is forgotten, and counted. */
const MAX_PENDING = 4_096;

/** A question that waits for its answer. */
export interface Question {
  client: number;
  namespace: string;
  clientParty: number;
  resolver: number;
  name: string;
  type: string;
  timeMs: number;
  /** When it came here, by our clock: those of nodes may differ. */
  arrivedMs: number;
}

/** Questions on their way, bounded. A question asked again keeps its first time. */
export class PendingQuestions {
  /** Questions forgotten for room: whether they were answered is not known. */
  forgotten = 0;
  private readonly pending = new Map<string, Question>();

  ask(port: number, question: Question): void {
    const key = keyOf(port, question);
    if (this.pending.has(key)) return;
    if (this.pending.size >= MAX_PENDING) this.forgetOldest();
    this.pending.set(key, question);
  }

  /** Takes the question of an answer out; undefined where nobody saw it, or it was given up. */
  answer(port: number, answered: { client: number; name: string; type: string }): Question | undefined {
    const key = keyOf(port, answered);
    const question = this.pending.get(key);
    this.pending.delete(key);
    return question;
  }

  /** Gives the questions that waited too long at a time, and forgets them. */
  expire(nowMs: number, onUnanswered: (question: Question) => void): void {
    for (const [key, question] of this.pending) {
      if (question.arrivedMs + ANSWER_MS > nowMs) break;
      this.pending.delete(key);
      onUnanswered(question);
    }
  }

  /** Something of the stream is missing: answers may have been in it. */
  clear(): void {
    this.pending.clear();
  }

  private forgetOldest(): void {
    const oldest = this.pending.keys().next();
    if (oldest.done !== true) this.pending.delete(oldest.value);
    this.forgotten++;
  }
}

function keyOf(port: number, { client, name, type }: { client: number; name: string; type: string }): string {
  return `${client} ${port} ${type} ${name}`;
}
