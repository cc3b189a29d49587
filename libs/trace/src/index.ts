export { currentTrace, runInTrace, traceFields, traceparent } from './trace.js';
