import { conntrackFull } from './incidents/conntrack-full.ts';
import { identityChurn } from './incidents/identity-churn.ts';
import { kafkaBroker } from './incidents/kafka-broker.ts';
import { nxdomainStorm } from './incidents/nxdomain-storm.ts';
import { policyEdit } from './incidents/policy-edit.ts';
import { refundLatency } from './incidents/refund-latency.ts';
import { resetTimer } from './incidents/reset-timer.ts';
import { ringBurst } from './incidents/ring-burst.ts';
import { rogueEgress } from './incidents/rogue-egress.ts';
import type { Story } from './story.ts';

/** The baseline alone, for as long as one likes. */
export const healthy: Story = {
  name: 'healthy',
  title: 'Nothing is wrong',
  seconds: 360,
  telling: { what: 'A good cluster, with the harmless noise every good cluster has.', who: 'Nobody.', cause: 'None.', says: [] },
};

/** Every incident there is a recording of: one file each, one line here. */
export const incidents: readonly Story[] = [policyEdit, kafkaBroker, resetTimer, ringBurst, identityChurn, conntrackFull, nxdomainStorm, rogueEgress, refundLatency];

/** What `hubtop demo --scenario` plays. */
export const stories: readonly Story[] = [healthy, ...incidents];
