import { expect, test } from 'vitest';
import { encodeReport } from '../../../../src/relay/merge/bounded-report.ts';
import { ReportCodec } from '../../../../src/wire/gen/hubtop.ts';

test('encodeReport() leaves out a hostile node\'s kilobytes, not the others, where a client would take nothing at all', () => {
  const evil = Array.from({ length: 3_000 }, (_, index) => ({ name: `evil-${index}-${'x'.repeat(3_000)}` }));
  const nodes = [...evil, { name: 'honest-1', flows: 5 }, { name: 'honest-2' }];
  const bytes = encodeReport({ interval_ns: 1e9, nodes, verdicts: [{ verdict: 1, flows: 7 }], changes: evil.map(({ name }) => ({ subject: name })) });
  expect(bytes.length).toBeLessThan(4 * 1024 * 1024);
  const report = ReportCodec.decode(bytes);
  expect(report.nodes?.filter(({ name }) => name?.startsWith('honest'))).toEqual([{ name: 'honest-1', flows: 5 }, { name: 'honest-2' }]);
  expect(report.verdicts).toEqual([{ verdict: 1, flows: 7 }]);
});

test('encodeReport() changes nothing of a report that fits', () => {
  const report = { interval_ns: 1e9, nodes: [{ name: 'a' }, { name: 'b' }] };
  expect(encodeReport(report)).toEqual(ReportCodec.encode(report));
});
