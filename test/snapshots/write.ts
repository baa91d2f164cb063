import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { incidents } from '../../agent/demo/story/story-list.ts';
import { readmeOf, recordingOf } from './recording.ts';

/** Writes every folder of snapshots/ anew. Packed bytes differ between releases of zlib: what has the same content stays. */
for (const story of incidents) {
  const folder = join('snapshots', story.name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'README.md'), readmeOf(story));
  const file = join(folder, 'flows.jsonl.gz');
  const text = recordingOf(story);
  if (existsSync(file) && gunzipSync(readFileSync(file)).toString() === text) continue;
  const packed = gzipSync(text, { level: 9, memLevel: 9 });
  writeFileSync(file, packed);
  console.log(`${file} ${(packed.length / 1024).toFixed(0)} KB`);
}
