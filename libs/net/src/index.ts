export { createGuardedFetch, type GuardedFetch, OutboundRefused, type OutboundRules } from './guarded-fetch.js';
