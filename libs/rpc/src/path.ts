/** What a call is named on the wire, and in logs. */
export const pathOf = ({ service }: { service: string }, method: string): string => `/berth.${service}/${method}`;
