import { agentRestart } from './agent-restart.ts';
import { clockSkew } from './clock-skew.ts';
import type { Detector } from './detector.ts';
import { deadConnection } from './dead-connection.ts';
import { dnsUnanswered } from './dns-unanswered.ts';
import { drops } from './drops.ts';
import { errorJump } from './error-jump.ts';
import { identityChurn } from './identity-churn.ts';
import { latencyJump } from './latency-jump.ts';
import { lostEvents } from './lost-events.ts';
import { newEdge } from './new-edge.ts';
import { nobodyAnswers } from './nobody-answers.ts';
import { nodeTrouble } from './node-trouble.ts';
import { nxdomainStorm } from './nxdomain-storm.ts';
import { policyEdit } from './policy-edit.ts';
import { pressure } from './pressure.ts';
import { resets } from './resets.ts';
import { rogueEgress } from './rogue-egress.ts';

/** All detectors. A new one is a file and a line here. */
export const DETECTORS: readonly Detector[] = [
  nodeTrouble,
  lostEvents,
  drops,
  policyEdit,
  identityChurn,
  resets,
  nobodyAnswers,
  deadConnection,
  rogueEgress,
  newEdge,
  pressure,
  agentRestart,
  clockSkew,
  errorJump,
  latencyJump,
  nxdomainStorm,
  dnsUnanswered,
];
