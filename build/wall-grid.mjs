import { readFileSync } from 'node:fs';
import { replaceOnce } from './replace-once.mjs';

/** The wall's grid is five files of contrib; what they drag in is cut to what they call: lodash's max, two matrix types. */
export const contribPlugin = {
  name: 'contrib',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^(lodash|gl-matrix)$/ }, (args) => ({ path: args.path, namespace: 'cut' }));
    // a constructor that prints a warning outside of node_modules, and a bundle is outside
    pluginBuild.onLoad({ filter: /drawille-blessed-contrib[\\/]index\.js$/ }, (args) => ({ contents: replaceOnce(readFileSync(args.path, 'utf8'), 'new Buffer(', 'Buffer.alloc('), loader: 'js' }));
    pluginBuild.onLoad({ filter: /.*/, namespace: 'cut' }, (args) => ({
      contents: args.path === 'lodash'
        ? 'exports.max = (list, of) => list.reduce((most, one) => (of(one) > of(most) ? one : most), list[0]);'
        : "export * as mat2d from 'gl-matrix/src/gl-matrix/mat2d.js';\nexport * as vec2 from 'gl-matrix/src/gl-matrix/vec2.js';",
      resolveDir: process.cwd(), loader: 'js',
    }));
  },
};
