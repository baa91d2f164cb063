import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { transform } from 'esbuild';

/** The descriptors for gRPC reflection are 40 KB of base64 that a dashboard never looks at: packed they are a quarter. */
export const descriptorsPlugin = {
  name: 'descriptors',
  setup(pluginBuild) {
    pluginBuild.onLoad({ filter: /wire[\\/]gen[\\/]descriptors\.ts$/ }, async (args) => {
      const { code } = await transform(readFileSync(args.path, 'utf8'), { loader: 'ts', format: 'esm' });
      const { protoFiles } = await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
      const files = protoFiles.map((file) => ({ ...file, base64: Buffer.from(file.base64, 'base64').toString('latin1') }));
      const packed = deflateRawSync(JSON.stringify(files), { level: 9 }).toString('base64');
      return {
        loader: 'js', resolveDir: dirname(args.path),
        contents: `
          import { inflateRawSync } from 'node:zlib';
          export const protoFiles = JSON.parse(inflateRawSync(Buffer.from('${packed}', 'base64')).toString()).map((file) => ({ ...file, base64: Buffer.from(file.base64, 'latin1').toString('base64') }));
        `,
      };
    });
  },
};
