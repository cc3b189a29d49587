export { readProof } from './proof.js';
export { remotePort } from './remote-port.js';
export { RpcClient } from './rpc-client.js';
export { RpcServer } from './rpc-server.js';
export { ServiceFault } from './service-fault.js';
