/** Longest text a reader can type or paste into a prompt. */
export const MAX_PROMPT = 500;

/** The line a reader types in: a filter, or a search for something to do. */
export interface Prompt {
  kind: 'filter' | 'palette';
  text: string;
  /** Where the next character goes. */
  at: number;
  /** Which of the proposals is chosen. */
  chosen: number;
}

/** A prompt with a text, the cursor at its end. */
export function newPrompt(kind: Prompt['kind'], text = ''): Prompt {
  return { kind, text, at: text.length, chosen: 0 };
}

/** What a key does to the text; undefined for keys that mean something else. Keys are named as the input decoder names them. */
export function editPrompt(prompt: Prompt, key: string): Prompt | undefined {
  const { text, at } = prompt;
  const edited = (next: string, position: number): Prompt => ({ ...prompt, text: next.slice(0, MAX_PROMPT), at: Math.max(0, Math.min(position, next.length, MAX_PROMPT)), chosen: 0 });
  switch (key) {
    case 'left': return { ...prompt, at: Math.max(0, at - 1) };
    case 'right': return { ...prompt, at: Math.min(text.length, at + 1) };
    case 'home': case 'C-a': return { ...prompt, at: 0 };
    case 'end': case 'C-e': return { ...prompt, at: text.length };
    case 'backspace': return edited(text.slice(0, Math.max(0, at - 1)) + text.slice(at), at - 1);
    case 'delete': return edited(text.slice(0, at) + text.slice(at + 1), at);
    case 'C-u': return edited(text.slice(at), 0);
    case 'C-k': return edited(text.slice(0, at), at);
    case 'C-w': return withoutWord(prompt, edited);
    case 'space': return edited(`${text.slice(0, at)} ${text.slice(at)}`, at + 1);
  }
  return [...key].length === 1 ? insert(prompt, key) : undefined;
}

/** Puts text in where the cursor stands; what is no plain text was scrubbed before. */
export function insert(prompt: Prompt, added: string): Prompt {
  const text = (prompt.text.slice(0, prompt.at) + added + prompt.text.slice(prompt.at)).slice(0, MAX_PROMPT);
  return { ...prompt, text, at: Math.min(text.length, prompt.at + added.length), chosen: 0 };
}

function withoutWord(prompt: Prompt, edited: (next: string, position: number) => Prompt): Prompt {
  const kept = prompt.text.slice(0, prompt.at).replace(/\S+\s*$/, '');
  return edited(kept + prompt.text.slice(prompt.at), kept.length);
}
