export { currentTrace, runInTrace, traceparent } from './trace.js';
