/** A filter that cannot be built; the message goes to the client as it is. */
export class FilterError extends Error {}
