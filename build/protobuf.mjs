import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pruneGoogleProtobuf } from '../src/wire/prune-google-protobuf.mjs';

/** Every name that stands in our sources. */
function ourWords() {
  const words = new Set();
  for (const folder of ['src', 'agent', 'test/bench']) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.ts')) for (const [word] of readFileSync(join(folder, name), 'utf8').matchAll(/[A-Za-z_$][\w$]*/g)) words.add(word);
    }
  }
  return words;
}

/** google-protobuf without the methods whose names stand nowhere in our sources. */
export const protobufPlugin = {
  name: 'google-protobuf',
  setup(pluginBuild) {
    pluginBuild.onLoad({ filter: /google-protobuf[\\/]google-protobuf\.js$/ }, (args) => ({ contents: pruneGoogleProtobuf(readFileSync(args.path, 'utf8'), ourWords()), loader: 'js' }));
  },
};
