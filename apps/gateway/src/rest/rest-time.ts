/** A time as GitHub writes it: whole seconds, UTC. Clients fail on fractions. */
export const restTime = (time: Date): string => time.toISOString().replace(/\.[0-9]+Z$/, 'Z');
