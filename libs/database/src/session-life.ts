/** A request that made no durable step for so long is dead, whatever its process thinks. */
export const BUSY_SECONDS = 600;

/** How long an upload session lives after its last request, in seconds. */
export const sessionLife = (grace: number): number => Math.max(grace, BUSY_SECONDS);
