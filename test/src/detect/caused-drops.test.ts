import { describe, expect, test } from 'vitest';
import { findings, liveFindings } from '../../../src/detect/findings.ts';
import type { Finding } from '../../../src/model/finding.ts';
import { BRIEF_LENGTH } from '../../../src/model/finding.ts';
import type { State } from '../../../src/model/state.ts';
import { busyScene, gapScene, stockScene } from '../views/scenes.ts';
import { storyScene } from './story-scene.ts';

function aboutDrops(state: State): Finding[] {
  return findings(state).filter(({ word, severity }) => ['DROPS', 'POLICY', 'IDENT'].includes(word) && severity !== 'note');
}

describe('findings() of a drop with a known cause', () => {
  test('a policy edit is one finding in place of the plain drops, certain since the refusal names it', () => {
    const [told, ...others] = aboutDrops(storyScene('policy-edit', { seconds: 270, relay: 'ours' }));
    expect(others).toEqual([]);
    expect(told).toMatchObject({
      word: 'POLICY', key: 'policy default/chat-relay-ingress 42', subject: 'default/commentary-fanout → default/chat-relay:50051', why: 'default/chat-relay-ingress rev 42 by kubectl-edit, 8 s before', brief: 'policy changed',
      cause: { isCertain: true, text: expect.stringContaining('changed by kubectl-edit (time fits, 8 s; the refusal names it)') },
      next: ['kubectl -n default get netpol chat-relay-ingress -o yaml --show-managed-fields'],
      target: { view: 'drops', select: [{ panel: 0, key: 'POLICY_DENIED default deny' }, { panel: 1 }] },
    });
  });

  test('new pods that an old policy does not know stay plain drops, with a likely cause', () => {
    const told = aboutDrops(storyScene('kafka-broker', { seconds: 270, relay: 'ours' }));
    expect(told).toMatchObject([{ word: 'DROPS', severity: 'crit', subject: 'ingest/ingest-collector → ingest/kafka-broker-3:9092', cause: { isCertain: false, text: expect.stringContaining('pod ingest/kafka-broker-3-0 came 2 min before') } }]);
  });

  test.each(['ours', 'stock'] as const)('an identity that changed is told by its number, on a relay of kind %s', (relay) => {
    const told = aboutDrops(storyScene('identity-churn', { seconds: 255, relay }));
    expect(told).toMatchObject([{ word: 'IDENT', subject: 'payments/ledger-svc → payments/postgres-primary:5432', why: 'identity 58213 is new, its packets refused', cause: { isCertain: relay === 'ours' } }]);
  });

  test('the log of incidents has one incident for it, with the cause, also after it healed', () => {
    const state = storyScene('identity-churn', { seconds: 330, relay: 'ours' });
    const told = state.incidents.list().filter(({ told: { word } }) => ['DROPS', 'POLICY', 'IDENT'].includes(word) && word !== 'note');
    expect(told.filter(({ worst }) => worst.severity !== 'note').map(({ key, isOpen, told: { cause } }) => [key, isOpen, cause?.isCertain])).toEqual([['identity 58213', false, true]]);
  });

  test('on a stock relay nobody told of the edit, so it is no cause', () => {
    expect(aboutDrops(storyScene('policy-edit', { seconds: 270, relay: 'stock' }))).toMatchObject([{ word: 'DROPS', subject: 'default/commentary-fanout → default/chat-relay:50051' }]);
    expect(aboutDrops(storyScene('policy-edit', { seconds: 270, relay: 'stock' }))[0]?.cause).toBeUndefined();
  });

  test.each([['busy', busyScene], ['gap', gapScene], ['stock', stockScene]])('%s: drops that were there have no cause, and every one is told once', (_name, scene) => {
    const list = liveFindings(scene());
    expect(list.filter(({ word, cause }) => ['DROPS', 'REFUSED'].includes(word) && cause !== undefined)).toEqual([]);
    expect(new Set(list.map(({ key }) => key)).size).toBe(list.length);
    expect(list.filter(({ brief }) => brief.length > BRIEF_LENGTH)).toEqual([]);
  });

  test.each(['healthy-part-of policy-edit', 'healthy-part-of kafka-broker', 'healthy-part-of identity-churn'])('nothing is found before the incident: %s', (words) => {
    expect(aboutDrops(storyScene(words.split(' ')[1] ?? '', { seconds: 230, relay: 'ours' }))).toEqual([]);
  });
});
