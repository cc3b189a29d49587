export { useCase } from './provide-use-cases.js';
export { LOG, SETTINGS } from './settings.js';
