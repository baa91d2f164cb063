import { YAMLException, load, loadAll } from 'js-yaml';

/** A document of a file that is no YAML or JSON. */
export interface DocumentError {
  /** First line of the broken place, from 1. */
  line: number;
  reason: string;
}

/** What a file holds: whole objects, and the documents that could not be parsed. */
export interface ParsedDocuments {
  objects: unknown[];
  errors: DocumentError[];
}

/** Parses the text of one file: JSON when it begins like it, else YAML with any number of documents. A broken document does not take its neighbours along. */
export function parseDocuments(text: string): ParsedDocuments {
  if (/^\s*[[{]/.test(text)) {
    try {
      // 40 times faster than YAML on what kubectl prints
      const value: unknown = JSON.parse(text);
      return { objects: Array.isArray(value) ? value : [value], errors: [] };
    } catch {
      // flow-style YAML also begins like this
    }
  }
  try {
    return { objects: loadAll(text).filter(isSomething), errors: [] };
  } catch {
    return parseOneByOne(text);
  }
}

function isSomething(document: unknown): boolean {
  return document !== undefined && document !== null;
}

function parseOneByOne(text: string): ParsedDocuments {
  const result: ParsedDocuments = { objects: [], errors: [] };
  for (const { body, line } of splitDocuments(text)) {
    if (body.trim() === '') continue;
    try {
      const document: unknown = load(body);
      if (isSomething(document)) result.objects.push(document);
    } catch (error) {
      result.errors.push(describe(error, line));
    }
  }
  return result;
}

/** A document marker at the start of a line is never content: block scalars are indented (YAML 1.2 §9.1.2). */
function splitDocuments(text: string): { body: string; line: number }[] {
  const documents = [{ body: '', line: 1 }];
  text.split('\n').forEach((line, index) => {
    if (/^---(\s|$)/.test(line)) documents.push({ body: '', line: index + 2 });
    else {
      const last = documents.at(-1);
      if (last !== undefined) last.body += `${line}\n`;
    }
  });
  return documents;
}

function describe(error: unknown, firstLine: number): DocumentError {
  if (error instanceof YAMLException) return { line: firstLine + (error.mark?.line ?? 0), reason: error.reason };
  return { line: firstLine, reason: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
}
