export { describeObjectStore } from './contracts/object-store.contract.js';
export { type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.js';
export { freePort } from './free-port.js';
export { type S3Server, startS3Server, takeS3Server, whyNoS3, whyNoS3Anywhere } from './s3-server.js';
