/** Reserved identities, by Cilium's numbers. */
export const Identity = { host: 1, world: 2, remoteNode: 6, kubeApiserver: 7, worldIpv4: 9, worldIpv6: 10 } as const;

/** Cilium's first numbers of the scopes that are one node's own: networks, and remote nodes with labels. */
export const FirstLocalIdentity = { network: 16_777_217, remoteNode: 33_554_433 } as const;

/** Of whoever answers for Kubernetes' own server. */
export const API_SERVER_LABEL = 'reserved:kube-apiserver';
