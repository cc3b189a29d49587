export { describeObjectStore } from './contracts/object-store.contract.js';
