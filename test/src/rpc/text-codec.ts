import type { Codec } from '../../../src/wire/codec.ts';

/** A codec for tests: a message is its UTF-8 text; `bad` cannot be decoded. */
export const TextCodec: Codec<string> = {
  name: 'test.Text',
  fields: [],
  encode: (text) => new TextEncoder().encode(text),
  decode: (bytes) => {
    const text = new TextDecoder().decode(bytes);
    if (text === 'bad') throw new Error('bad text');
    return text;
  },
};

/** Methods of a made-up service on TextCodec. */
export const EchoService = {
  Echo: { path: '/test.Echo/Echo', request: TextCodec, response: TextCodec },
  Count: { path: '/test.Echo/Count', request: TextCodec, response: TextCodec },
  Frames: { path: '/test.Echo/Frames', request: TextCodec, response: TextCodec },
};
